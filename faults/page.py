"""docs/reliability.md: every campaign's lines, from the JSON beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from faults.plan import CAMPAIGNS, campaign

HEAD = """# Reliability

What happens when processes are killed, disks refuse, files are damaged or hostile, and clients
misbehave. Each line was measured by `make test-faults`, which repeats all of it (hours; a part by
`python -m faults --only NAME`); the same functions run a handful of times in `make test`.
[SECURITY.md](../SECURITY.md) says what is promised, and what is not.
"""
KEPT = {True: "yes", False: "**no**", None: ""}


def write(found: dict[str, Any], path: Path) -> None:
    """The page for what was found, campaigns in the plan's order."""
    parts = [HEAD, *(section(name, found[name]) for name in CAMPAIGNS if name in found)]
    path.write_text("\n".join(parts), encoding="utf-8")


def section(name: str, record: dict[str, Any]) -> str:
    """A campaign's heading, its prose, its table, and when and where it was run."""
    module = campaign(name)
    rows = [
        (line["what"], line["figure"], line["promised"], KEPT[line["kept"]])
        for line in record["lines"]
    ]
    machine = record["machine"]
    return (
        f"## {module.TITLE}\n\n{module.LEAD.strip()}\n\n"
        f"{table(('what was done', 'came of it', 'promised', 'kept'), rows)}\n\n"
        f"`python -m faults --only {name}`, {record['minutes']:.1f} minutes on {machine['date']} "
        f"at {machine['commit']}; {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB.\n"
    )
