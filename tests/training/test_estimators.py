"""The estimators under scikit-learn's own checks, and at work in its pipelines, searches and processes."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tinygrad_edu.nn import MLP
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import MLPClassifier, MLPRegressor, fit

#: What scikit-learn can only check where pandas is installed, or SCIPY_ARRAY_API is set.
OPTIONAL = {"check_array_api_input", "check_classifier_data_not_an_array", "check_regressor_data_not_an_array"}


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_scikit_learns_own_checks_pass(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke warnings, and look at them themselves
        results = check_estimator(make(), on_skip=None, on_fail=None)
    assert len(results) > 40
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] not in ("passed", "skipped")}
    assert failed == {}
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= OPTIONAL


def test_iris_is_learned_in_a_pipeline_over_folds():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier([8], epochs=30, random_state=0))
    scores = cross_val_score(pipeline, X, y, cv=KFold(3, shuffle=True, random_state=0))
    assert scores.min() > 0.9


def test_grid_search_runs_in_several_processes_and_finds_the_rate_that_learns():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        MLPClassifier([8], epochs=10, random_state=0), {"learning_rate": [1e-6, 0.03]}, cv=2, n_jobs=2
    ).fit(StandardScaler().fit_transform(X), y)
    assert search.best_params_ == {"learning_rate": 0.03}


def test_regression_of_one_and_of_several_numbers():
    X, y = make_regression(80, 3, n_informative=3, n_targets=2, noise=0.1, random_state=0)
    y = y / y.std()
    both = MLPRegressor([16], epochs=200, random_state=0).fit(X, y)
    one = MLPRegressor([16], epochs=200, random_state=0).fit(X, y[:, 0])
    assert both.predict(X).shape == (80, 2)
    assert one.predict(X).shape == (80,)
    assert both.score(X, y) > 0.98
    assert one.score(X, y[:, 0]) > 0.98


def test_probabilities_are_the_softmax_of_the_model():
    X, y = load_iris(return_X_y=True)
    classifier = MLPClassifier([4], epochs=3, random_state=0).fit(X, y)
    logits = np.array([v.data for v in classifier.model_(X[0])])
    expected = np.exp(logits) / np.exp(logits).sum()
    probabilities = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities[0], expected, rtol=1e-10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert classifier.history_.epochs == classifier.n_iter_ == 3


def test_random_state_decides_everything():
    X, y = load_iris(return_X_y=True)
    one, same, other = (MLPClassifier([4], epochs=2, random_state=s).fit(X, y).predict_proba(X) for s in (0, 0, 1))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_class_weights_move_the_decision():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(-0.5, 1, size=(100, 2)), rng.normal(0.5, 1, size=(20, 2))])
    y = np.repeat([0, 1], [100, 20])
    plain = MLPClassifier([], epochs=60, random_state=0).fit(X, y)
    balanced = clone(plain).set_params(class_weight="balanced").fit(X, y)
    by_hand = clone(plain).set_params(class_weight={0: 0.6, 1: 3.0}).fit(X, y)
    assert balanced.predict(X).sum() > plain.predict(X).sum()
    np.testing.assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X), rtol=1e-6)


def test_early_stopping_holds_data_back():
    X, y = load_iris(return_X_y=True)
    classifier = MLPClassifier([32], epochs=400, learning_rate=0.1, early_stopping=True, patience=3, random_state=0)
    classifier.fit(X, y)
    assert classifier.n_iter_ < 400
    assert len(classifier.history_.validation_loss) == classifier.n_iter_
    assert "stopped early" in classifier.history_.stopped


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(ValueError, match=r"no optimizer is called 'adamant'; did you mean 'adam'\?"):
        MLPRegressor(optimizer="adamant").fit([[0.0], [1.0]], [0.0, 1.0])


def test_adam_is_adam_with_the_weight_decay_in_the_gradient():
    X, y = make_regression(20, 3, noise=0.1, random_state=0)
    regressor = MLPRegressor([4], epochs=3, learning_rate=0.05, weight_decay=0.5, random_state=7).fit(X, y / 100)
    model_seed, order_seed, _ = np.random.RandomState(7).randint(np.iinfo(np.int32).max, size=3).tolist()
    model = MLP(3, [4, 1], "relu", seed=model_seed)
    fit(model, X, y / 100, optimizer=Adam(model.parameters(), 0.05, weight_decay=0.5), epochs=3, seed=order_seed)
    assert regressor.model_.state_dict() == model.state_dict()


def test_without_scikit_learn_one_sentence_says_what_to_install_and_the_rest_works():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from tinygrad_edu.training import *\n"
        "from tinygrad_edu.nn import MLP\n"
        "fit(MLP(1, [1]), [[1.0]], [1.0], epochs=1)\n"
        "try:\n    from tinygrad_edu.training import MLPClassifier\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "tinygrad_edu[learn]"' in done.stdout
