"""Which clusters and categories of the rows have hardly a sample?"""

from __future__ import annotations

import numpy as np

from pushforward.diagnostics.case import ALPHA
from pushforward.diagnostics.evidence import Evidence
from pushforward.diagnostics.levels import LevelShare
from pushforward.diagnostics.likelihood import Reference
from pushforward.diagnostics.regions import Partition, Region

ABSENT = 0.15  # samples for each row, in a region that is called dropped
LEAST_MODE = 0.005  # share of the rows in such a region
VALLEY = 1.0  # nats that a path from there to the nearest part kept must descend


def dropped_regions(
    partition: Partition, evidence: Evidence, reference: Reference | None, joint: np.ndarray
) -> tuple[Region, ...]:
    """The regions that are modes of the rows and hardly hold a sample.

    A region is a mode, not the end of a tail, where the density of a mixture fitted to the training
    rows has a peak of its own: on the straight way from its densest row to the densest row of the
    rest it falls by at least a nat below both.

    Args:
        joint: real rows, columns and context, (n, d + c); of typed columns the numbers alone.
    """
    if evidence.adjusted > ALPHA or reference is None:
        return ()
    cells = len(partition.regions)
    missing = [
        region
        for region in partition.regions
        if region.p * cells <= ALPHA
        and region.real >= LEAST_MODE
        and region.sampled <= ABSENT * region.real
    ]
    kept = ~np.isin(partition.real, [region.number for region in missing])
    if not missing or not kept.any():
        return ()
    height = reference.log_joint(joint)
    centre = joint[kept][height[kept].argmax()]
    found = []
    for region in missing:
        own = partition.real == region.number
        peak = joint[own][height[own].argmax()]
        path = peak + np.linspace(0, 1, 65)[:, None] * (centre - peak)
        along = reference.log_joint(path)
        if min(along[0], along[-1]) - along.min() >= VALLEY:
            found.append(region)
    return tuple(found)


def dropped_levels(
    found: tuple[LevelShare, ...], evidence: Evidence | None
) -> tuple[LevelShare, ...]:
    """The categories that rows have and samples hardly, most of the rows first."""
    if evidence is None or evidence.adjusted > ALPHA:
        return ()
    missing = [
        level
        for level in found
        if level.p * len(found) <= ALPHA
        and level.real >= LEAST_MODE
        and level.sampled <= ABSENT * level.real
    ]
    return tuple(sorted(missing, key=lambda level: -level.real))
