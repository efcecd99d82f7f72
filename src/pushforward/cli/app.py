"""The command line: what stands here is typed by a person; the work is done further down.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from pushforward.cli import check, data, fit, info, lecture, report, rows, sample
from pushforward.errors import PushforwardError

app = typer.Typer(
    name="pushforward",
    help="Normalizing flows of your own tables: exact densities, samples and latents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("fit")(fit.fit)
app.command("score")(rows.score)
app.command("sample")(sample.sample)
app.command("encode")(rows.encode)
app.command("decode")(rows.decode)
app.command("report")(report.report)
app.command("check")(check.check)
app.command("info")(info.info)
app.command("lecture")(lecture.lecture)
app.add_typer(data.app, name="data")

INTERRUPTED = 130  # what shells expect of a program that Ctrl-C ended


def main() -> None:
    """Run the command line; a fault that a person can mend becomes one line and exit code 2."""
    try:
        app()
    except PushforwardError as error:
        sys.exit(complain(str(error)))
    except KeyboardInterrupt:
        complain("stopped.")
        sys.exit(INTERRUPTED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.exit(complain(f"{where}{error.strerror or error}."))


def complain(message: str) -> int:
    """Print one line on standard error, with nothing in it that a terminal would obey; gives 2."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
    print(f"pushforward: {shown}", file=sys.stderr)  # noqa: T201
    return 2
