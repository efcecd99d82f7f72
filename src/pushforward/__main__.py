"""`python -m pushforward`: the same as the command."""

from pushforward.cli import main

main()
