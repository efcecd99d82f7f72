"""Run the campaigns, and write the page.

Usage: python -m faults [--only A,B] [--page]

With --page nothing is run. Whoever asks for a campaign again replaces its record.
"""

from __future__ import annotations

import argparse
import time

from benchmarks import results
from benchmarks.machine import describe
from benchmarks.words import names, say
from faults import page
from faults.plan import CAMPAIGNS, PAGE, PATH, campaign


def main() -> None:
    """Read the arguments, run, and write after each campaign."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--only", default=",".join(CAMPAIGNS), help="names, with commas between")
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    found = results.load(PATH) if PATH.exists() else {}
    for name in () if given.page else names(given.only, CAMPAIGNS, "campaign"):
        started = time.monotonic()
        say(f"{name} …")
        lines = campaign(name).run()
        found[name] = {
            "lines": [line._asdict() for line in lines],
            "minutes": (time.monotonic() - started) / 60,
            "machine": describe(libraries=("torch", "pushforward")),
        }
        results.store(found, PATH)
        for line in lines:
            say(f"  {line.what}: {line.figure}")
    page.write(found, PAGE)
    say(f"Wrote {PAGE}.")


if __name__ == "__main__":
    main()
