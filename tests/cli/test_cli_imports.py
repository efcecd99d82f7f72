"""What is imported when: the command answers at once, and a room's needs load at its door."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "pyarrow", "sklearn", "scipy", "matplotlib", "pandas", "safetensors", "pydantic"}


def imported(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after the code."""
    probe = "\nimport sys; print('loaded', *{m.split('.')[0] for m in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code + probe], capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("call", ["['--help']", "['fit', '--help']", "['bogus']"])
def test_help_needs_nothing_heavy(call):
    loaded = imported(f"from pushforward.cli.app import run; run({call})")
    assert not loaded & (HEAVY - {"pydantic"})  # typer reads its options with pydantic
    assert "numpy" not in loaded


def test_the_package_alone_is_empty():
    assert not imported("import pushforward") & (HEAVY | {"numpy", "typer", "rich"})


def test_the_library_needs_torch_and_little_more():
    loaded = imported("import pushforward as pf; pf.fit, pf.load, pf.save, pf.flows.nsf(2)")
    assert "torch" in loaded
    assert not loaded & {"pandas", "matplotlib", "sklearn", "pyarrow", "typer"}


def test_images_need_numpy_and_their_decoder_later():
    loaded = imported("from pushforward.images import read_images")
    assert "numpy" in loaded
    assert not loaded & (HEAVY | {"PIL", "typer"})


def test_fit_alone_needs_no_files_of_models():
    loaded = imported("import pushforward; pushforward.fit")
    assert not loaded & {"pandas", "matplotlib", "sklearn", "pyarrow", "typer", "rich", "pydantic"}
