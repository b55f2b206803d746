"""What is made small, and how a model is asked for its outputs."""

import numpy as np
import pytest

from tinygrad_edu import Value, ValueArray
from tinygrad_edu.nn import MLP, BatchNorm, Layer, Sequential
from tinygrad_edu.training.objective import Objective, example_of, outputs_of, takes_batches, target_of


def numbers(outputs):
    return [[v.data for v in output] for output in outputs]


def test_a_model_of_examples_is_called_once_for_each():
    model = MLP(2, [3], seed=0)
    assert numbers(outputs_of(model, [[1.0, 2.0], [3.0, 4.0]])) == numbers([model([1.0, 2.0]), model([3.0, 4.0])])


def test_a_model_of_batches_is_called_once_for_all():
    model = Sequential(Layer(2, 2, "linear", seed=0), BatchNorm(2))
    outputs = outputs_of(model, [[1.0, 2.0], [3.0, 5.0]])
    # Of two numbers the one is as far above their mean as the other is below.
    assert numbers(outputs)[0] == pytest.approx([-v for v in numbers(outputs)[1]])
    assert takes_batches(model)
    assert not takes_batches(MLP(2, [3]))


def test_a_row_becomes_an_array_of_values_and_what_is_one_stays_itself():
    example, single, x = example_of(np.array([[1.0, 2.0]])), example_of(np.float64(3.0)), Value(1.0)
    assert (type(example), example.shape, example.data.tolist()) == (ValueArray, (1, 2), [[1.0, 2.0]])
    assert (type(single), single.data) == (Value, 3.0)
    assert example_of(x) is target_of(x) is x
    assert example_of(example) is target_of(example) is example


def test_targets_stay_plain_numbers():
    assert type(target_of(np.float64(3.0))) is float
    assert target_of(np.array([0.0, 1.0])).dtype == float


def test_there_need_be_no_penalty():
    model = MLP(1, [1], seed=0)
    objective = Objective(model, lambda outputs, target: outputs[0] - target, model.parameters())
    assert objective.penalty is None
    assert isinstance(objective.loss(model([1.0]), 0.5), Value)
