"""The command line: what stands here is typed by a person; the work is done further down.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import io
import shlex
import sys

import typer

from pushforward.cli import (
    bench,
    check,
    compare,
    data,
    fit,
    impute,
    info,
    interpolate,
    lecture,
    report,
    rows,
    sample,
    say,
    schema,
)
from pushforward.errors import AlreadyTold, PushforwardError
from pushforward.files import abandon

app = typer.Typer(
    name="pushforward",
    help="Normalizing flows of your own tables and images: densities, samples and latents.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("fit")(fit.fit)
app.command("score")(rows.score)
app.command("sample")(sample.sample)
app.command("interpolate")(interpolate.interpolate)
app.command("compare")(compare.compare)
app.command("impute")(impute.impute)
app.command("encode")(rows.encode)
app.command("decode")(rows.decode)
app.command("report")(report.report)
app.command("check")(check.check)
app.command("info")(info.info)
app.command("schema")(schema.schema)
app.command("lecture")(lecture.lecture)
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")

FAULT, INTERRUPTED = 2, 130  # the latter is what shells expect of a program that Ctrl-C ended


def main() -> None:
    """Run the command line and exit: 0, or 2 after one line about what a person can mend."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal has no letters for
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:] or ["--help"]))


def run(arguments: list[str]) -> int:
    """The exit code of a command, once it has been carried out."""
    try:
        typed = shlex.join(["pushforward", *arguments])  # which a model's folder remembers
        code = app(arguments, prog_name="pushforward", standalone_mode=False, obj=typed) or 0
        sys.stdout.flush()
    except AlreadyTold:
        return FAULT
    except (PushforwardError, typer.TyperException) as error:
        say.fault(message(error))
        return FAULT
    except BrokenPipeError:  # as in `| head`: nobody is left to be told
        abandon(sys.stdout)
        return 1
    except OSError as error:
        abandon(sys.stdout)
        where = error.filename or "standard output"
        say.fault(f"{where}: {error.strerror or error}.")
        return FAULT
    if code == INTERRUPTED:
        say.fault("stopped.")
    return int(code)


def message(error: Exception) -> str:
    """What to say of an error: of a call that typer could not read, also where help is."""
    if not isinstance(error, typer.TyperException):
        return str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "pushforward"
    return f"{error.format_message().rstrip('.')}; see {command} --help."
