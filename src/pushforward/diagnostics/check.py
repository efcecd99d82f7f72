"""Is this flow right? The generic tests of the package, on anybody's own model."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward.diagnostics import bridge, properties, quadrature, sampling
from pushforward.diagnostics.report import CheckReport, Finding
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow
from pushforward.transforms import Affine, Compose

FAR = 1e4  # in units of each coordinate's spread: how far outside gradients must stay finite
DRAWS = 20_000  # samples for the estimate above two features
HIGH = 64  # features beyond which no proposal overlaps with a density
FACTORS = 256  # features beyond which the factors of a base are too many to integrate
FALSE_ALARM = 1e-4  # of each test of samples: how often it fails a flow that is right
DECISIVE = 0.05  # a total probability known no better than this decides nothing


def check(flow: Flow, data: Any = None, context: Any = None, seed: int = 0) -> CheckReport:
    """Measure every property that a flow owes its user, on this flow with these parameters.

    Log-determinants against automatic differentiation, round trips, gradients, the independence
    of rows, the rounding of scores, the total probability, and the samples of the flow and of its
    base against their densities (each of these two fails one right flow in ten thousand): the
    same measures, by the same code, as the package's own tests of every transform. A copy is
    measured: the flow itself, its parameters, mode and the random state are left as they are.

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
        ConfigurationError: a flow in another precision or of typed columns, or data without a row.

    Example:
        >>> from pushforward.flows import realnvp
        >>> report = check(realnvp(2, layers=2, hidden=(8,)))
        >>> report.passed, report.verdict
        (True, 'This flow is right: each of its 12 properties holds.')
    """
    if flow.takes_missing:
        raise ConfigurationError(
            "check differentiates maps of real numbers, and a flow of typed columns is none; give "
            "its rows to diagnose (the command report) instead."
        )
    own = copy.deepcopy(flow).eval()
    like = next((t for t in (*own.parameters(), *own.buffers()) if t.is_floating_point()), None)
    like = torch.zeros(()) if like is None else like.detach()
    if like.dtype not in properties.ALONE_BAR:
        raise ConfigurationError(f"check takes flows in float32 or float64, not in {like.dtype}.")
    devices = [like.device] if like.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        subject = _subject(own, _rows(data, like), _rows(context, like))
        findings = tuple(_findings(subject, seed))
    return CheckReport(
        findings, flow.kind, str(like.dtype).removeprefix("torch."), len(subject.x), seed
    )


def _rows(value: Any, like: Tensor) -> Tensor | None:
    return None if value is None else torch.as_tensor(value).to(like)


@dataclass(frozen=True)
class _Subject:
    """A flow and the points at which it is measured: x, z and context row by row."""

    flow: Flow
    x: Tensor
    z: Tensor
    context: Tensor | None
    unit: Tensor  # the spread of each coordinate of x, as a power of two
    unscored: int  # rows given whose log p is not finite

    def double(self) -> _Subject:
        """The same in float64."""
        context = None if self.context is None else self.context.double()
        flow = copy.deepcopy(self.flow).double()
        return _Subject(flow, self.x.double(), self.z.double(), context, self.unit.double(), 0)

    def in_units(self) -> tuple[Compose, Tensor, Tensor | None]:
        """The transform with x in units of its spread, that x, and the embedded context.

        Powers of two round nothing, and columns of every size then weigh the same. The parameters
        are frozen: only derivatives by the points are asked for.
        """
        embed, context = self.flow.embed, self.context
        if embed is not None and context is not None:
            context = embed(context).detach()
        layers = copy.deepcopy(list(self.flow.transform))
        transform = Compose([*layers, Affine(0.0, 1 / self.unit)]).requires_grad_(False)
        return transform, self.x / self.unit, context


@torch.no_grad()
def _subject(flow: Flow, data: Tensor | None, context: Tensor | None) -> _Subject:
    """Choose the rows: of the data, or else of the flow's own samples."""
    size = flow.event_shape.numel()
    count = min(max(1024 // size, 8), 128)
    if data is not None and not len(data):
        raise ConfigurationError("check needs at least one row of data, but was given none.")
    if context is not None and context.ndim == 1:
        context = context.expand(count if data is None else len(data), -1)
    if data is not None and context is not None and len(data) != len(context):
        raise ShapeError(f"check was given {len(data)} rows of data and {len(context)} contexts.")
    if data is not None:
        flow.log_prob(data[:1], None if context is None else context[:1])  # refuses a wrong shape
        chosen = torch.randperm(len(data))[:count].to(data.device)
        context = None if context is None else context[chosen]
        x = data[chosen]
    else:
        if context is not None:
            context = context[torch.arange(count, device=context.device) % len(context)]
        x = flow.sample(() if context is not None else (count,), context)
    good = flow.log_prob(x, context).isfinite()
    unscored = int((~good).sum())
    if bool(good.any()):
        x, context = x[good], None if context is None else context[good]
    z = flow.base.sample((len(x),))
    return _Subject(flow, x, z, context, _spread(x), unscored)


def _spread(x: Tensor) -> Tensor:
    """The power of two nearest to each coordinate's deviation; 1 for one that does not vary."""
    deviation = x.double().std(0, correction=0)
    exact = torch.where(deviation > 0, deviation, 1.0).log2().round().exp2()
    return exact.to(x)


def _findings(subject: _Subject, seed: int) -> Iterator[Finding]:
    yield Finding.within("rows without a finite score", subject.unscored, 0, "exact", "rows")
    yield from _log_dets(subject)
    yield from _round_trips(subject)
    yield from _gradients(subject)
    yield _alone(subject)
    if subject.x.dtype != torch.float64:
        yield _precision(subject)
    yield _base_samples(subject)
    if subject.flow.event_shape.numel() > HIGH:
        yield _base_total(subject)
    yield from _whole(subject, seed)


def _log_dets(subject: _Subject) -> Iterator[Finding]:
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


def _round_trips(subject: _Subject) -> Iterator[Finding]:
    transform, x, context = subject.in_units()
    forward, inverse = transform.forward, transform.inverse
    ways = {"from data": (inverse, forward, x), "from latents": (forward, inverse, subject.z)}
    scale = properties.own_scale(transform)
    for way, (there, back, value) in ways.items():
        error = properties.round_trip(there, back, value, context, scale).max().item()
        yield Finding.within(
            f"round trip {way}", error, properties.ROUND_TRIP_BAR, transform.kind, "roundings"
        )


def _gradients(subject: _Subject) -> Iterator[Finding]:
    flow, x = subject.flow, subject.x
    sign = torch.randn_like(x).sign()
    for place, points in (("at the rows", x), ("far outside", x + FAR * sign * subject.unit)):
        bad = properties.score_gradients(flow.log_prob, points, subject.context, flow.parameters())
        yield Finding.within(f"gradients not finite {place}", bad, 0, "exact", "entries")


def _alone(subject: _Subject) -> Finding:
    error = properties.alone_error(subject.flow.log_prob, subject.x, subject.context)
    bar = properties.ALONE_BAR[subject.x.dtype]
    name = "a row alone and in a batch"
    return Finding.within(name, error.max().item(), bar, "exact", "of 1 + |log p|")


def _precision(subject: _Subject) -> Finding:
    exact = subject.double().flow.log_prob
    error = properties.precision_error(subject.flow.log_prob, exact, subject.x, subject.context)
    bar = properties.PRECISION_BAR
    name = "score in float32 and in float64"
    return Finding.within(name, error.max().item(), bar, "exact", "of 1 + |log p|")


def _base(subject: _Subject) -> tuple[quadrature.Density, Tensor]:
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
def _base_samples(subject: _Subject) -> Finding:
    log_density, samples = _base(subject)
    pvalue = sampling.step_pvalue(log_density, samples)
    return _judge_samples("samples of the base against its density", pvalue, len(samples))


@torch.no_grad()
def _base_total(subject: _Subject) -> Finding:
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
def _whole(subject: _Subject, seed: int) -> Iterator[Finding]:
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
        yield _judge_samples(names[0], pvalue, DRAWS)
        yield total
        return
    count = DRAWS if d <= HIGH else max(3000, min(DRAWS, 2**18 // d))
    samples = flow.sample((count,), context).flatten(1)
    few = samples[: count // 4] if d <= HIGH else samples
    yield _judge_samples(names[0], sampling.step_pvalue(log_density, few), len(few))
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


def _judge_samples(name: str, pvalue: float, draws: int) -> Finding:
    """By -log10 of the p-value; a NaN fails."""
    surprise = -math.log10(pvalue) if pvalue > 0 else math.inf
    surprise = abs(surprise) if pvalue == pvalue else math.nan
    bar = -math.log10(FALSE_ALARM)
    note = f"{draws:,} samples; false alarm {FALSE_ALARM:.0e}"
    return Finding.within(name, surprise, bar, "estimate", "-log10 p", note)


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
