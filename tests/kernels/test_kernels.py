"""The compiled maps against the plain formulas: values, gradients, layouts, surroundings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pushforward import kernels
from pushforward.errors import ShapeError
from pushforward.kernels import Fused, affine, rational_quadratic

MAPS = {
    "spline of 8 bins": rational_quadratic(8, 5.0),
    "spline of 1 bin": rational_quadratic(1, 2.0),
    "spline of 64 bins": rational_quadratic(64, 3.0),
    "affine": affine(5.0),
}
EVERY = pytest.mark.parametrize("fused", MAPS.values(), ids=MAPS.keys())
WAYS = pytest.mark.parametrize("inverse", [False, True], ids=["forward", "inverse"])
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
ROUNDINGS = 1000  # a value may differ by so many, relative to the largest of its kind

pytestmark = pytest.mark.skipif(
    kernels.library() is None, reason="installed without a C++ compiler"
)


def beside(value: Tensor, params: Tensor, n: int) -> Tensor:
    """Parameters of one number side by side, as a linear layer gives them."""
    return params


def apart(value: Tensor, params: Tensor, n: int) -> Tensor:
    """Numbers of one parameter side by side, as the conditioners here give them."""
    return params.movedim(0, -1).contiguous().movedim(-1, 0)


def shared(value: Tensor, params: Tensor, n: int) -> Tensor:
    """One set of parameters for all rows."""
    return params[:1]


def draw(fused: Fused, dtype: torch.dtype, *shape: int, size: float = 1.0) -> tuple[Tensor, Tensor]:
    """Numbers within and beyond every bound, and parameters of some size."""
    generator = torch.Generator().manual_seed(0)
    value = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    params = size * torch.randn(*shape, fused.n_params, generator=generator, dtype=torch.float64)
    return value.to(dtype), params.to(dtype)


def gradients(
    function: Callable[[Tensor, Tensor, bool], tuple[Tensor, Tensor]],
    value: Tensor,
    params: Tensor,
    inverse: bool,
) -> tuple[Tensor, ...]:
    value, params = value.detach().requires_grad_(), params.detach().requires_grad_()
    result, log_det = function(value, params, inverse)
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(2, *result.shape, generator=generator, dtype=torch.float64).to(value)
    total = (result * weights[0] + log_det * weights[1]).sum()
    return (result, log_det, *torch.autograd.grad(total, (value, params)))


def assert_as_the_plain(fused: Fused, value: Tensor, params: Tensor, inverse: bool) -> None:
    """To some roundings of the largest; and no further from float64 than the formula itself is."""
    given = gradients(fused, value, params, inverse)
    plain = gradients(fused.plain, value, params, inverse)
    true = gradients(fused.plain, value.double(), params.double(), inverse)
    for name, a, b, c in zip(
        ("value", "log_det", "by value", "by params"), given, plain, true, strict=True
    ):
        assert a.shape == b.shape, name
        assert a.dtype == value.dtype
        scale = c.abs().max().item() + 1 if c.numel() else 1
        own = (a.double() - c).abs().max().item() if c.numel() else 0
        formula = (b.double() - c).abs().max().item() if c.numel() else 0
        # Rounded knots, as many as there are bins, over a bin's width, which falls as they rise
        fine = max(fused.constants.bins / 8, 1) ** 2
        bar = ROUNDINGS * fine * torch.finfo(value.dtype).eps * scale
        assert own <= max(bar, 4 * formula), (name, own, formula, bar)


@EVERY
@WAYS
@PRECISIONS
@pytest.mark.parametrize("layout", [beside, apart, shared])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (37, 5), (64, 2)])
def test_values_and_gradients_are_those_of_the_formula(
    fused: Fused,
    inverse: bool,
    dtype: torch.dtype,
    layout: Callable[[Tensor, Tensor, int], Tensor],
    shape: tuple[int, ...],
) -> None:
    value, params = draw(fused, dtype, *shape)
    if layout is shared and not len(value):
        params = draw(fused, dtype, 1, *shape[1:])[1]
    assert_as_the_plain(fused, value, layout(value, params, fused.n_params), inverse)


@EVERY
@WAYS
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_any_batch_shape(fused: Fused, inverse: bool, shape: tuple[int, ...]) -> None:
    assert_as_the_plain(fused, *draw(fused, torch.float64, *shape), inverse)


@EVERY
@WAYS
def test_many_rows_are_shared_among_threads_without_a_trace(fused: Fused, inverse: bool) -> None:
    value, params = draw(fused, torch.float32, 1003, 7)
    whole = gradients(fused, value, params, inverse)
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            again = gradients(fused, value, params, inverse)
            assert all(torch.equal(a, b) for a, b in zip(whole, again, strict=True))
    finally:
        torch.set_num_threads(before)
    for i in (0, 15, 16, 1002):  # alone or in company, first or last of a block
        alone = fused(value[i], params[i], inverse)
        assert torch.equal(alone[0], whole[0][i])
        assert torch.equal(alone[1], whole[1][i])


@EVERY
@WAYS
def test_strides_of_every_kind(fused: Fused, inverse: bool) -> None:
    value, params = draw(fused, torch.float64, 40, 6)
    expected = fused(value, params, inverse)
    for given in (
        (value.t().contiguous().t(), params),
        (value.repeat_interleave(2, 1)[:, ::2], params.repeat_interleave(2, 2)[..., ::2]),
        (value.flip(0).flip(0), params.transpose(0, 1).contiguous().transpose(0, 1)),
    ):
        for a, b in zip(fused(*given, inverse), expected, strict=True):
            assert torch.equal(a, b)
    cotangent = torch.ones((), dtype=torch.float64).expand(40, 6)  # of stride nothing
    leaf = params.clone().requires_grad_()
    (by_stride,) = torch.autograd.grad(fused(value, leaf, inverse)[1], leaf, cotangent)
    (by_whole,) = torch.autograd.grad(fused(value, leaf, inverse)[1], leaf, cotangent.contiguous())
    assert torch.equal(by_stride, by_whole)


@EVERY
@WAYS
def test_extremes_are_finite_and_nan_stays_nan(fused: Fused, inverse: bool) -> None:
    _, params = draw(fused, torch.float32, 1, 8)
    value = torch.tensor([[1e30, -1e30, 5.0, -5.0, 0.0, 1e4, -1e4, float("nan")]])
    result, log_det, by_value, by_params = gradients(fused, value, params, inverse)
    assert result[0, -1].isnan()
    assert all(t[0, :-1].isfinite().all() for t in (result, log_det, by_value, by_params))
    spoilt = params.clone()
    spoilt[0, 4] = float("nan")
    result, _ = fused(torch.zeros_like(value), spoilt, inverse)
    assert result[0, 4].isnan()
    assert result[0, :4].isfinite().all()


@EVERY
@WAYS
@pytest.mark.parametrize("off", [-1, 1, 100_000])
def test_another_number_of_parameters_is_refused(fused: Fused, inverse: bool, off: int) -> None:
    params = torch.zeros(5, fused.n_params + off)
    for way in (kernels.plain, nullcontext):
        with way(), pytest.raises(ShapeError, match=f"{fused.n_params} parameters"):
            fused(torch.zeros(5), params, inverse)


@EVERY
@WAYS
def test_gradcheck_and_second_derivatives(fused: Fused, inverse: bool) -> None:
    if fused.n_params > 30:
        pytest.skip("as the smaller ones, and long")
    value, params = (t.requires_grad_() for t in draw(fused, torch.float64, 3, 2, size=0.5))
    assert torch.autograd.gradcheck(lambda v, p: fused(v, p, inverse), (value, params))
    assert torch.autograd.gradgradcheck(lambda v, p: fused(v, p, inverse), (value, params))


@EVERY
@WAYS
def test_transforms_of_functions_see_the_formula(fused: Fused, inverse: bool) -> None:
    value, params = draw(fused, torch.float64, 4, size=0.5)
    jacobian = torch.func.jacrev(lambda v: fused(v, params, inverse)[0])(value)
    _, log_det = fused(value, params, inverse)
    torch.testing.assert_close(jacobian.diagonal().log(), log_det)
    each = torch.func.vmap(lambda v, p: fused(v, p, inverse))(value, params)
    torch.testing.assert_close(each[0], fused(value, params, inverse)[0])


@WAYS
@PRECISIONS
def test_operators_for_the_compiler_do_what_they_declare(inverse: bool, dtype: torch.dtype) -> None:
    """Shapes, strides and gradients of the registered operator, by torch's own checks."""
    from pushforward.kernels.operators import apply_map

    for fused in MAPS.values():
        c = fused.constants
        numbers = [c.bound, c.least_share, c.least_slope, c.unit_slope]
        for shape in ((5,), (6, 3), (2, 3, 4)):
            value, params = (t.requires_grad_() for t in draw(fused, dtype, *shape))
            arguments = (value, params, fused.name, c.bins, numbers, inverse)
            torch.library.opcheck(apply_map, arguments)


def test_where_the_library_is_missing_the_formula_is_used_and_said_once(tmp_path: Path) -> None:
    """In a copy of the sources without the compiled file."""
    package = Path(kernels.__file__).parents[1]
    leave_out = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(package, tmp_path / "pushforward", ignore=leave_out)
    code = (
        "import warnings, torch\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    import pushforward as pf\n"
        "    flow = pf.flows.nsf(3, layers=2)\n"
        "    a = flow.log_prob(torch.zeros(5, 3)); b = flow.sample((4,))\n"
        "print(pf.__file__, [w.category.__name__ for w in said], a.isfinite().all().item())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "PYTHONPATH": str(tmp_path)},
    )
    assert ran.stdout.startswith(str(tmp_path))
    assert ran.stdout.strip().endswith("['SlowWarning'] True")


def test_the_environment_can_forbid_the_compiled_maps() -> None:
    code = "import torch; from pushforward import kernels; print(kernels.usable(torch.ones(2)))"
    for value, expected in (("plain", "False"), ("", "True")):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "", kernels.SWITCH: value},
        )
        assert ran.stdout.strip() == expected
