"""The rule book: every operation against mpmath, central differences and NumPy, over its whole domain."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles import EXACT, IN_NUMPY, central_difference, exact, exact_derivative, in_numpy
from strategies import DOMAINS, LARGEST, SPECIAL, TINY, calm, special, whole

from tinygrad_edu import ops
from tinygrad_edu.number_systems import arrays, evaluate
from tinygrad_edu.value import Value

METHODS = sorted(ops.RULE_BOOK)
SOME = settings(max_examples=settings.default.max_examples // 6)


def bound(method, fixed):
    return ops.bind(ops.RULE_BOOK[method], *fixed)


def assert_close(ours, true, rtol, atol):
    """Whether a float is the exact number, rounded; beyond the largest float, infinity is right."""
    assert not math.isnan(ours), f"nan instead of {mp.nstr(true)}"
    if math.isinf(ours):
        assert mp.sign(true) == math.copysign(1.0, ours)
        assert mp.fabs(true) > LARGEST * (1 - rtol)
    else:
        assert mp.fabs(mpf(ours) - true) <= rtol * mp.fabs(true) + atol, (ours, mp.nstr(true, 20))


def size_of(method, numbers):
    """The size of the largest intermediate result of a sum, by which its rounding error is measured."""
    if method in ("add", "subtract", "fsum"):
        return sum(map(abs, numbers))
    if method == "dot":
        count = len(numbers) // 2
        return sum(abs(w * x) for w, x in zip(numbers[:count], numbers[count:-1], strict=True)) + abs(numbers[-1])
    if method == "logsumexp":
        return 1.0 + abs(max(numbers))
    return 0.0


@pytest.mark.parametrize("table", [DOMAINS, EXACT, IN_NUMPY], ids=["domains", "exact", "numpy"])
def test_no_operation_is_missing_from_the_tests(table):
    assert sorted(table) == METHODS


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@SOME
def test_outputs_are_exact_everywhere(method, data):
    inputs, fixed = data.draw(whole(method))
    y, _ = evaluate(bound(method, fixed), *inputs)
    assert_close(y, exact(method, [*inputs, *fixed]), 5e-13, 4 * TINY + 4e-16 * size_of(method, inputs))


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@SOME
def test_local_derivatives_are_exact_everywhere(method, data):
    inputs, fixed = data.draw(whole(method))
    assume(not DOMAINS[method].kink(*inputs, *fixed))
    y, local_derivatives = evaluate(bound(method, fixed), *inputs)
    assume(math.isfinite(y))
    assert len(local_derivatives) == len(inputs)
    for position, local in enumerate(local_derivatives):
        if position < DOMAINS[method].discrete:
            assert local == 0.0
            continue
        true = exact_derivative(method, [*inputs, *fixed], position)
        # A slope computed from the output inherits its error, which is absolute where the output is subnormal.
        inherited = mp.fabs(true / y) * TINY if y else 0
        lost = 4e-16 * size_of(method, inputs) if method == "logsumexp" else DOMAINS[method].lost
        assert_close(local, true, 2e-12, lost + 4 * (TINY + inherited))


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@SOME
def test_local_derivatives_are_the_slopes_of_the_outputs(method, data):
    inputs, fixed = data.draw(calm(method))
    near = list(itertools.product((0.0, 1e-4, -1e-4), repeat=min(len(inputs), 3)))
    assume(not any(kinks_between(method, inputs, fixed, delta) for delta in near))
    operation = bound(method, fixed)
    local_derivatives = evaluate(operation, *inputs)[1]
    for position, local in enumerate(local_derivatives):
        if position < DOMAINS[method].discrete:
            assert local == 0.0
            continue
        slope = central_difference(lambda *numbers: evaluate(operation, *numbers)[0], inputs, position)
        assert local == pytest.approx(slope, rel=1e-5, abs=1e-6)


def kinks_between(method, inputs, fixed, delta):
    """Whether a kink lies within a small step of the inputs: on which side of it they are would change."""
    moved = [number + step for number, step in zip(inputs, [*delta, *[0.0] * len(inputs)], strict=False)]
    return DOMAINS[method].kink(*[round(number, 3) for number in moved], *[round(number, 3) for number in fixed])


def same(ours, numpys):
    return ours == numpys or (math.isnan(ours) and math.isnan(numpys)) or ours == pytest.approx(numpys, rel=1e-14)


#: Here pow, in C and so in Python, differs from NumPy's, which takes exponent ½ to mean the square root.
QUIRKS = {(float("-inf"), 0.5), (-0.0, 0.5)}
FIXED = {"leaky_relu": [(0.01,)], "clip": [(-1.0, 2.0)], "power_by": [(e,) for e in (*SPECIAL, 1 / 3, 3.0, -2.0)]}


@pytest.mark.parametrize("method", METHODS)
def test_special_values_give_what_numpy_gives(method):
    for fixed, inputs in itertools.product(FIXED.get(method, [()]), special(method)):
        if (*inputs, *fixed) in QUIRKS:
            continue
        y, local_derivatives = evaluate(bound(method, fixed), *inputs)
        assert same(y, in_numpy(method, [*inputs, *fixed])), (inputs, fixed)
        assert all(type(number) is float for number in (y, *local_derivatives))


@pytest.mark.parametrize("method", METHODS)
def test_special_values_are_the_same_in_arrays(method):
    """Eager and replay must agree at the edges, in the derivatives too."""
    for fixed in FIXED.get(method, [()]):
        inputs = [numbers for numbers in special(method) if (*numbers, *fixed) not in QUIRKS]
        columns = [np.array(column) for column in zip(*inputs, strict=True)]
        operation = bound(method, fixed)
        expected = [evaluate(operation, *row) for row in inputs]
        with np.errstate(all="ignore"):
            y = operation.compute(arrays, *columns)
            local_derivatives = operation.local_derivatives(arrays, y, *columns)
        np.testing.assert_allclose(y, [value for value, _ in expected], rtol=1e-14, atol=1e-15)
        for position, local in enumerate(local_derivatives):
            ours = [slopes[position] for _, slopes in expected]
            np.testing.assert_allclose(np.broadcast_to(local, len(ours)), ours, rtol=1e-13, atol=TINY)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: Value(1.0) / 0.0, math.inf),
        (lambda: Value(-1.0) / 0.0, -math.inf),
        (lambda: 0.0 / Value(0.0), math.nan),
        (lambda: Value(0.0).log(), -math.inf),
        (lambda: Value(-1.0).log(), math.nan),
        (lambda: Value(0.0) ** -1, math.inf),
        (lambda: Value(-0.0) ** -1, -math.inf),
        (lambda: Value(1000.0).exp(), math.inf),
        (lambda: Value(-8.0) ** (1 / 3), math.nan),
        (lambda: Value(-8.0) ** Value(1 / 3), math.nan),
        (lambda: 2.0 ** Value(5000.0), math.inf),
        (lambda: Value(1e200) * 1e200, math.inf),
    ],
)
def test_arithmetic_that_python_refuses_follows_ieee(f, expected):
    result = f()
    assert result.data == expected or (math.isnan(result.data) and math.isnan(expected))
    result.backward()  # and no rule raises


def test_a_whole_exponent_of_a_negative_number_has_a_slope():
    x = Value(-2.0)
    (x**3).backward()
    assert x.grad == 12.0
    y, (by_base, by_exponent) = evaluate(ops.power, -2.0, 3.0)
    assert (y, by_base) == (-8.0, 12.0)
    assert math.isnan(by_exponent)


@pytest.mark.parametrize(
    ("method", "inputs", "slopes"),
    [
        ("relu", (0.0,), (0.0,)),
        ("absolute", (0.0,), (0.0,)),
        ("maximum", (2.0, 2.0), (0.5, 0.5)),
        ("minimum", (2.0, 2.0), (0.5, 0.5)),
        ("leaky_relu", (0.0,), (0.01,)),
        ("step", (0.0,), (0.0,)),
        ("sign", (0.0,), (0.0,)),
        ("power", (0.0, 0.0), (0.0, -math.inf)),
        ("power", (0.0, 2.0), (0.0, 0.0)),
        ("power", (0.0, 0.5), (math.inf, 0.0)),
        ("power", (0.0, -1.0), (-math.inf, -math.inf)),
        ("power", (3.0, 0.0), (0.0, math.log(3.0))),
    ],
)
def test_slopes_at_kinks_are_the_documented_ones(method, inputs, slopes):
    assert evaluate(bound(method, FIXED.get(method, [()])[0]), *inputs)[1] == slopes


@pytest.mark.parametrize(
    ("operation", "a", "y", "slope"),
    [
        (ops.bind(ops.power_by, 0.0), 0.0, 1.0, 0.0),
        (ops.bind(ops.power_by, 1.0), 3.0, 3.0, 1.0),
        (ops.bind(ops.power_by, -1.0), 2.0, 0.5, -0.25),
        (ops.bind(ops.power_by, 2.0), 3.0, 9.0, 6.0),
        (ops.bind(ops.clip, -1.0, 2.0), -1.0, -1.0, 1.0),
        (ops.bind(ops.clip, -1.0, 2.0), 2.0, 2.0, 1.0),
        (ops.bind(ops.clip, -1.0, 2.0), 2.5, 2.0, 0.0),
        (ops.bind(ops.clip, -1.0, 2.0), -1.5, -1.0, 0.0),
        (ops.bind(ops.leaky_relu, 0.1), -0.5, -0.05, 0.1),
        (ops.bind(ops.leaky_relu, 0.1), 0.5, 0.5, 1.0),
        (ops.elu, -0.5, math.expm1(-0.5), math.exp(-0.5)),
        (ops.elu, 0.5, 0.5, 1.0),
        (ops.step, -0.5, 0.0, 0.0),
        (ops.step, 0.5, 1.0, 0.0),
    ],
)
def test_pieces_meet_where_they_should(operation, a, y, slope):
    assert evaluate(operation, a) == (y, (slope,))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copy", "pickle"])
@pytest.mark.parametrize("operation", [ops.tanh, ops.bind(ops.leaky_relu, 0.3)], ids=repr)
def test_operations_survive_copying_as_themselves(copied, operation):
    assert copied(operation) is operation


def test_an_operation_cannot_be_declared_twice():
    with pytest.raises(ValueError, match="declared twice"):
        ops.op("tanh", lambda m, a: a, (lambda m, y, a: 1.0,), "a")


def test_a_declaration_cannot_be_changed():
    with pytest.raises(AttributeError):
        ops.tanh.name = "sinh"


def test_the_rule_book_imports_neither_math_nor_numpy():
    assert not {"math", "np", "numpy"} & set(vars(ops))


def test_what_an_operation_prints():
    assert repr(ops.multiply) == "Op('*')"
    assert repr(ops.clip) == "Op('clip')"
    assert repr(ops.bind(ops.clip, -1.0, 2.0)) == "Op('clip', low=-1, high=2)"
