"""Is this flow right? The generic tests of the package, on anybody's own model."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pushforward.diagnostics import bridge, check_columns, properties, quadrature, sampling
from pushforward.diagnostics.report import CheckReport, Finding
from pushforward.diagnostics.subject import Subject, choose, rows
from pushforward.errors import ConfigurationError
from pushforward.flow import Flow

FAR = 1e4  # in units of each coordinate's spread: how far outside gradients must stay finite
DRAWS = 20_000  # samples for the estimate above two features
HIGH = 64  # features beyond which no proposal overlaps with a density
FACTORS = 256  # features beyond which the factors of a base are too many to integrate
DECISIVE = 0.05  # a total probability known no better than this decides nothing


def check(flow: Flow, data: Any = None, context: Any = None, seed: int = 0) -> CheckReport:
    """Measure every property that a flow owes its user, on this flow with these parameters.

    Log-determinants against automatic differentiation, round trips, gradients, the independence
    of rows, the rounding of scores, the total probability, and the samples of the flow and of its
    base against their densities (each of these two fails one right flow in ten thousand): the
    same measures, by the same code, as the package's own tests of every transform. A copy is
    measured: the flow itself, its parameters, mode and the random state are left as they are.

    A flow of typed columns, which is no map of real numbers to differentiate, is asked instead
    whether each column's probabilities add up to one given those before it, whether draws and
    latents follow them (two tests again), whether latents lead back, and what becomes of missing
    cells; how far the score depends on the order of the columns is told, and not judged.

    Args:
        flow: in float32 or float64, on any device.
        data: rows (n, *event) to measure at, a tensor or array; the flow's own samples where None.
        context: one context per row (n, c), or a single one (c,), for a flow that takes one. The
            total probability is that of the first row's context.
        seed: of the choice of rows and of all draws.

    Returns:
        A report that prints as a table, with `.passed`, `.verdict` and `.to_dict()`.

    Raises:
        ShapeError: data or context that do not fit the flow.
        ConfigurationError: a flow in another precision, or whose latents have another size than
            its data, as an autoencoder's; or data without a row.
        ModelError: a flow of typed columns with further layers.

    Example:
        >>> from pushforward.flows import realnvp
        >>> report = check(realnvp(2, layers=2, hidden=(8,)))
        >>> report.passed, report.verdict
        (True, 'This flow is right: each of its 12 properties holds.')
    """
    if flow.base.event_shape.numel() != flow.event_shape.numel():
        raise ConfigurationError(
            f"check takes flows whose latents are as large as their data, but here latents have "
            f"shape {tuple(flow.base.event_shape)} and data {tuple(flow.event_shape)}. What an "
            "autoencoder says is measured by pushforward.vae.bdmc_gap."
        )
    own = copy.deepcopy(flow).eval()
    like = next((t for t in (*own.parameters(), *own.buffers()) if t.is_floating_point()), None)
    like = torch.zeros(()) if like is None else like.detach()
    if like.dtype not in properties.ALONE_BAR:
        raise ConfigurationError(f"check takes flows in float32 or float64, not in {like.dtype}.")
    devices = [like.device] if like.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        subject = choose(own, rows(data, like), rows(context, like))
        findings = tuple(_findings(subject, seed))
    return CheckReport(
        findings, flow.kind, str(like.dtype).removeprefix("torch."), len(subject.x), seed
    )


def _findings(subject: Subject, seed: int) -> Iterator[Finding]:
    yield Finding.within("rows without a finite score", subject.unscored, 0, "exact", "rows")
    if subject.flow.takes_missing:
        yield _gradients(subject, "at the rows", subject.x)
        yield _alone(subject)
        yield from check_columns.findings(subject)
        return
    yield from _log_dets(subject)
    yield from _round_trips(subject)
    far = subject.x + FAR * torch.randn_like(subject.x).sign() * subject.unit
    yield _gradients(subject, "at the rows", subject.x)
    yield _gradients(subject, "far outside", far)
    yield _alone(subject)
    if subject.x.dtype != torch.float64:
        yield _precision(subject)
    yield _base_samples(subject)
    if subject.flow.event_shape.numel() > HIGH:
        yield _base_total(subject)
    yield from _whole(subject, seed)


def _log_dets(subject: Subject) -> Iterator[Finding]:
    wide = subject.double()
    transform, x, context = wide.in_units()
    ways = {
        "data to latent": (transform.inverse, x),
        "latent to data": (transform.forward, wide.z),
    }
    for way, (function, value) in ways.items():
        error = properties.log_det_error(function, value, context).max().item()
        yield Finding.within(
            f"log-det against autodiff, {way}",
            error,
            properties.LOG_DET_BAR,
            transform.kind,
            "nats",
        )


def _round_trips(subject: Subject) -> Iterator[Finding]:
    transform, x, context = subject.in_units()
    forward, inverse = transform.forward, transform.inverse
    ways = {"from data": (inverse, forward, x), "from latents": (forward, inverse, subject.z)}
    scale = properties.own_scale(transform)
    for way, (there, back, value) in ways.items():
        error = properties.round_trip(there, back, value, context, scale).max().item()
        yield Finding.within(
            f"round trip {way}", error, properties.ROUND_TRIP_BAR, transform.kind, "roundings"
        )


def _gradients(subject: Subject, place: str, points: Tensor) -> Finding:
    flow = subject.flow
    bad = properties.score_gradients(flow.log_prob, points, subject.context, flow.parameters())
    return Finding.within(f"gradients not finite {place}", bad, 0, "exact", "entries")


def _alone(subject: Subject) -> Finding:
    error = properties.alone_error(subject.flow.log_prob, subject.x, subject.context)
    bar = properties.ALONE_BAR[subject.x.dtype]
    name = "a row alone and in a batch"
    return Finding.within(name, error.max().item(), bar, "exact", "of 1 + |log p|")


def _precision(subject: Subject) -> Finding:
    exact = subject.double().flow.log_prob
    error = properties.precision_error(subject.flow.log_prob, exact, subject.x, subject.context)
    bar = properties.PRECISION_BAR
    name = "score in float32 and in float64"
    return Finding.within(name, error.max().item(), bar, "exact", "of 1 + |log p|")


def _base(subject: Subject) -> tuple[quadrature.Density, Tensor]:
    """The density of the base in float64, given the first row's context, and samples of it."""
    wide = subject.double()
    flow, d = wide.flow, wide.z[0].numel()
    context = None if wide.context is None else wide.context[0]
    if flow.embed is not None and context is not None:
        context = flow.embed(context)

    def log_density(points: Tensor) -> Tensor:
        rows = None if context is None else context.expand(len(points), -1)
        return flow.base.log_prob(points.reshape(-1, *flow.base.event_shape), rows)

    at_once = min(max(2**24 // d**2, 16), DRAWS)  # some bases make a matrix for each sample
    starts = range(0, min(DRAWS, 2**20 // d), at_once)
    drawn = [flow.base.sample((at_once,), context).flatten(1) for _ in starts]
    return log_density, torch.cat(drawn)


@torch.no_grad()
def _base_samples(subject: Subject) -> Finding:
    log_density, samples = _base(subject)
    pvalue = sampling.step_pvalue(log_density, samples)
    return Finding.of_samples("samples of the base against its density", pvalue, len(samples))


@torch.no_grad()
def _base_total(subject: Subject) -> Finding:
    name = "total probability of the base"
    found = None
    if subject.z[0].numel() <= FACTORS:
        support = subject.flow.base.support
        found = quadrature.by_factors(*_base(subject), support.low, support.high)
    if found is None:
        note = f"no product of at most {FACTORS} factors"
        return Finding(name, float("nan"), float("nan"), None, "numerical", note=note)
    off, bar = abs(found.value - 1), quadrature.INTEGRAL_BAR + found.error
    passed = False if off >= bar else True if bar < DECISIVE else None
    note = f"one factor per coordinate, {found.evaluations:,} points"
    return Finding(name, off, bar, passed, "numerical", "off 1", note)


@torch.no_grad()
def _whole(subject: Subject, seed: int) -> Iterator[Finding]:
    """The flow's samples against its density, and its total probability."""
    flow = subject.flow
    d = flow.event_shape.numel()
    names = "samples against density", "total probability"
    context = None if subject.context is None else subject.context[0]

    def log_density(points: Tensor) -> Tensor:
        return flow.log_prob(points.reshape(-1, *flow.event_shape), context)

    if d <= 2:
        total, found = _by_quadrature(names[1], flow, log_density, context)
        fresh = flow.sample((DRAWS,), context).flatten(1)
        known = found.error < quadrature.INTEGRAL_BAR  # each cell's mass
        pvalue = (
            sampling.cell_pvalue(found, fresh)
            if known
            else sampling.step_pvalue(log_density, fresh)
        )
        yield Finding.of_samples(names[0], pvalue, DRAWS)
        yield total
        return
    count = DRAWS if d <= HIGH else max(3000, min(DRAWS, 2**18 // d))
    samples = flow.sample((count,), context).flatten(1)
    few = samples[: count // 4] if d <= HIGH else samples
    yield Finding.of_samples(names[0], sampling.step_pvalue(log_density, few), len(few))
    if d > HIGH:
        note = f"no estimate reaches {d} features"
        yield Finding(names[1], float("nan"), float("nan"), None, "estimate", note=note)
    else:
        yield _judge_estimate(names[1], bridge.bridge(log_density, samples, seed=seed))


def _by_quadrature(
    name: str, flow: Flow, log_density: quadrature.Density, context: Tensor | None
) -> tuple[Finding, quadrature.Integral]:
    """With more cells where the first look does not convince: thin tails hide between nodes."""
    low, high = flow.support.low, flow.support.high
    for cells in (1024, 4096):
        # Thirty-two samples per cell: their range holds more than 0.9999 of the probability.
        samples = flow.sample((32 * cells,), context).flatten(1)
        found = quadrature.integrate(log_density, samples, low, high, cells=cells)
        finding = _judge_integral(name, found)
        if finding.passed:
            break
    return finding, found


def _judge_integral(name: str, found: quadrature.Integral) -> Finding:
    off, bar = abs(found.value - 1), quadrature.INTEGRAL_BAR
    unsure = found.error >= bar and off < bar + found.error
    note = f"quadrature error below {found.error:.1g}, {found.evaluations:,} points"
    return Finding(name, off, bar, None if unsure else off < bar, "numerical", "off 1", note)


def _judge_estimate(name: str, found: bridge.Estimate) -> Finding:
    off, bar = abs(found.value - 1), 4 * found.standard_error
    unsure = found.standard_error > DECISIVE
    note = f"4 standard errors; {found.draws:,} draws worth {found.ess:,.0f}"
    return Finding(name, off, bar, None if unsure else off <= bar, "estimate", "off 1", note)
