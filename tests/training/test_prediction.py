"""`predict` against the model, one example after the other."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import MLP, Value, predict
from tinygrad_edu.nn import BatchNorm, Layer, Module, Sequential

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))


def test_predictions_are_those_of_the_model_one_by_one():
    model = MLP(2, [5, 3], "relu", output_activation="softmax", seed=0)
    one_by_one = [[p.data for p in model(x)] for x in X]
    np.testing.assert_allclose(predict(model, X), one_by_one, rtol=1e-12)
    np.testing.assert_allclose(predict(model, X[:1]), one_by_one[:1], rtol=1e-12)
    with pytest.raises(ValueError, match="2 inputs"):
        predict(model, [[1.0, 2.0, 3.0]] * 4)


def test_a_model_that_takes_batches_is_predicted_without_a_word():
    model = Sequential(Layer(2, 3, seed=0), BatchNorm(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert predict(model, X).shape == (40, 3)


def test_predict_looks_at_rows_from_all_over_the_data():
    class Missing(Module):
        """To it, a plain 0.0 is a number that is missing."""

        def __init__(self):
            self.w = Value(2.0)

        def __call__(self, x):
            return [self.w * (0.5 if isinstance(x[0], float) and x[0] == 0.0 else x[0])]

    rows = np.abs(RNG.normal(size=(200, 2))) + 0.1
    rows[::4, 0] = 0.0
    with pytest.warns(RuntimeWarning, match="differs from the function"):
        answers = predict(Missing(), rows)
    np.testing.assert_allclose(answers[:, 0], 2.0 * np.where(rows[:, 0] == 0.0, 0.5, rows[:, 0]))
