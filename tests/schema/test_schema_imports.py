"""The room stands below tables and flows, and loads what it needs alone."""

import subprocess
import sys


def test_what_is_imported():
    probe = "import pushforward.schema.frames, sys; print(*sys.modules)"
    call = [sys.executable, "-c", probe]
    loaded = set(subprocess.run(call, capture_output=True, text=True, check=True).stdout.split())
    ours = {name.split(".")[1] for name in loaded if name.startswith("pushforward.")}
    assert ours <= {"schema", "errors", "files", "limits", "text"}
    assert not loaded & {"torch", "sklearn", "scipy", "pandas", "polars", "narwhals", "typer"}
