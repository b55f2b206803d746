"""Programs in single precision: the numbers of double precision to five digits, in half the memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, Value, choose, dot, fsum, logsumexp, ops, record, where
from tinygrad_edu.modes import noise
from tinygrad_edu.notebooks.programs import program_html
from tinygrad_edu.optim import Adam
from tinygrad_edu.replay import Programs
from tinygrad_edu.replay.shares import InShares

WEIGHTS = [Value(number) for number in np.random.default_rng(0).uniform(0.2, 1.0, size=12)]


def classifier(x: Any, y: Any) -> Value:
    logits = [dot(WEIGHTS[k : k + 3], x, WEIGHTS[k + 3]).tanh() for k in (0, 4, 8)]
    return logsumexp(logits) - choose(y, logits)


def many_functions(x: Any, y: Any) -> Value:
    a, b, c = (w * v for w, v in zip(WEIGHTS, x, strict=False))
    return fsum(
        [
            *[a.sigmoid(), b.relu(), c.gelu(), a.silu(), b.softplus(), c.erf(), a.hypot(b), b.arctan2(c), a.exp()],
            *[(a * a + 1.0).log(), (b * b + 0.5) ** 0.5, (c * c + 0.5) ** a, where(a > b, a * 2.0, b), a.maximum(b)],
            *[b.clip(-0.5, 0.5), Value.apply(ops.norm, [a, b, c]), fsum([a, b, c]) * 3.0, a / (b * b + 1.0)],
            *[(c * 40.0).tanh(), y * a, a.floor() * b],
        ]
    )


def data(batch: int) -> tuple[Any, Any]:
    generator = np.random.default_rng(batch)
    return generator.normal(size=(batch, 3)), generator.integers(0, 3, size=batch)


@pytest.mark.parametrize("batch", [0, 1, 2, 7, 600])
@pytest.mark.parametrize("function", [classifier, many_functions])
def test_values_and_gradients_are_those_of_double_precision(function: Callable[..., Value], batch: int) -> None:
    double = record(function, (3, ()), WEIGHTS)
    single = record(function, (3, ()), WEIGHTS, dtype="float32")
    x, y = data(batch)
    for given in ((x, y), (x.astype(np.float32), y.astype(np.int8))):
        values = single(*given)
        mean, gradient = single.value_and_grad(*given)
        assert (values.dtype, gradient.dtype, mean.dtype) == (np.float32,) * 3
        np.testing.assert_allclose(values, double(*given), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(mean, double.value_and_grad(*given)[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(gradient, double.value_and_grad(*given)[1], rtol=1e-5, atol=1e-5)


def test_every_array_inside_is_of_single_precision() -> None:
    """One of doubles among the operands, and NumPy would compute in these."""
    program = record(many_functions, (3, ()), WEIGHTS, dtype=np.float32)
    program.value_and_grad(*data(5))
    bound = next(iter(program._bound.values()))
    assert {array.dtype for array in bound._arrays.values()} <= {np.dtype(np.float32), np.dtype(bool), np.dtype(int)}
    operands = [a for call in bound.everything for a in getattr(call, "args", ()) if isinstance(a, np.ndarray)]
    assert len(operands) > 50
    assert np.float64 not in {array.dtype.type for array in operands}


def test_a_large_batch_is_that_of_double_precision() -> None:
    double = record(classifier, (3, ()), WEIGHTS)
    single = record(classifier, (3, ()), WEIGHTS, dtype="float32")
    x, y = data(20_000)
    np.testing.assert_allclose(single.value_and_grad(x, y)[1], double.value_and_grad(x, y)[1], rtol=1e-5, atol=1e-5)
    bound = next(iter(single._bound.values()))
    assert isinstance(bound, InShares)
    assert bound.values.dtype == np.float32


def test_the_arrays_take_half_the_memory() -> None:
    model = MLP(40, [30, 1], "tanh", seed=0)
    x = np.zeros((500, 40))
    sizes = []
    for dtype in ("float64", "float32"):
        program = record(lambda x: model(x)[0], (40,), model.parameters(), dtype=dtype)
        tracemalloc.start()
        program.value_and_grad(x)
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert 0.4 < sizes[1] / sizes[0] < 0.6


def test_what_single_precision_cannot_hold_is_inf_as_ieee_has_it() -> None:
    program = record(lambda x: [x * 1e300, x * 1e-300, (x * 50.0).exp()], ((),), [], dtype="float32")
    np.testing.assert_array_equal(program(np.array([2.0])), [[np.inf, 0.0, np.inf]])


def test_the_listing_says_so() -> None:
    double = record(classifier, (3, ()), WEIGHTS)
    single = record(classifier, (3, ()), WEIGHTS, dtype="float32")
    assert str(single).splitlines()[1] == single.by_line_text == "every number in single precision, float32"
    assert str(single).splitlines()[2:] == [
        line for line in str(double).splitlines()[1:] if line != double.by_line_text
    ]
    assert single.by_line_text in program_html(single)
    assert (single.is_single, double.is_single) == (True, False)


def test_random_numbers_are_drawn_as_in_double_precision() -> None:
    w = Value(2.0)
    generators = [np.random.default_rng(3), np.random.default_rng(3)]
    programs = [
        record(lambda x, g=g: w * x + noise(g.random), ((),), [w], dtype=dtype)
        for g, dtype in zip(generators, ("float64", "float32"), strict=True)
    ]
    for g in generators:
        g.bit_generator.state = np.random.default_rng(9).bit_generator.state
    double, single = (program(np.ones(5)) for program in programs)
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_programs_share_a_theta_of_single_precision() -> None:
    theta = np.array([w.data for w in WEIGHTS], dtype=np.float32)
    first = record(classifier, (3, ()), WEIGHTS, theta=theta, dtype="float32")
    second = record(many_functions, (3, ()), WEIGHTS, theta=theta, dtype="float32")
    theta[...] = 0.0
    assert first.theta is second.theta is theta
    np.testing.assert_allclose(first(*data(2)), np.log(3.0), rtol=1e-6)
    programs = Programs(lambda x: WEIGHTS[0] * fsum(x), WEIGHTS, dtype="float32")
    assert programs(np.ones((1, 2))).dtype == programs(np.ones((2, 5))).dtype == programs.theta.dtype == np.float32


def test_training_in_single_precision_goes_where_double_precision_goes() -> None:
    """And `write_parameters` gives the numbers back to the `Value`s."""
    model = MLP(2, [8, 1], "tanh", seed=0)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(50, 2))
    y = np.sin(x[:, 0]) + x[:, 1]
    ends = []
    for dtype in ("float64", "float32"):
        program = record(lambda x, y: (model(x)[0] - y) ** 2, (2, ()), model.parameters(), dtype=dtype)
        optimizer, gradient = Adam(model.parameters(), lr=0.02), np.empty_like(program.theta)
        for _ in range(100):
            mean, _ = program.value_and_grad(x, y, out=gradient)
            program.theta = optimizer.update(program.theta, gradient)
        ends.append(float(mean))
        assert program.theta.dtype == dtype
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-3)
    program.write_parameters()
    assert [p.data for p in model.parameters()] == program.theta.tolist()


@pytest.mark.parametrize("dtype", ["float16", "int64", "single precision", None, np.complex64])
def test_other_kinds_of_numbers_are_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match='dtype is "float64", or "float32"'):
        record(classifier, (3, ()), WEIGHTS, dtype=dtype)


def test_theta_is_of_the_same_kind() -> None:
    for theta, dtype in ((np.zeros(12), "float32"), (np.zeros(12, dtype=np.float32), "float64")):
        with pytest.raises(TypeError, match=f"theta is an array of {dtype}"):
            record(classifier, (3, ()), WEIGHTS, theta=theta, dtype=dtype)


def test_of_machine_code_single_precision_has_the_loops_alone() -> None:
    native = record(classifier, (3, ()), WEIGHTS, native=True, dtype="float32")
    assert (native.machine, native.by_line, native.tangles) == (None, 0, {})
    assert str(native).splitlines()[1] == "every number in single precision, float32"
    assert str(native).splitlines()[2].endswith(f"machine code, compiled in {native.loops[None].seconds:.2f} s")
    x, y = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32), np.array([0, 1, 2, 1, 0]) % 3
    single = record(classifier, (3, ()), WEIGHTS, dtype="float32")
    for ours, theirs in zip(native.value_and_grad(x, y), single.value_and_grad(x, y), strict=True):
        np.testing.assert_array_equal(ours, theirs)
