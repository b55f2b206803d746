"""Rules written out as Python: what is computed once, what is never written, and that the numbers stay the same."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import DOMAINS, special, whole

from tinygrad_edu import Value, ops
from tinygrad_edu.compiling import METHODS, is_reserved
from tinygrad_edu.methods import written
from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS, define, evaluate, evaluator, floats, specialize

FIXED = {"leaky_relu": (0.1,), "clip": (-1.0, 1.0), "power_by": (3.0,)}
SPECIALISED = sorted(method for method, operation in ops.RULE_BOOK.items() if not callable(operation.derivatives))


def test_specialized_code_shares_what_occurs_twice():
    shared, output, locals_ = specialize(ops.silu)
    assert shared == ["shared0 = sigmoid(a)"]
    assert output.startswith("((a * shared0) if (a > -700.0) else ")
    assert "sigmoid" not in output + locals_[0]


def test_what_only_one_branch_needs_is_computed_in_that_branch():
    shared, _, (slope,) = specialize(ops.tanh)
    assert shared == []
    assert slope.startswith("((1.0 - (y * y)) if ((y * y) < 0.9998) else ")


@pytest.mark.parametrize("method", SPECIALISED)
def test_specialized_code_never_divides_bare(method):
    shared, output, locals_ = specialize(ops.RULE_BOOK[method])
    assert not any(sign in text for text in (*shared, output, *locals_) for sign in ("/", "**", "%"))


@pytest.mark.parametrize("method", SPECIALISED)
def test_plain_rules_on_floats_give_what_the_compiled_ones_give(method):
    """`floats` is a number system like any other: a rule run on it directly must not differ from its compilation.

    A rule may divide with a bare `/`, at which Python's floats raise where the compiled rule does not.
    """
    operation = ops.bind(ops.RULE_BOOK[method], *FIXED.get(method, ()))
    for inputs in special(method):
        try:
            y = operation.compute(floats, *inputs)
            plain = y, operation.local_derivatives(floats, y, *inputs)
        except (ZeroDivisionError, OverflowError):
            continue
        if not any(isinstance(number, complex) for number in (y, *plain[1])):
            assert repr(evaluate(operation, *inputs)) == repr(plain), inputs


@pytest.mark.parametrize("name", sorted(METHODS))
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 10)
def test_a_compiled_method_makes_the_node_that_the_written_one_makes(name, data):
    operation = METHODS[name]
    inputs, fixed = data.draw(whole(operation.method))
    leaves = [Value(number) for number in inputs]
    ours, theirs = getattr(leaves[0], name)(*leaves[1:], *fixed), written(operation)(*leaves, *fixed)
    assert repr((ours.data, ours.local_derivatives)) == repr((theirs.data, theirs.local_derivatives))
    assert ours.op is theirs.op
    assert ours.inputs == theirs.inputs


@pytest.mark.parametrize("method", sorted(DOMAINS))
def test_every_local_derivative_is_a_float(method):
    fixed = FIXED.get(method, ())
    for inputs in special(method)[::7]:
        y, local_derivatives = evaluator(ops.RULE_BOOK[method])(*inputs, *fixed)
        assert {type(number) for number in (y, *local_derivatives)} == {float}


def test_infinity_and_nan_can_be_written_in_a_rule():
    assert define("def f(a):\n    return a < inf and nan != nan", dict(FLOAT_FUNCTIONS))["f"](1.0)
    assert {"inf", "nan", "exp", "a", "y"} <= set(
        filter(is_reserved, ("inf", "nan", "exp", "a", "y", "negative_slope"))
    )
    assert not is_reserved("negative_slope")


def test_define_runs_only_its_own_text_in_its_own_scope():
    assert define("def f(a):\n    return sigmoid(a)", {})["f"](0.0) == 0.5


def test_the_processors_flags_are_left_clean():
    """A rule that meets infinity inside np.exp(array_of_values) must not make NumPy warn of it."""
    with np.errstate(all="raise"):
        np.exp(np.array([Value(1000.0), Value(math.nan), Value(-math.inf)], dtype=object))
        np.sqrt(np.array([Value(-1.0), Value(0.0)], dtype=object))


def test_compiled_methods_are_documented_and_named():
    assert Value.tanh.__name__ == "tanh"
    assert Value.tanh.__qualname__ == "Value.tanh"
    assert Value.tanh.__doc__ == "(eᵃ - e⁻ᵃ) / (eᵃ + e⁻ᵃ)."
    assert list(inspect.signature(Value.maximum).parameters) == ["self", "other"]
