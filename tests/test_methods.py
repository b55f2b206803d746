"""The methods of `Value`: one for each operation, the same whether compiled or applied."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import whole

from tinygrad_edu import (
    Value,
    ops,
)
from tinygrad_edu.compiling import METHODS


def test_every_operation_of_one_or_two_inputs_has_a_method():
    comparisons = {operation.method for operation in ops.TRUTHS}  # which are no nodes, but while recording
    with_methods = {operation.method for operation in METHODS.values()}
    of_few_inputs = {name for name, operation in ops.RULE_BOOK.items() if not callable(operation.derivatives)}
    assert with_methods == of_few_inputs - comparisons - {"where"}


def bits(node):
    return repr((node.data, node.local_derivatives, node.op, node.grad, node.label, node.source))


@pytest.mark.parametrize("name", sorted(METHODS))
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 5)
def test_generated_methods_do_what_apply_does_bit_for_bit(name, data):
    operation = METHODS[name]
    inputs, settings = data.draw(whole(operation.method))
    values = [Value(number) for number in inputs]
    attribute = {"clip": "_clip"}.get(name, name)
    made = getattr(values[0], attribute)(*values[1:], *settings)
    applied = Value.apply(ops.bind(operation, *settings) if settings else operation, values)
    assert bits(made) == bits(applied)
    assert made.op is applied.op
    assert made.inputs == applied.inputs
    assert all(one is other for one, other in zip(made.inputs, values, strict=True))
