"""Each mistake in what `fit` is given: a sentence that names it, and nothing has changed."""

import math

import numpy as np
import pytest
from training.examples import XOR_X, XOR_Y, weights

from tinygrad_edu import Value
from tinygrad_edu.nn import MLP, BatchNorm, Layer, Module, Sequential
from tinygrad_edu.nn.losses import binary_cross_entropy, cross_entropy, hinge, mean_squared_error
from tinygrad_edu.optim import SGD, Adam, StepLR
from tinygrad_edu.training import EarlyStopping, fit
from tinygrad_edu.training.checks import (
    check_dependence,
    checked_batch_size,
    checked_callbacks,
    checked_optimizer,
    checked_schedule,
    checked_validation,
    clipping,
    targets_for,
)
from tinygrad_edu.training.data import checked

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
        ([["a", "b"]], [0], {}, TypeError, "X holds 'a' in row 0, column 0"),
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
        (
            XOR_X,
            XOR_Y,
            {"validation_data": (XOR_X, [1.0])},
            ValueError,
            "validation X has 4 rows and validation y has 1",
        ),
        (XOR_X, XOR_Y, {"validation_data": ([[1.0]], [1.0])}, ValueError, "both need the same features"),
        (XOR_X, XOR_Y, {"validation_data": 0.2}, TypeError, "validation_data is a pair"),
        (XOR_X, XOR_Y, {"callbacks": [3]}, TypeError, "a callback is"),
        (XOR_X, XOR_Y, {"callbacks": [EarlyStopping]}, TypeError, r"write EarlyStopping\(\)"),
        (XOR_X, XOR_Y, {"clip_norm": -1.0}, ValueError, "clip_norm must be"),
        (XOR_X, XOR_Y, {"engine": "warp"}, ValueError, "engine is .* not 'warp'"),
        (XOR_X, XOR_Y, {"loss": "categorical_crossentropy"}, ValueError, 'write loss="cross_entropy"'),
        (XOR_X, XOR_Y, {"loss": "mes"}, ValueError, "no loss is called 'mes'; did you mean 'mse'"),
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
    with pytest.raises(TypeError, match=r"^X has shape \(4,\), which is 4 examples of one number each; .*\[:, None\]"):
        fit(model, [0.0, 1.0, 2.0, 3.0], XOR_Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": Adam}, r"such as Adam\(model.parameters\(\), lr=0.01\), or a name such as 'adam', not <class"),
        ({"loss": 3}, 'loss is a function such as losses.cross_entropy, or a name such as "mse", not 3'),
        ({"loss": lambda outputs, target: [outputs[0] - target]}, "one Value for one example"),
        (
            {"schedule": lambda optimizer: 0.1},
            r"such as StepLR\(optimizer, 10\), or a function that makes one, not 0.1",
        ),
        ({"schedule": StepLR}, r"StepLR is a class; write StepLR\(optimizer, ...\)"),
    ],
)
def test_the_wrong_kind_of_thing_is_a_type_error(options, message):
    with pytest.raises(TypeError, match=message):
        fit(MLP(2, [1]), XOR_X, XOR_Y, **options)


def test_an_optimizer_that_is_no_name_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"no optimizer is called 'adagrad'; .* sgd, momentum, rmsprop, adam, adamw"):
        fit(MLP(2, [1]), XOR_X, XOR_Y, optimizer="adagrad")


def test_a_schedule_of_another_optimizer_is_refused():
    model = MLP(2, [1])
    schedule = StepLR(SGD(model.parameters()), 10)
    for optimizer in (None, SGD(model.parameters())):
        with pytest.raises(ValueError, match="sets the rate of another optimizer than fit trains with"):
            fit(model, XOR_X, XOR_Y, optimizer=optimizer, schedule=schedule)


def test_a_loss_that_no_parameter_can_change_is_a_mistake():
    class Careless(Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return [Value(self.w.data * x[0].data)]

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


@pytest.mark.parametrize(
    ("answers", "neurons", "y", "loss"),
    [
        ("softmax", 2, [0, 1, 1, 0], "cross_entropy"),
        ("sigmoid", 2, [0, 1, 1, 0], "cross_entropy"),
        ("sigmoid", 1, XOR_Y, "binary_cross_entropy_with_logits"),
        ("softmax", 2, [[1, 0], [0, 1], [1, 1], [0, 0]], "binary_cross_entropy_with_logits"),
    ],
)
def test_probabilities_for_a_loss_that_takes_logits_are_warned_of_once(answers, neurons, y, loss):
    model = MLP(2, [3, neurons], output_activation=answers, seed=0)
    with pytest.warns(UserWarning, match=f"{loss} takes logits.*let the last layer be linear") as caught:
        fit(model, XOR_X, y, loss, epochs=2)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.filterwarnings("error")
def test_probabilities_for_a_loss_that_takes_them_are_right_and_so_are_logits_for_one_of_logits():
    fit(MLP(2, [3, 1], output_activation="sigmoid"), XOR_X, XOR_Y, "binary_cross_entropy", epochs=2)
    fit(MLP(2, [3, 2], output_activation="softmax"), XOR_X, [[1, 0], [0, 1], [1, 0], [0, 1]], epochs=2)
    fit(MLP(2, [3, 1], "sigmoid"), XOR_X, XOR_Y, "binary_cross_entropy_with_logits", epochs=2)
    fit(MLP(2, [3, 2], "sigmoid", init="zeros"), XOR_X, [0, 1, 1, 0], "cross_entropy", epochs=2)


# Each check by itself --------------------------------------------------------------------------------------


def test_without_an_optimizer_it_is_adam_of_all_parameters():
    model = MLP(2, [3, 1])
    optimizer = checked_optimizer(None, model)
    assert type(optimizer) is Adam
    assert set(optimizer.params) == set(model.parameters())
    assert set(checked_optimizer("RMSprop", model).params) == set(model.parameters())
    part = SGD(model.layers[0].parameters(), 0.1)
    assert checked_optimizer(part, model) is part


def test_a_schedule_is_taken_as_it_is_or_made_from_the_optimizer():
    optimizer = SGD(MLP(2, [1]).parameters())
    schedule = StepLR(optimizer, 10)
    assert checked_schedule(None, optimizer) is None
    assert checked_schedule(schedule, optimizer) is schedule
    assert checked_schedule(lambda made_for: StepLR(made_for, 5), optimizer).step_size == 5


@pytest.mark.parametrize(("asked", "n", "size"), [(None, 100, 32), (None, 5, 5), (7, 100, 7), (5, 5, 5)])
def test_a_batch_is_32_or_all_there_is(asked, n, size):
    assert checked_batch_size(asked, n, MLP(2, [1])) == size


def test_functions_become_callbacks():
    stopping = EarlyStopping()
    first, second = checked_callbacks(iter([stopping, print]))
    assert first is stopping
    assert second.name == "print"
    with pytest.raises(TypeError, match="put it in brackets"):
        checked_callbacks(3)


def test_the_validation_pair_is_checked_as_the_data_is():
    data = checked([[1.0, 2.0]], [1.0])
    assert checked_validation(([[3, 4]], [5]), data).X.tolist() == [[3.0, 4.0]]
    with pytest.raises(ValueError, match="validation y holds nan in row 0"):
        checked_validation(([[3.0, 4.0]], [NAN]), data)


def test_a_gradient_is_clipped_by_value_and_then_by_norm():
    gradient = np.array([6.0, 0.6, -3.0])
    assert clipping(None, None)(gradient) is gradient
    assert clipping(None, 1.0)(gradient).tolist() == [1.0, 0.6, -1.0]
    np.testing.assert_allclose(clipping(1.0, None)(gradient), gradient / np.sqrt(36 + 0.36 + 9))
    np.testing.assert_allclose(clipping(1.0, 1.0)(gradient), np.array([1.0, 0.6, -1.0]) / np.sqrt(2.36))
    for wrong in ((0.0, None), (None, -1.0), (NAN, None)):
        with pytest.raises(ValueError, match=r"clip_(norm|value) must be a finite number above 0"):
            clipping(*wrong)


def test_labels_become_rows_only_where_there_is_an_output_for_each_class():
    data = checked(np.zeros((3, 2)), [0, 2, 1])
    assert targets_for(MLP(2, [3]), cross_entropy, data).y.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert targets_for(MLP(2, [1]), mean_squared_error, data).y is data.y


def test_a_mistake_in_the_loss_is_told_before_the_row_of_y():
    with pytest.raises(TypeError, match=r"^a Value does not turn .* v.exp\(\) instead of math.exp.* row 0 of y"):
        fit(MLP(2, [1]), XOR_X, XOR_Y, lambda outputs, target: Value(math.exp(outputs[0])) - target)


def test_so_many_targets_are_tried_and_no_more():
    def refuses(bad):
        def loss(outputs, target):
            if target == bad:
                raise ValueError("no such target")
            return outputs[0] - target

        return loss

    data = checked(np.zeros((1500, 2)), np.arange(1500.0)[::-1])
    model = MLP(2, [1])
    assert targets_for(model, refuses(0.0), data).y is data.y, "the last row is one too many"
    with pytest.raises(ValueError, match=r"row 2 of y \(counted from 0\) does not fit the loss: no such target"):
        targets_for(model, refuses(1497.0), data)


def test_checking_leaves_the_model_as_it_was():
    model = MLP(2, [2, 1], seed=0)
    before = [(p.data, p.grad, model.training) for p in model.parameters()]
    data = checked(XOR_X, XOR_Y)
    targets_for(model, mean_squared_error, data)
    check_dependence(model, mean_squared_error, Adam(model.parameters()), data)
    assert [(p.data, p.grad, model.training) for p in model.parameters()] == before
