"""The rule book: every operation against mpmath, central differences and NumPy, over its whole domain."""

from __future__ import annotations

import copy
import itertools
import math
import operator
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles import (
    EXACT,
    IN_NUMPY,
    RATIONAL,
    central_difference,
    exact,
    exact_derivative,
    in_numpy,
    rounded_once,
)
from strategies import DOMAINS, LARGEST, SPECIAL, TINY, calm, special, whole

from tinygrad_edu import grad, hessian, logsumexp, ops, softmax
from tinygrad_edu.number_systems.arrays import arrays
from tinygrad_edu.number_systems.floats import evaluate
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
    if method in ("add", "subtract", "fsum", "mean"):
        return sum(map(abs, numbers))
    if method == "dot":
        count = len(numbers) // 2
        return sum(abs(w * x) for w, x in zip(numbers[:count], numbers[count:-1], strict=True)) + abs(numbers[-1])
    if method in ("logaddexp", "logsumexp"):
        return 1.0 + abs(max(numbers))
    return 0.0


def factor_of(method, numbers):
    """By what an operation multiplies a number that may be subnormal, and so its rounding error."""
    if method == "gelu":
        return min(abs(numbers[0]), 40.0)
    return abs(numbers[1]) if method in ("power", "power_by") else 0.0


@pytest.mark.parametrize("table", [DOMAINS, EXACT, IN_NUMPY], ids=["domains", "exact", "numpy"])
def test_no_operation_is_missing_from_the_tests(table):
    assert sorted(table) == METHODS


def assert_output_is_exact(method, inputs, fixed):
    numbers = [*inputs, *fixed]
    y, _ = evaluate(bound(method, fixed), *inputs)
    absolute = 4e-16 * size_of(method, inputs) + DOMAINS[method].flushed + TINY * (4 + factor_of(method, numbers))
    assert_close(y, exact(method, numbers), 5e-13, absolute)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@SOME
def test_outputs_are_exact_everywhere(method, data):
    assert_output_is_exact(method, *data.draw(whole(method)))


@pytest.mark.parametrize("method", sorted(set(RATIONAL) - {"floor_divide"}))
@given(data=st.data())
@SOME
def test_what_is_a_fraction_is_rounded_only_once(method, data):
    inputs, fixed = data.draw(whole(method))
    assert evaluate(bound(method, fixed), *inputs)[0] == rounded_once(method, [*inputs, *fixed])


@given(data=st.data())
def test_a_quotient_is_exact_while_floats_can_count(data):
    inputs, _ = data.draw(whole("floor_divide"))
    true, (y, _) = rounded_once("floor_divide", inputs), evaluate(ops.floor_divide, *inputs)
    assert y == true if abs(true) < 2**51 else y == pytest.approx(true, rel=5e-16)


@given(a=st.integers(-10000, 10000), b=st.integers(-40, 40).filter(bool), unit=st.sampled_from([1.0, 0.25, 2.0**-1060]))
def test_division_with_remainder_of_whole_numbers(a, b, unit):
    """Here the quotient is often whole, where it jumps."""
    inputs = a * unit, b * unit
    assert evaluate(ops.floor_divide, *inputs) == (a // b, (0.0, 0.0))
    assert evaluate(ops.remainder, *inputs) == (a % b * unit, (1.0, -(a // b)))


def assert_slopes_are_exact(method, inputs, fixed):
    numbers, domain = [*inputs, *fixed], DOMAINS[method]
    y, local_derivatives = evaluate(bound(method, fixed), *inputs)
    assert len(local_derivatives) == len(inputs)
    for position, local in enumerate(local_derivatives):
        if position < domain.discrete:
            assert local == 0.0
            continue
        true = exact_derivative(method, numbers, position)
        # A slope computed from the output inherits its error, which is absolute where the output is subnormal.
        inherited = mp.fabs(true / y) * TINY if y else 0
        lost = 4e-16 * size_of(method, inputs) if method == "logsumexp" else domain.lost
        absolute = lost + domain.flushed + TINY * (4 + factor_of(method, numbers)) + 4 * inherited
        assert_close(local, true, 2e-12, absolute)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@SOME
def test_local_derivatives_are_exact_everywhere(method, data):
    inputs, fixed = data.draw(whole(method))
    assume(not DOMAINS[method].kink(*inputs, *fixed))
    assume(math.isfinite(evaluate(bound(method, fixed), *inputs)[0]))
    assert_slopes_are_exact(method, inputs, fixed)


@pytest.mark.parametrize("method", METHODS)
def test_zeros_of_either_sign_are_exact_too(method):
    """Chance draws them seldom, and mpmath knows no -0: what an oracle says there must be said on purpose."""
    domain = DOMAINS[method]
    count = 3 if domain.variadic else len(domain.whole)
    fixed = FIXED.get(method, [()])[0]
    for inputs in itertools.product((0.0, -0.0, 1.0, -1.0), repeat=count):
        intervals = domain.whole * count if domain.variadic else domain.whole
        if method == "choose" and inputs[0] not in (0.0, 1.0):
            continue
        if not all(low <= number <= high for number, (low, high) in zip(inputs, intervals, strict=False)):
            continue
        if not domain.defined(*inputs):
            continue
        assert_output_is_exact(method, inputs, fixed)
        if not domain.kink(*inputs, *fixed):
            assert_slopes_are_exact(method, inputs, fixed)


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


def same(ours, numpys, size):
    absolute = 4 * TINY + (4e-16 * size if math.isfinite(size) else 0.0)
    return ours == pytest.approx(numpys, rel=1e-14, abs=absolute, nan_ok=True)


def same_sign(ours, numpys):
    return ours != 0.0 or math.copysign(1.0, ours) == math.copysign(1.0, numpys)


#: Where a zero may have either sign: which of 0 and -0 is NumPy's maximum depends on the processor, SciPy's
#: ln sigmoid(1000) is -0 and its limits are 0, and a sum that NumPy rounds to 0 may be none.
SIGNLESS = {"maximum", "minimum", "relu", "silu", "gelu", "log_sigmoid", "fsum", "mean"}


#: Here pow, in C and so in Python, differs from NumPy's, which takes exponent ½ to mean the square root.
QUIRKS = {(float("-inf"), 0.5), (-0.0, 0.5)}
FIXED = {"leaky_relu": [(0.01,)], "clip": [(-1.0, 2.0)], "power_by": [(e,) for e in (*SPECIAL, 1 / 3, 3.0, -2.0)]}


@pytest.mark.parametrize("method", METHODS)
def test_special_values_give_what_numpy_gives(method):
    for fixed, inputs in itertools.product(FIXED.get(method, [()]), special(method)):
        if (*inputs, *fixed) in QUIRKS:
            continue
        y, local_derivatives = evaluate(bound(method, fixed), *inputs)
        expected = in_numpy(method, [*inputs, *fixed])
        assert same(y, expected, size_of(method, inputs)), (inputs, fixed)
        assert same_sign(y, expected) or method in SIGNLESS, (inputs, fixed)
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
        atol = 1e-15 if method in ("fsum", "mean") else TINY  # arrays are added up one by one, and rounded each time
        np.testing.assert_allclose(y, [value for value, _ in expected], rtol=1e-14, atol=atol)
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
        ("floor", (2.0,), (0.0,)),
        ("ceil", (2.0,), (0.0,)),
        ("trunc", (-2.0,), (0.0,)),
        ("rint", (2.5,), (0.0,)),
        ("floor_divide", (6.0, 3.0), (0.0, 0.0)),
        ("remainder", (6.0, 3.0), (1.0, -2.0)),
        ("remainder", (-6.0, 3.0), (1.0, 2.0)),
        ("heaviside", (0.0, 0.5), (0.0, 1.0)),
        ("heaviside", (-0.0, 0.5), (0.0, 1.0)),
        ("heaviside", (1.0, 0.5), (0.0, 0.0)),
        ("hypot", (0.0, 0.0), (0.0, 0.0)),
        ("hypot", (-0.0, 0.0), (0.0, 0.0)),
        ("hypot", (0.0, -2.0), (0.0, -1.0)),
        ("arctan2", (0.0, 0.0), (0.0, 0.0)),
        ("arctan2", (-0.0, -0.0), (0.0, 0.0)),
        ("arctan2", (0.0, -2.0), (-0.5, 0.0)),  # on the cut: the slopes of either side
        ("power", (0.0, 0.0), (0.0, 0.0)),
        ("power", (-2.0, 0.0), (0.0, math.nan)),
        ("power", (math.nan, 0.0), (0.0, math.nan)),
        ("power", (0.0, 2.0), (0.0, 0.0)),
        ("power", (0.0, 0.5), (math.inf, 0.0)),
        ("power", (0.0, -1.0), (-math.inf, -math.inf)),
        ("power", (3.0, 0.0), (0.0, math.log(3.0))),
    ],
)
def test_slopes_at_kinks_are_the_documented_ones(method, inputs, slopes):
    assert evaluate(bound(method, FIXED.get(method, [()])[0]), *inputs)[1] == pytest.approx(
        slopes, rel=1e-15, abs=0, nan_ok=True
    )


@pytest.mark.parametrize(
    ("method", "inputs", "y", "slopes"),
    [
        ("sigmoid", (-math.inf,), 0.0, (0.0,)),
        ("sigmoid", (math.inf,), 1.0, (0.0,)),
        ("tanh", (-math.inf,), -1.0, (0.0,)),
        ("tanh", (math.inf,), 1.0, (0.0,)),
        ("log_sigmoid", (-math.inf,), -math.inf, (1.0,)),
        ("log_sigmoid", (math.inf,), 0.0, (0.0,)),
        ("softplus", (-math.inf,), 0.0, (0.0,)),
        ("softplus", (math.inf,), math.inf, (1.0,)),
        ("elu", (-math.inf,), -1.0, (0.0,)),
        ("elu", (math.inf,), math.inf, (1.0,)),
        ("silu", (-math.inf,), 0.0, (0.0,)),
        ("silu", (math.inf,), math.inf, (1.0,)),
        ("gelu", (-math.inf,), 0.0, (0.0,)),
        ("gelu", (math.inf,), math.inf, (1.0,)),
        ("arctan", (-math.inf,), -math.pi / 2, (0.0,)),
        ("logsumexp", (math.inf, 1.0), math.inf, (1.0, 0.0)),
        ("logsumexp", (math.inf, math.inf), math.inf, (0.5, 0.5)),
        ("logsumexp", (-math.inf, -math.inf), -math.inf, (0.5, 0.5)),
        ("logsumexp", (-math.inf, 1.0), 1.0, (0.0, 1.0)),
        ("logsumexp", (math.inf, -math.inf), math.inf, (1.0, 0.0)),
        ("logaddexp", (math.inf, 1.0), math.inf, (1.0, 0.0)),
        ("logaddexp", (math.inf, math.inf), math.inf, (0.5, 0.5)),
        ("logaddexp", (-math.inf, -math.inf), -math.inf, (0.5, 0.5)),
        ("logaddexp", (-math.inf, 1.0), 1.0, (0.0, 1.0)),
        ("logaddexp", (1e308, -1e308), 1e308, (1.0, 0.0)),
        ("hypot", (1.5e308, -1.5e308), math.inf, (math.sqrt(0.5), -math.sqrt(0.5))),
        ("hypot", (math.inf, 1.0), math.inf, (1.0, 0.0)),
        ("hypot", (2.0, -math.inf), math.inf, (0.0, -1.0)),
        ("hypot", (math.inf, math.inf), math.inf, (math.nan, math.nan)),  # every direction has another
        ("arctan2", (math.inf, 1.0), math.pi / 2, (0.0, 0.0)),
        ("arctan2", (-1.0, -math.inf), -math.pi, (0.0, 0.0)),
        ("arctan2", (math.inf, -math.inf), 3 * math.pi / 4, (0.0, 0.0)),
        ("remainder", (5.0, math.inf), 5.0, (1.0, 0.0)),
        ("remainder", (-5.0, math.inf), math.inf, (1.0, 1.0)),
        ("floor_divide", (-5.0, math.inf), -1.0, (0.0, 0.0)),
        ("power", (math.inf, -1.0), 0.0, (0.0, 0.0)),
        ("power", (0.5, math.inf), 0.0, (0.0, 0.0)),
        ("power", (2.0, -math.inf), 0.0, (0.0, 0.0)),
    ],
)
def test_limits_at_infinity(method, inputs, y, slopes):
    ours, local_derivatives = evaluate(ops.RULE_BOOK[method], *inputs)
    assert ours == pytest.approx(y, rel=1e-15)
    assert local_derivatives == pytest.approx(slopes, rel=1e-15, abs=0, nan_ok=True)
    leaves = [Value(number) for number in inputs]
    Value.apply(ops.RULE_BOOK[method], leaves).backward()
    assert [leaf.grad for leaf in leaves] == pytest.approx(slopes, rel=1e-15, abs=0, nan_ok=True)


def test_shares_of_infinite_logits():
    assert [p.data for p in softmax([Value(-math.inf), 1.0])] == [0.0, 1.0]
    a, b = Value(0.0), Value(-40.0)
    total = logsumexp([a, b])
    total.backward()
    assert total.data == 4.248354255291589e-18
    assert (a.grad, b.grad) == (1.0, 4.248354255291589e-18)


# Digits ---------------------------------------------------------------------------------------------------

SATURATED = [0.5, 2.6, 2.7, 3.9, 4.1, 4.5, 4.7, 10.0, 18.0, 20.0, 36.0, 37.42994775023705, 40.0, 340.0]


def curvature(f, number):
    """The second derivative, by the graph of the first."""
    x = Value(number)
    (slope,) = grad(f(x), [x], create_graph=True)
    return slope.data, grad(slope, [x])[0]


@pytest.mark.parametrize("method", ["sigmoid", "tanh", "softplus", "log_sigmoid", "silu", "gelu"])
@pytest.mark.parametrize("number", [sign * size for size in SATURATED for sign in (1.0, -1.0)])
def test_saturated_slopes_and_curvatures_keep_their_digits(method, number):
    with mp.workdps(400):
        slope, bend = (mp.diff(EXACT[method], mpf(number), order, h=mpf(10) ** -80) for order in (1, 2))
        ours = curvature(operator.methodcaller(method), number)
        for one, true in zip(ours, (slope, bend), strict=True):
            # The plain 1 - y² is used as long as it has 12 digits; beyond, and elsewhere, more are kept.
            rtol = 1e-12 if method == "tanh" else 1e-13
            assert_close(one, true, rtol, 4 * TINY if abs(number) > 4.0 else 1e-16)


def test_the_digits_that_others_lose():
    assert evaluate(ops.sigmoid, 37.42994775023705)[1][0] == pytest.approx(5.55111512e-17, rel=1e-8)
    assert evaluate(ops.tanh, 20.0)[1][0] == pytest.approx(1.69933417e-17, rel=1e-8)
    assert curvature(lambda x: x.softplus(), 37.0)[1] == pytest.approx(8.53304763e-17, rel=1e-8)


@pytest.mark.parametrize("method", ["sigmoid", "tanh", "softplus", "log_sigmoid", "silu", "gelu", "elu"])
@pytest.mark.parametrize("number", [-1e300, -1000.0, -800.0, -750.0, 750.0, 800.0, 1000.0, 1e300])
def test_far_out_nothing_bends(method, number):
    assert curvature(operator.methodcaller(method), number)[1] == pytest.approx(0.0, abs=1e-300)


@pytest.mark.parametrize("number", [-math.inf, math.inf])
@pytest.mark.parametrize("method", ["sigmoid", "tanh", "softplus", "log_sigmoid", "silu", "elu"])
def test_at_infinity_nothing_bends(method, number):
    assert curvature(operator.methodcaller(method), number)[1] == 0.0


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (Value.logaddexp, (1.5, 1.5), [[0.25, -0.25], [-0.25, 0.25]]),
        (Value.power, (2.0, 0.0), [[0.0, 0.5], [0.5, math.log(2.0) ** 2]]),
        (Value.power, (3.0, 1.0), [[0.0, 1.0 + math.log(3.0)], [1.0 + math.log(3.0), 3.0 * math.log(3.0) ** 2]]),
        (Value.hypot, (3.0, 4.0), [[16 / 125, -12 / 125], [-12 / 125, 9 / 125]]),
        (Value.hypot, (3e200, 4e200), [[1.28e-201, -9.6e-202], [-9.6e-202, 7.2e-202]]),
        (Value.hypot, (0.0, 0.0), [[0.0, 0.0], [0.0, 0.0]]),
        (Value.arctan2, (1.0, 2.0), [[-4 / 25, -3 / 25], [-3 / 25, 4 / 25]]),
        (Value.__mod__, (7.5, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_second_derivatives_of_two_inputs(f, at, expected):
    """Where a rule has two formulas of one number, both must bend alike."""
    np.testing.assert_allclose(hessian(f, at), expected, rtol=1e-12, atol=1e-15)


# Pieces ---------------------------------------------------------------------------------------------------


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
    with pytest.raises(ValueError, match="declared already"):
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
