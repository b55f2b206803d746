"""`predict` against the model, one example after the other."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import MLP, Value, predict
from tinygrad_edu.nn import BatchNorm, Layer, Module, Sequential
from tinygrad_edu.training import MLPClassifier

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))


def test_predictions_are_those_of_the_model_one_by_one():
    model = MLP(2, [5, 3], "relu", output_activation="softmax", seed=0)
    one_by_one = [[p.data for p in model(x)] for x in X]
    np.testing.assert_allclose(predict(model, X), one_by_one, rtol=1e-12)
    np.testing.assert_allclose(predict(model, X[:1]), one_by_one[:1], rtol=1e-12)
    with pytest.raises(ValueError, match="2 inputs"):
        predict(model, [[1.0, 2.0, 3.0]] * 4)


def test_what_a_model_does_not_take_is_an_error_and_no_warning_too():
    model = MLP(2, [1], seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="2 inputs"):
            predict(model, np.zeros((40, 3)))
        with pytest.raises(TypeError, match="X holds 'Köln' in row 0, column 1"):
            predict(model, [[1.0, "Köln"]])
        for count in (2, 40):
            with pytest.raises(TypeError, match=rf"^X has shape \({count},\).* a single row is X\[None\].* 2 numbers"):
                predict(model, np.zeros(count))


def test_a_model_that_takes_batches_is_predicted_without_a_word():
    model = Sequential(Layer(2, 3, seed=0), BatchNorm(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert predict(model, X).shape == (40, 3)


def test_predict_looks_at_rows_from_all_over_the_data():
    class Missing(Module):
        """To it, 0.0 is a number that is missing."""

        def __init__(self):
            self.w = Value(2.0)

        def __call__(self, x):
            return [self.w * (0.5 if x[0]._data == 0.0 else x[0])]  # no user would, and nobody can see it

    rows = np.abs(RNG.normal(size=(200, 2))) + 0.1
    rows[::4, 0] = 0.0
    with pytest.warns(RuntimeWarning, match="differs from the function"):
        answers = predict(Missing(), rows)
    np.testing.assert_allclose(answers[:, 0], 2.0 * np.where(rows[:, 0] == 0.0, 0.5, rows[:, 0]))


def test_few_examples_are_answered_without_recording():
    class Counting(Module):
        """It counts how often it is called."""

        def __init__(self):
            self.w, self._calls = Value(2.0), 0

        def __call__(self, x):
            self._calls += 1
            return [self.w * x[0]]

    model = Counting()
    assert predict(model, X[:15])[:, 0].tolist() == [2.0 * x for x in X[:15, 0]]
    assert model._calls == 15
    predict(model, X[:16])
    assert model._calls > 15 + 16, "and once there are 16, it is recorded and compared"


def test_outputs_of_any_shape_become_one_flat_row():
    class Grid(Module):
        """It answers each number with a row of two."""

        def __init__(self):
            self.w = Value(10.0)

        def __call__(self, x):
            return [[self.w * v, v + 0.0] for v in x]

    assert predict(Grid(), [[1.0, 2.0]]).tolist() == [[10.0, 1.0, 20.0, 2.0]]
    many = np.tile([[1.0, 2.0]], (20, 1))
    assert predict(Grid(), many).tolist() == [[10.0, 1.0, 20.0, 2.0]] * 20


def test_what_is_no_model_or_no_examples_is_refused():
    with pytest.raises(TypeError, match="predict needs a Module"):
        predict(lambda x: x, X)
    with pytest.raises(TypeError, match=r"the network of an estimator is its .model_"):
        predict(MLPClassifier(), X)
    with pytest.raises(ValueError, match="an array of examples"):
        predict(MLP(2, [1]), 3.0)


def test_no_graph_and_no_gradient_is_left():
    model = MLP(2, [3, 1], seed=0)
    model.eval()
    before = [(p.data, p.grad) for p in model.parameters()]
    assert predict(model, X).dtype == predict(model, X[:2]).dtype == np.float64
    assert [(p.data, p.grad) for p in model.parameters()] == before
    assert not model.training
