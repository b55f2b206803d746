"""Examples in single precision: computed in it, as scikit-learn does, with its types and its numbers to rounding."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network
from training.test_estimators import CASES, IRIS_X, IRIS_Y, SUGAR_X, SUGAR_Y, both, quiet

from tinygrad_edu import MLP
from tinygrad_edu.nn.activations import common_activations
from tinygrad_edu.training import MLPClassifier, MLPRegressor
from tinygrad_edu.training.estimator_network import EstimatorNetwork
from tinygrad_edu.training.estimator_solvers import AdamSolver, SGDSolver

SOLVERS = ("adam", "sgd", "lbfgs")
SINGLE = IRIS_X.astype(np.float32)


def types(estimator: Any) -> list[Any]:
    return [array.dtype for array in (*estimator.coefs_, *estimator.intercepts_)]


@quiet
@pytest.mark.parametrize("name", CASES)
def test_every_number_is_scikit_learns_to_single_precision(name: str) -> None:
    kind, X, y, weights, settings = CASES[name]
    X, most = X.astype(np.float32), 4 if settings.get("solver") == "lbfgs" else 8  # each step adds to the rounding
    theirs, ours = both(kind, X, y, weights, **settings | {"max_iter": min(most, settings.get("max_iter", most))})
    assert types(ours) == types(theirs)
    for mine, other in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)
    for attribute in ("loss_", "best_loss_", "best_validation_score_", "loss_curve_", "validation_scores_"):
        mine, other = getattr(ours, attribute, None), getattr(theirs, attribute, None)
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-4)
    for attribute in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "t_", "n_features_in_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        if not hasattr(theirs, method):
            continue
        for rows in (X, X.astype(np.float64), X[:3].astype(np.int64)):
            mine, other = getattr(ours, method)(rows), getattr(theirs, method)(rows)
            assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
            if mine.dtype.kind == "f":
                np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)


@quiet
@pytest.mark.parametrize("solver", SOLVERS)
def test_it_is_computed_in_single_precision_throughout(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    inner = EstimatorNetwork.loss_and_gradient

    def watched(self: EstimatorNetwork, X: Any, y: Any, weights: Any) -> tuple[float, Any]:
        loss, gradient = inner(self, X, y, weights)
        seen.update(array.dtype.name for array in (self.theta, self.is_weight, gradient, X))
        return loss, gradient

    monkeypatch.setattr(EstimatorNetwork, "loss_and_gradient", watched)
    alpha, rate = np.logspace(-4, -3, 2)  # of numpy, as a grid of them is
    MLPClassifier((5,), solver=solver, alpha=alpha, learning_rate_init=rate, max_iter=3).fit(SINGLE, IRIS_Y)
    sparse = scipy.sparse.csr_matrix(SUGAR_X.astype(np.float32))
    MLPRegressor(hidden_layer_sizes=(5,), solver=solver, max_iter=3).fit(sparse, SUGAR_Y, np.linspace(1.0, 2.0, 442))
    assert seen == {"float32"}


def test_solvers_keep_what_they_know_in_single_precision() -> None:
    number = np.float64(0.9)
    for solver in (AdamSolver(0.1, number, number, np.float64(1e-8)), SGDSolver(0.1, "constant", number, True, 0.5)):
        theta = np.array([1.0, 2.0], dtype=np.float32)
        solver.step(theta, np.array([2.0, -1.0], dtype=np.float32))
        kept = [v for v in vars(solver).values() if isinstance(v, np.ndarray)]
        assert kept
        assert {array.dtype for array in kept} == {np.dtype(np.float32)}
        assert theta.dtype == np.float32


@quiet
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("order", [(np.float32, np.float64), (np.float64, np.float32)])
def test_a_warm_start_in_the_other_precision_has_scikit_learns_types(solver: str, order: Any) -> None:
    pair = [
        cls(solver=solver, random_state=0, max_iter=3, warm_start=True)
        for cls in (neural_network.MLPClassifier, MLPClassifier)
    ]
    for dtype in order:
        theirs, ours = (estimator.fit(IRIS_X.astype(dtype), IRIS_Y) for estimator in pair)
        assert types(ours) == types(theirs)
        np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-4, atol=1e-4)


@quiet
def test_a_refit_in_the_other_precision_begins_anew_in_it() -> None:
    classifier = MLPClassifier((4,), random_state=0, max_iter=2)
    for dtype in (np.float32, np.float64, np.float32):
        classifier.fit(IRIS_X.astype(dtype), IRIS_Y)
        assert set(types(classifier)) == {np.dtype(dtype)}
        assert classifier.predict_proba(IRIS_X.astype(dtype)).dtype == dtype
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(SINGLE), classifier.predict_proba(SINGLE))


@quiet
def test_epochs_one_at_a_time_stay_in_single_precision() -> None:
    pair = [cls(random_state=1) for cls in (neural_network.MLPClassifier, MLPClassifier)]
    for estimator in pair:
        for part in range(4):
            estimator.partial_fit(SINGLE[part::4], IRIS_Y[part::4], **({} if part else {"classes": [0, 1, 2]}))
    theirs, ours = pair
    assert types(ours) == types(theirs) == [np.float32] * 4
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-4, atol=1e-5)
    assert ours.loss_curve_ == pytest.approx(theirs.loss_curve_, rel=1e-5)


@quiet
@pytest.mark.parametrize("activation", sorted(set(common_activations()) - {"softmax"}))
def test_every_activation_answers_in_single_precision(activation: str) -> None:
    classifier = MLPClassifier((4,), activation, random_state=0, max_iter=2).fit(SINGLE, IRIS_Y)
    assert classifier.predict_proba(SINGLE).dtype == np.float32
    double = MLPClassifier((4,), activation, random_state=0, max_iter=2).fit(SINGLE.astype(np.float64), IRIS_Y)
    wanted = double.predict_proba(IRIS_X)
    np.testing.assert_allclose(classifier.predict_proba(SINGLE), wanted, rtol=1e-4)


@quiet
def test_weights_that_are_set_by_hand_decide_the_precision() -> None:
    classifier = MLPClassifier((4,), random_state=0, max_iter=2).fit(SINGLE, IRIS_Y)
    classifier.coefs_ = [coef.astype(np.float64) for coef in classifier.coefs_]
    assert classifier.predict_proba(SINGLE).dtype == np.float64


@quiet
def test_the_model_and_what_explains_it_hold_the_numbers_of_single_precision() -> None:
    classifier = MLPClassifier((4,), random_state=0, max_iter=20).fit(SINGLE, IRIS_Y)
    model = classifier.model_
    assert isinstance(model, MLP)
    assert [w.data for w in model.layers[0].neurons[1].weights] == classifier.coefs_[0][:, 1].tolist()
    answer = classifier.predict_proba(SINGLE[:1])[0]
    assert [p.data for p in model(SINGLE[0].astype(float))] == pytest.approx(answer.tolist(), rel=1e-5)
    effects = classifier.explain(SINGLE[0])
    assert effects.prediction == classifier.predict(SINGLE[:1])[0]
