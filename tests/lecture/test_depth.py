"""More planar maps come nearer: KL(q‖p) over M = 0, 1, 2, 10, and the table of the energies."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
import torch

from pushforward.errors import ConfigurationError
from pushforward.lecture import depth, table


def falling(values: dict[int, float]) -> bool:
    in_order = [values[m] for m in sorted(values)]
    return all(a > b for a, b in itertools.pairwise(in_order))


@pytest.mark.parametrize("base", depth.BASES)
def test_the_divergence_falls_with_every_map(base: str) -> None:
    fits = list(depth.study([base], seeds=[0], restarts=2, steps=150))
    values = depth.medians(fits)[base]
    assert falling(values), fits
    assert list(values) == [0, 1, 2, 10]


@pytest.mark.slow
@pytest.mark.parametrize("base", depth.BASES)
def test_the_medians_of_five_seeds_and_four_restarts_fall(base: str) -> None:
    fits = list(depth.study([base]))
    assert len(fits) == 1 + 3 * 5 * 4
    assert max(fit.error for fit in fits) < 5e-3
    assert falling(depth.medians(fits)[base]), fits


def test_an_untrained_flow_is_repeated_by_its_seed() -> None:
    z = torch.randn(4, 2)
    first, second = (depth.planar_flow("normal", 3, seed=1).transform[0].w for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(depth.planar_flow("normal", 0, seed=1).decode(z), z)


def test_the_table_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "made" / "table.csv"
    options = ["-o", str(path), "--targets", "u1", "--depths", "1", "--steps", "10"]
    table.main([*options, "--families", "planar", "radial"])
    table.main([*options, "--families", "planar", "nice"])
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["family"] for row in rows] == ["planar", "radial", "nice"]
    assert len(capsys.readouterr().out.splitlines()) == 3
    for row in rows:
        assert float(row["kl"]) > 0
        assert float(row["kl_error"]) < 0.01
        assert 0 < float(row["ess_fraction"]) <= 1
        assert row["seed"] == "0"
        assert "torch" in row["machine"]
        assert f"--families {row['family']}" in row["command"]


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'glow'"):
        table.fit_row("u1", "glow", 2)
