"""What takes from what, read from what was computed."""

import numpy as np

from tinygrad_edu import Layer, Module, Value
from tinygrad_edu.arrays import array
from tinygrad_edu.functions import softmax
from tinygrad_edu.nn import Dropout, Neuron
from tinygrad_edu.nn.flow import flow_through
from tinygrad_edu.nn.tracing import trace


def flow_of(function, **modules):
    """What takes from what in a module that computes `function`, as (source, target) by name."""

    class Whole(Module):
        def __init__(self):
            vars(self).update(modules)

        def __call__(self, x):
            return function(x)

    example = array(np.array([0.5, -1.0]))
    names = {id(module): name for name, module in modules.items()}
    flow = flow_through(trace(Whole(), example), lambda module: id(module) in names, example)

    def name(item):
        return "input" if item.module is None else item.operation or names[id(item.module)]

    found = [(name(source), name(item)) for item in flow.items for source in item.sources]
    return sorted(found + [(name(item), "out") for item in flow.outputs])


def layer(seed=0):
    return Layer(2, 2, seed=seed)


def test_a_residual_connection():
    a = layer()
    assert flow_of(lambda x: a(x) + x, a=a) == [("+", "out"), ("a", "+"), ("input", "+"), ("input", "a")]


def test_two_blocks_side_by_side():
    a, b = layer(), layer(1)
    assert flow_of(lambda x: a(x) * b(x), a=a, b=b) == [
        ("a", "×"), ("b", "×"), ("input", "a"), ("input", "b"), ("×", "out"),
    ]  # fmt: skip


def test_constants_and_parameters_of_the_module_around_are_no_sources():
    a, scale = layer(), Value(2.0)
    assert flow_of(lambda x: a(x) * scale, a=a) == [("a", "×"), ("input", "a"), ("×", "out")]


def test_a_sum_of_sums_is_one_sum():
    a, b, c = layer(), layer(1), layer(2)
    drawn = flow_of(lambda x: a(x) + b(x) + c(x), a=a, b=b, c=c)
    assert {source for source, target in drawn if target == "+"} == {"a", "b", "c"}
    assert ("+", "+") not in drawn


def test_softmax_is_one_joint():
    a = layer()
    assert flow_of(lambda x: array(softmax(a(x))), a=a) == [("a", "softmax"), ("input", "a"), ("softmax", "out")]


def test_what_passes_through_a_block_unchanged_comes_from_it():
    a, rest = layer(), Dropout(0.5)
    assert flow_of(lambda x: rest(a(x)), a=a, rest=rest) == [("a", "rest"), ("input", "a"), ("rest", "out")]


def test_a_tangle_between_blocks_is_left_out():
    a, b = layer(), layer(1)

    def tangle(x):
        y = a(x)
        for power in range(20):
            y = (y.sin() + power).exp().cos() - y * y
        return b(y)

    assert flow_of(tangle, a=a, b=b) == [("a", "b"), ("b", "out"), ("input", "a")]


def test_of_several_answers_the_first_is_the_output():
    a, b = Neuron(2, seed=0), Neuron(2, seed=1)
    assert ("b", "out") not in flow_of(lambda x: (a(x), b(x)), a=a, b=b)


def test_a_joint_says_which_parameters_it_takes():
    class Scaled(Module):
        def __init__(self):
            self.layer, self.scale = Layer(2, 2, seed=0), Value(2.0)
            self.shift = [Value(1.0), Value(2.0)]
            self.label_parameters()

        def __call__(self, inputs):
            return [a * self.scale + b for a, b in zip(self.layer(inputs), self.shift, strict=True)]

    model = Scaled()
    seen = trace(model, array([1.0, 2.0]))
    flow = flow_through(seen, lambda module: module is model.layer, array([1.0, 2.0]))
    assert [item.operation for item in flow.items] == ["", "", "× scale", "+ shift"]
