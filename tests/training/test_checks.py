"""Each mistake in what `fit` is given: a sentence that names it, and nothing has changed."""

import math

import numpy as np
import pytest
from training.examples import XOR_X, XOR_Y, weights

from tinygrad_edu import Value
from tinygrad_edu.nn import MLP, BatchNorm, Layer, Module, Sequential
from tinygrad_edu.nn.losses import binary_cross_entropy, cross_entropy, hinge
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.training import EarlyStopping, fit

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("X", "y", "options", "error", "message"),
    [
        ([[1.0, 2.0]], [1.0, 2.0], {}, ValueError, "X has 1 rows and y has 2"),
        ([], [], {}, ValueError, "X holds no examples"),
        ([[1.0, 2.0], [1.0, NAN]], [0, 1], {}, ValueError, "X holds nan in row 1, column 1"),
        ([[1.0, 2.0], [-INF, 1.0]], [0, 1], {}, ValueError, "X holds -inf in row 1, column 0"),
        ([[1.0, 2.0]], [NAN], {}, ValueError, "y holds nan in row 0"),
        ([[1.0, 2.0], [1.0]], [0, 1], {}, TypeError, "X should be an array of numbers"),
        ([["a", "b"]], [0], {}, TypeError, "X should be an array of numbers"),
        ([[1.0, 2.0, 3.0]], [1.0], {}, ValueError, "takes one example of 2 inputs|takes 2 inputs, not 3"),
        (XOR_X, XOR_Y, {"batch_size": 5}, ValueError, "batch_size must be from 1 to the number of examples, 4, not 5"),
        (XOR_X, XOR_Y, {"batch_size": 0}, ValueError, "batch_size"),
        (XOR_X, XOR_Y, {"batch_size": 1.5}, ValueError, "batch_size should be a whole number"),
        (XOR_X, XOR_Y, {"epochs": 0}, ValueError, "epochs should be a whole number of at least 1, not 0"),
        (XOR_X, XOR_Y, {"seed": -1}, ValueError, "seed should be a whole number of at least 0"),
        (XOR_X, XOR_Y, {"callbacks": EarlyStopping()}, TypeError, "callbacks is a list"),
        (XOR_X, XOR_Y, {"loss": hinge}, ValueError, r"row 0 of y .* hinge needs targets of -1 and \+1"),
        (XOR_X, [0, 2, 1, 0], {"loss": binary_cross_entropy}, ValueError, r"row 1 of y .* from 0 to 1, not 2"),
        (XOR_X, np.zeros((4, 2)), {}, ValueError, "row 0 of y .* same shape"),
        (XOR_X, XOR_Y, {"validation": (XOR_X, [1.0])}, ValueError, "validation X has 4 rows and validation y has 1"),
        (XOR_X, XOR_Y, {"validation": ([[1.0]], [1.0])}, ValueError, "both need the same features"),
        (XOR_X, XOR_Y, {"validation": 0.2}, TypeError, "validation is a pair"),
        (XOR_X, XOR_Y, {"callbacks": [3]}, TypeError, "a callback is"),
        (XOR_X, XOR_Y, {"callbacks": [EarlyStopping]}, TypeError, r"write EarlyStopping\(\)"),
        (XOR_X, XOR_Y, {"clip_norm": -1.0}, ValueError, "clip_norm must be"),
        (XOR_X, XOR_Y, {"engine": "warp"}, ValueError, "engine is .* not 'warp'"),
        (XOR_X, XOR_Y, {"resume": True}, ValueError, "say which with checkpoint"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_nothing_changes(X, y, options, error, message):
    model = MLP(2, [1], seed=0)
    before = weights(model)
    optimizer = Adam(model.parameters())
    with pytest.raises(error, match=message):
        fit(model, X, y, optimizer=optimizer, **options)
    assert weights(model) == before
    assert optimizer.iteration == 0


def test_a_label_outside_the_classes_is_named():
    model = MLP(2, [3], seed=0)
    with pytest.raises(ValueError, match=r"the label 3 in row 1 of y .* no class from 0 to 2"):
        fit(model, [[0.0, 1.0], [1.0, 0.0]], [0, 3], cross_entropy)
    with pytest.raises(ValueError, match=r"the label 0.5 in row 0"):
        fit(model, [[0.0, 1.0], [1.0, 0.0]], [0.5, 1], cross_entropy)


def test_an_optimizer_of_another_model_is_refused():
    model, other = MLP(2, [1]), MLP(2, [1])
    with pytest.raises(ValueError, match="none of this model's parameters"):
        fit(model, XOR_X, XOR_Y, optimizer=SGD(other.parameters()))
    with pytest.raises(TypeError, match="fit trains a Module"):
        fit(lambda x: x, XOR_X, XOR_Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": Adam}, r"such as Adam\(model.parameters\(\), 0.01\)"),
        ({"loss": "cross_entropy"}, "loss is a function such as losses.cross_entropy, not 'cross_entropy'"),
        ({"loss": lambda outputs, target: [outputs[0] - target]}, "one Value for one example"),
        ({"schedule": lambda t: 0.1}, "schedule is an object"),
    ],
)
def test_the_wrong_kind_of_thing_is_a_type_error(options, message):
    with pytest.raises(TypeError, match=message):
        fit(MLP(2, [1]), XOR_X, XOR_Y, **options)


def test_a_loss_that_no_parameter_can_change_is_a_mistake():
    class Careless(Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return [Value(self.w.data * x[0])]

    with pytest.raises(ValueError, match=r"depends on none of the optimizer's parameters.* not with their .data"):
        fit(Careless(), XOR_X, XOR_Y)


def test_a_last_batch_of_one_is_refused_before_training_with_batch_norm():
    model = Sequential(Layer(2, 2, seed=0), BatchNorm(2), Layer(2, 1, seed=1))
    before = model.state_dict()
    for size in (1, 3):
        with pytest.raises(ValueError, match=f"batches of {size} from 4 examples leave a batch of one"):
            fit(model, XOR_X, XOR_Y, batch_size=size)
    assert model.state_dict() == before
    fit(model, XOR_X, XOR_Y, batch_size=2, epochs=1)
