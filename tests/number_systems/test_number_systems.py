"""One rule book, read as floats, formulas, Values and arrays, with the same answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import calm

from tinygrad_edu import Value, ops
from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.number_systems.arrays import arrays
from tinygrad_edu.number_systems.floats import evaluate, floats
from tinygrad_edu.number_systems.printing import mathematics
from tinygrad_edu.number_systems.symbols import symbols
from tinygrad_edu.number_systems.values import values

METHODS = sorted(ops.RULE_BOOK)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 5)
def test_floats_values_and_arrays_agree(method, data):
    inputs, fixed = data.draw(calm(method))
    operation = ops.bind(ops.RULE_BOOK[method], *fixed)
    y, local_derivatives = evaluate(operation, *inputs)

    on_arrays = operation.compute(arrays, *[np.array([number]) for number in inputs])
    slopes = operation.local_derivatives(arrays, on_arrays, *[np.array([number]) for number in inputs])
    assert on_arrays[0] == pytest.approx(y, rel=1e-13, abs=1e-15)
    assert [float(np.ravel(s)[0]) for s in slopes] == pytest.approx(list(local_derivatives), rel=1e-12, abs=1e-14)

    nodes = [Value(number) for number in inputs]
    slopes = operation.local_derivatives(values, Value.apply(operation, nodes), *nodes)
    numbers = [slope.data if isinstance(slope, Value) else slope for slope in slopes]
    assert numbers == pytest.approx(list(local_derivatives), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 10)
def test_a_rule_may_use_any_operation_in_any_system(method, data):
    inputs, fixed = data.draw(calm(method))
    expected, _ = evaluate(ops.bind(ops.RULE_BOOK[method], *fixed), *inputs)
    assert called(floats, method, inputs, fixed) == expected
    (on_arrays,) = called(arrays, method, [np.array([number]) for number in inputs], fixed)
    assert on_arrays == pytest.approx(expected, rel=1e-13, abs=1e-15)
    leaves = [Value(number) for number in inputs]
    node = called(values, method, leaves, fixed)
    assert isinstance(called(symbols, method, [Symbol(f"x{k}") for k in range(len(inputs))], fixed), Symbol)
    if method != "where":  # which takes one of its inputs, and makes no node
        assert node.data == expected
        assert set(node.inputs) == set(leaves)


def called(m, method, inputs, fixed):
    """An operation, called as a rule would: those of many inputs get them as lists."""
    match method:
        case "fsum" | "norm" | "logsumexp":
            return getattr(m, method)(list(inputs))
        case "choose":
            return m.choose(inputs[0], list(inputs[1:]))
        case "dot":
            return m.dot(*ops.split_dot(tuple(inputs)))
    return getattr(m, method)(*inputs, *fixed)


def test_a_system_without_its_own_function_takes_the_rule_books():
    assert floats.sigmoid(0.0) == 0.5
    assert floats.sigmoid(-1000.0) == 0.0
    assert arrays.sigmoid(np.array([0.0, -1000.0])).tolist() == [0.5, 0.0]
    assert values.sigmoid(Value(0.0)).data == 0.5
    assert mathematics(symbols.sigmoid(Symbol("a"))) == "sigmoid(a)"
