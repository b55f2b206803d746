"""The estimators beside scikit-learn's own: the same arguments, numbers, warnings and errors; and what is ours."""

from __future__ import annotations

import inspect
import pickle
import re
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tinygrad_edu import operation, training
from tinygrad_edu.declaring import forget
from tinygrad_edu.training import MLPClassifier, MLPRegressor

#: What scikit-learn can only check where pandas is installed, or SCIPY_ARRAY_API is set, or there is such a method.
OPTIONAL = {
    "check_array_api_input", "check_classifier_data_not_an_array", "check_regressor_data_not_an_array",
    "check_sample_weights_pandas_series", "check_classifiers_multilabel_output_format_decision_function",
}  # fmt: skip
IRIS_X, IRIS_Y = load_iris(return_X_y=True)
CANCER_X, CANCER_Y = load_breast_cancer(return_X_y=True)
CANCER_X = (CANCER_X - CANCER_X.mean(axis=0)) / CANCER_X.std(axis=0)
SUGAR_X, SUGAR_Y = load_diabetes(return_X_y=True)
LABELS_X, LABELS_Y = make_multilabel_classification(random_state=0)
WEIGHTS = np.random.default_rng(0).uniform(size=150)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_scikit_learns_own_checks_pass(make: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke warnings, and look at them themselves
        results = check_estimator(make(), on_skip=None, on_fail=None)
    assert len(results) > 40
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] not in ("passed", "skipped")}
    assert failed == {}
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= OPTIONAL


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_arguments_and_defaults_are_scikit_learns(name: str) -> None:
    ours, theirs = (inspect.signature(cls) for cls in ({"MLPClassifier": MLPClassifier}.get(name, MLPRegressor),
                                                       getattr(neural_network, name)))  # fmt: skip
    assert {k: p.default for k, p in theirs.parameters.items()}.items() <= {
        k: p.default for k, p in ours.parameters.items()
    }.items()
    shared = [k for k in ours.parameters if k in theirs.parameters]
    assert shared == list(theirs.parameters)
    for method in ("fit", "partial_fit", "predict", "score"):
        wanted = list(inspect.signature(getattr(getattr(neural_network, name), method)).parameters)
        assert (
            list(inspect.signature(getattr(MLPClassifier if "C" in name else MLPRegressor, method)).parameters)
            == wanted
        )


def both(kind: str, X: Any, y: Any, weights: Any = None, **settings: Any) -> tuple[Any, Any]:
    """scikit-learn's estimator and ours, trained alike."""
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind]
    pair = (getattr(neural_network, kind)(random_state=3, **settings), ours(random_state=3, **settings))
    return tuple(estimator.fit(X, y, sample_weight=weights) for estimator in pair)  # type: ignore[return-value]  # two


CASES: dict[str, tuple[Any, ...]] = {
    "adam": ("MLPClassifier", IRIS_X, IRIS_Y, None, {}),
    "sgd, tanh": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"solver": "sgd", "activation": "tanh"}),
    "plain momentum, invscaling": (
        "MLPClassifier", IRIS_X, IRIS_Y, None,
        {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "invscaling", "learning_rate_init": 0.1},
    ),
    "adaptive": (
        "MLPClassifier", IRIS_X, IRIS_Y, None,
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 0.01, "max_iter": 300},
    ),
    "adaptive to the end": (
        "MLPClassifier", IRIS_X, IRIS_Y, None,
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "max_iter": 300},
    ),
    "logistic, batches": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"activation": "logistic", "batch_size": 32}),
    "identity, in order": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"activation": "identity", "shuffle": False}),
    "lbfgs": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"solver": "lbfgs", "max_iter": 15}),
    "two layers": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"hidden_layer_sizes": (10, 5), "max_iter": 30}),
    "one size": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"hidden_layer_sizes": 7, "max_iter": 10}),
    "no hidden layer": ("MLPClassifier", IRIS_X, IRIS_Y, None, {"hidden_layer_sizes": (), "max_iter": 10}),
    "binary": ("MLPClassifier", CANCER_X, CANCER_Y, None, {"max_iter": 10}),
    "early stopping": ("MLPClassifier", CANCER_X, CANCER_Y, None, {"early_stopping": True, "max_iter": 40}),
    "labels": ("MLPClassifier", LABELS_X, LABELS_Y, None, {"max_iter": 20, "early_stopping": True}),
    "weights": ("MLPClassifier", IRIS_X, IRIS_Y, WEIGHTS, {"max_iter": 20}),
    "weights, early": ("MLPClassifier", IRIS_X, IRIS_Y, WEIGHTS, {"max_iter": 30, "early_stopping": True}),
    "weights, lbfgs": ("MLPClassifier", IRIS_X, IRIS_Y, WEIGHTS, {"max_iter": 10, "solver": "lbfgs"}),
    "words": ("MLPClassifier", IRIS_X, np.array(["a", "bb", "c"])[IRIS_Y], None, {"max_iter": 5}),
    "sparse": ("MLPClassifier", scipy.sparse.csr_matrix(LABELS_X), LABELS_Y[:, 0], None, {"max_iter": 5}),
    "sparse columns": ("MLPRegressor", scipy.sparse.csc_matrix(SUGAR_X), SUGAR_Y, None, {"max_iter": 5}),
    "no penalty": ("MLPRegressor", SUGAR_X, SUGAR_Y, None, {"max_iter": 5, "alpha": 0.0}),
    "regression": ("MLPRegressor", SUGAR_X, SUGAR_Y, None, {"max_iter": 20, "alpha": 1.0}),
    "several targets": ("MLPRegressor", SUGAR_X, np.c_[SUGAR_Y, SUGAR_Y**2 / 1e3], None, {"max_iter": 20}),
    "regression, lbfgs": ("MLPRegressor", SUGAR_X, SUGAR_Y, None, {"max_iter": 8, "solver": "lbfgs"}),
    "regression, early": ("MLPRegressor", SUGAR_X, SUGAR_Y, None, {"max_iter": 20, "early_stopping": True}),
    "counts": ("MLPRegressor", SUGAR_X, np.floor(SUGAR_Y / 100), None, {"max_iter": 20, "loss": "poisson"}),
    "a column": ("MLPRegressor", SUGAR_X, SUGAR_Y[:, None] * [[1.0, 1.0]], None, {"max_iter": 5}),
}  # fmt: skip


@quiet
@pytest.mark.parametrize("name", CASES)
def test_every_number_is_scikit_learns_to_rounding(name: str) -> None:
    kind, X, y, weights, settings = CASES[name]
    theirs, ours = both(kind, X, y, weights, **settings)
    close = {"rtol": 1e-7, "atol": 1e-8} if settings.get("solver") == "lbfgs" else {"rtol": 1e-9, "atol": 1e-10}
    for mine, other in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        np.testing.assert_allclose(mine, other, **close)
        assert mine.dtype == other.dtype
    for attribute in ("loss_", "best_loss_", "best_validation_score_", "loss_curve_", "validation_scores_"):
        assert hasattr(ours, attribute) == hasattr(theirs, attribute)
        mine, other = getattr(ours, attribute, None), getattr(theirs, attribute, None)
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-7)
    for attribute in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "t_", "n_features_in_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(theirs, method):
            mine, other = getattr(ours, method)(X), getattr(theirs, method)(X)
            assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
            if mine.dtype.kind == "f":
                np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9)
            else:
                np.testing.assert_array_equal(mine, other)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-9)


@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_epochs_one_at_a_time_keep_what_the_solver_knows(solver: str) -> None:
    pair = [cls(solver=solver, random_state=1) for cls in (neural_network.MLPClassifier, MLPClassifier)]
    for estimator in pair:
        estimator.partial_fit(IRIS_X[:60], IRIS_Y[:60], classes=[0, 1, 2])
        for part in range(1, 4):
            estimator.partial_fit(IRIS_X[part::4], IRIS_Y[part::4], sample_weight=WEIGHTS[part::4])
    theirs, ours = pair
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    assert (ours.t_, ours.loss_curve_) == (theirs.t_, pytest.approx(theirs.loss_curve_, rel=1e-9))
    numbers = [cls(random_state=0) for cls in (neural_network.MLPRegressor, MLPRegressor)]
    for estimator in numbers:
        estimator.partial_fit(SUGAR_X, SUGAR_Y).partial_fit(SUGAR_X, SUGAR_Y)
    np.testing.assert_allclose(numbers[1].predict(SUGAR_X), numbers[0].predict(SUGAR_X), rtol=1e-9)


@quiet
def test_a_warm_start_goes_on_and_a_refit_begins_anew() -> None:
    for settings in ({"warm_start": True}, {}):
        pair = [cls(random_state=0, max_iter=5, **settings) for cls in (neural_network.MLPClassifier, MLPClassifier)]
        for estimator in pair:
            estimator.fit(IRIS_X, IRIS_Y).fit(IRIS_X[::-1], IRIS_Y[::-1])
        np.testing.assert_allclose(pair[1].coefs_[1], pair[0].coefs_[1], rtol=1e-9)
        assert len(pair[1].loss_curve_) == len(pair[0].loss_curve_)
    grown = MLPClassifier((4,), random_state=0, max_iter=2).fit(IRIS_X, IRIS_Y)
    assert grown.set_params(hidden_layer_sizes=(5,)).fit(IRIS_X, IRIS_Y).coefs_[0].shape == (4, 5)


def in_order(braces: re.Match[str]) -> str:
    """The words of a set, which come in any order."""
    return " ".join(sorted(braces[0].strip("{}").split(", ")))


def outcome(act: Any) -> tuple[str, str]:
    """The type and the words of what is raised or warned of, without the name of a class."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            act()
        except Exception as error:
            return type(error).__name__, re.sub(r"\{.*?\}", in_order, " ".join(str(error).split()))
    return str([each.category.__name__ for each in caught]), " ".join(
        " ".join(str(each.message) for each in caught).split()
    )


BAD: dict[str, tuple[Any, ...]] = {
    **{
        f"{name}={value!r}": ({name: value}, IRIS_X, IRIS_Y)
        for name, values in {
            "alpha": [-1.0, np.nan, "x"], "batch_size": [0, 1.5, "all"], "beta_1": [1.0, -0.5], "beta_2": [1.5],
            "epsilon": [0.0, -1e-8], "early_stopping": ["yes"],
            "hidden_layer_sizes": [-1, 0, (3, 0), "ab", 2.5, (4.9,), [4, 3.0], np.array([4.0]), ("a",), (4j,)],
            "learning_rate": ["fast", 0.1], "learning_rate_init": [0.0, -0.1, np.inf * 0], "max_fun": [0],
            "max_iter": [0, 2.5, -1], "momentum": [-0.1, 1.1], "n_iter_no_change": [0, -1], "power_t": [-1.0],
            "shuffle": [2], "solver": ["rmsprop"], "tol": [-1.0], "validation_fraction": [1.0, -0.1],
            "verbose": ["loud"], "warm_start": ["x"], "activation": [3, "Relu", "", None, ["relu"], "softmax"],
            "nesterovs_momentum": [5],
        }.items()
        for value in values
    },
    "fewer targets": ({}, IRIS_X, IRIS_Y[:-1]),
    "one axis": ({}, IRIS_X[:, 0], IRIS_Y),
    "no examples": ({}, IRIS_X[:0], IRIS_Y[:0]),
    "ragged": ({}, [[1.0, 2.0], [3.0]], [0, 1]),
    "words": ({}, [["a", "b"], ["c", "d"]], [0, 1]),
    "complex": ({}, np.array([[1j], [2.0]]), [0, 1]),
    "objects": ({}, np.array([[1.0, object()], [2.0, 3.0]], dtype=object), [0, 1]),
    "nan": ({}, [[np.nan], [1.0]], [0, 1]),
    "infinite": ({}, [[np.inf], [1.0]], [0, 1]),
    "nan as a target": ({}, [[0.0], [1.0]], [0.0, np.nan]),
    "continuous classes": ({}, [[0.0], [1.0], [2.0]], [0.1, 0.2, 0.7]),
    "too little to hold back": ({"early_stopping": True}, IRIS_X[::50], [0, 0, 1]),
    "a batch too large": ({"batch_size": 500, "max_iter": 3, "tol": 0.0}, IRIS_X, IRIS_Y),
    "numbers too large": ({"solver": "sgd", "learning_rate_init": 1e10, "max_iter": 20}, 1e5 * IRIS_X, IRIS_Y),
    "not converged": ({"max_iter": 2}, IRIS_X, IRIS_Y),
    "lbfgs not converged": ({"max_iter": 2, "solver": "lbfgs"}, IRIS_X, IRIS_Y),
    **{
        f"targets that are {dtype}, {loss}": ({"loss": loss, "max_iter": 2}, IRIS_X, IRIS_Y.astype(dtype))
        for dtype in ("U", "S", "M8[D]")
        for loss in ("squared_error", "poisson")
    },
    "targets that are words": ({"max_iter": 2}, IRIS_X, ["one"] * 75 + ["two"] * 75),
    "a column of targets": ({"max_iter": 2}, IRIS_X, IRIS_Y[:, None]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_what_is_wrong_is_said_in_scikit_learns_words(kind: str, name: str) -> None:
    settings, X, y = BAD[name]
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind]
    answers = [
        outcome(lambda cls=cls: cls(random_state=0, **settings).fit(X, y))
        for cls in (getattr(neural_network, kind), ours)
    ]
    if name.startswith("activation="):  # theirs lists four names
        answers = [(kind_of, words.partition(" among ")[0] + words.partition("Got")[2]) for kind_of, words in answers]
    if name == "numbers too large":  # NumPy's own warnings of overflow depend on what is computed in which order
        assert answers[1][0] == answers[0][0] or "ValueError" in answers[1][0]
        return
    assert answers[1] == answers[0]


@quiet
def test_wrong_calls_after_and_before_fit() -> None:
    messages = []
    for module in (neural_network, sys.modules[MLPClassifier.__module__]):
        fitted = module.MLPClassifier(max_iter=2, random_state=0).fit(IRIS_X, IRIS_Y)
        warm = module.MLPClassifier(max_iter=2, random_state=0, warm_start=True).fit(IRIS_X, IRIS_Y)
        online = module.MLPClassifier(random_state=0).partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2])
        messages.append(
            [
                outcome(lambda m=module: m.MLPClassifier().predict(IRIS_X)),
                outcome(lambda m=module: m.MLPRegressor().predict(IRIS_X)),
                outcome(lambda f=fitted: f.predict(IRIS_X[:, :3])),
                outcome(lambda w=warm: w.fit(IRIS_X, IRIS_Y + 1)),
                outcome(lambda o=online: o.partial_fit(IRIS_X, IRIS_Y + 1)),
                outcome(lambda m=module: m.MLPClassifier().partial_fit(IRIS_X, IRIS_Y)),
                outcome(
                    lambda m=module: m.MLPClassifier(solver="lbfgs").partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2])
                ),
                outcome(
                    lambda m=module: m.MLPClassifier(early_stopping=True).partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2])
                ),
                outcome(lambda f=fitted: f.fit(IRIS_X, IRIS_Y, sample_weight=[1.0, 2.0])),
            ]
        )
    assert messages[1] == messages[0]


VERBOSE: list[dict[str, Any]] = [
    {"tol": 1.0, "n_iter_no_change": 2},
    {"early_stopping": True, "n_iter_no_change": 1},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
]


def test_what_is_printed_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for cls in (neural_network.MLPClassifier, MLPClassifier):
        for settings in VERBOSE:
            cls(random_state=0, verbose=True, **settings).fit(IRIS_X, IRIS_Y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Stopping." in printed[1]
    MLPClassifier(random_state=0, verbose=True, solver="lbfgs", max_iter=500).fit(IRIS_X, IRIS_Y)
    assert capsys.readouterr().out.startswith("Iteration ")


@quiet
def test_a_grid_search_in_a_pipeline_finds_the_same_in_both() -> None:
    found = []
    for cls in (neural_network.MLPClassifier, MLPClassifier):
        pipeline = make_pipeline(StandardScaler(), cls(max_iter=20, learning_rate_init=0.02, random_state=0))
        name = cls.__name__.lower()
        grid = {f"{name}__alpha": [1e-4, 10.0], f"{name}__hidden_layer_sizes": [(4,), (8, 4)]}
        found.append(GridSearchCV(pipeline, grid, cv=3).fit(IRIS_X, IRIS_Y))
    theirs, ours = found
    assert ours.best_params_ == theirs.best_params_
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])


@quiet
def test_folds_run_in_several_processes() -> None:
    scores = cross_val_score(MLPClassifier((4,), max_iter=5, random_state=0), IRIS_X, IRIS_Y, cv=2, n_jobs=2)
    np.testing.assert_allclose(
        scores, cross_val_score(MLPClassifier((4,), max_iter=5, random_state=0), IRIS_X, IRIS_Y, cv=2)
    )


@quiet
def test_an_estimator_is_pickled_without_its_program() -> None:
    fitted = MLPClassifier(max_iter=3, random_state=0).fit(IRIS_X, IRIS_Y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(IRIS_X), fitted.predict_proba(IRIS_X))
    np.testing.assert_allclose(
        again.partial_fit(IRIS_X, IRIS_Y).coefs_[0], fitted.partial_fit(IRIS_X, IRIS_Y).coefs_[0]
    )
    assert "_kept_network" not in fitted.__getstate__()


# What is ours ---------------------------------------------------------------------------------------------


@quiet
@pytest.mark.parametrize("activation", ["gelu", "leaky_relu", "softplus", "silu", "sin", "sigmoid", "linear"])
def test_any_activation_of_the_rule_book(activation: str) -> None:
    model = MLPClassifier((6,), activation, max_iter=20, learning_rate_init=0.05, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(IRIS_X, IRIS_Y)
    assert pipeline.score(IRIS_X, IRIS_Y) > 0.8
    scaled = pipeline[0].transform(IRIS_X)
    np.testing.assert_allclose(model.model_(scaled[7]).data, model.predict_proba(scaled)[7], rtol=1e-9)


@quiet
def test_an_activation_that_was_declared_and_one_that_was_not() -> None:
    operation("bent", lambda m, a: m.sqrt(a * a + 1.0) + a, lambda m, y, a: a / m.sqrt(a * a + 1.0) + 1.0)
    regressor = MLPRegressor(activation="bent", hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(
        SUGAR_X, SUGAR_Y
    )
    np.testing.assert_allclose(regressor.model_(SUGAR_X[0]).data, regressor.predict(SUGAR_X[:1]), rtol=1e-9)
    forget("bent")
    for kind in (ValueError, TypeError):
        with pytest.raises(kind, match=r"must be a str among \{.*'gelu'.*\} or another operation .* Got 'rellu' inst"):
            MLPClassifier(activation="rellu").fit(IRIS_X, IRIS_Y)
    with pytest.raises(ValueError, match="Got 'bent' instead"):
        clone(regressor).fit(SUGAR_X, SUGAR_Y)


@quiet
def test_the_model_holds_the_weights_of_now() -> None:
    classifier = MLPClassifier((5,), "logistic", max_iter=5, random_state=0).fit(CANCER_X, CANCER_Y)
    before = classifier.model_
    np.testing.assert_allclose(before(CANCER_X[3])[0].data, classifier.predict_proba(CANCER_X)[3, 1], rtol=1e-10)
    classifier.partial_fit(CANCER_X, CANCER_Y)
    np.testing.assert_allclose(
        classifier.model_(CANCER_X[3])[0].data, classifier.predict_proba(CANCER_X)[3, 1], rtol=1e-10
    )
    classifier.intercepts_[1][...] = 50.0
    assert classifier.model_(CANCER_X[3])[0].data == pytest.approx(1.0)
    assert classifier.predict_proba(CANCER_X[:1])[0, 1] == pytest.approx(1.0)
    counts = MLPRegressor("poisson", (3,), max_iter=5, random_state=0).fit(SUGAR_X, SUGAR_Y / 100)
    np.testing.assert_allclose(counts.model_(SUGAR_X[0]).data, counts.predict(SUGAR_X[:1]), rtol=1e-10)
    with pytest.raises(NotFittedError):
        _ = MLPClassifier().model_


@quiet
@pytest.mark.parametrize("y", [IRIS_Y, IRIS_Y == 1, np.array(["no", "yes"])[(IRIS_Y > 0).astype(int)]])
def test_an_explanation_gives_the_slopes_of_what_is_predicted(y: Any) -> None:
    classifier = MLPClassifier((6,), "tanh", max_iter=50, learning_rate_init=0.02, random_state=0).fit(IRIS_X, y)
    row = IRIS_X[60]
    found = classifier.explain(row)
    place = int(np.argmax(classifier.predict_proba([row])[0]))
    assert found.prediction == classifier.predict([row])[0]
    np.testing.assert_allclose(list(found.outputs.values()), classifier.predict_proba([row])[0], rtol=1e-9)
    for k, feature in enumerate(found.features):
        ends = [row + step * np.eye(4)[k] for step in (1e-6, -1e-6)]
        up, down = classifier.predict_proba(ends)[:, place]
        assert feature.gradient == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-8)
        assert (feature.feature, feature.number) == (f"x{k}", row[k])
    assert found.root.data == pytest.approx(classifier.predict_proba([row])[0, place])
    other = classifier.explain(row, classifier.classes_[0])
    assert other.explained == f"p({classifier.classes_[0]})"
    with pytest.raises(ValueError, match="output should be one of the classes"):
        classifier.explain(row, "neither")
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        classifier.explain(row[:3])
    with pytest.raises(ValueError, match=r"explain takes one row, .*, and not 3, of shape \(3, 4\)"):
        classifier.explain(IRIS_X[:3])
    with pytest.raises(ValueError, match="contains NaN"):
        classifier.explain([1.0, np.nan, 2.0, 3.0])
    for same in (IRIS_X[60:61], scipy.sparse.csr_matrix(row)):
        assert classifier.explain(same).features == found.features


@quiet
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_dates_are_refused_wherever_examples_come_in(make: Any) -> None:
    days = np.datetime64("2020-01-01") + np.arange(4)[:, None]
    message = r"X holds dates, .*; \(d - d.min\(\)\).dt.days"
    first = {"classes": [0, 1]} if make is MLPClassifier else {}
    fitted = make(max_iter=2).fit((days - days.min()) / np.timedelta64(1, "D"), [0, 1, 0, 1])
    for refused in (make().fit, lambda X, y: make().partial_fit(X, y, **first)):
        with pytest.raises(TypeError, match=message):
            refused(days, [0, 1, 0, 1])
    for refused in (fitted.predict, lambda X: fitted.explain(X[0])):
        with pytest.raises(TypeError, match=message):
            refused(days)


class Frame:
    """Rows of numbers under names, as in a data frame of pandas, which the tests do without."""

    def __init__(self, numbers: Any, columns: Any, index: Any = None) -> None:
        self.numbers, self.columns, self.index = np.asarray(numbers), columns, index
        self.shape, self.ndim = self.numbers.shape, 2

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.numbers, dtype=dtype)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def T(self) -> Frame:  # noqa: N802 - as data frames call it
        return Frame(self.numbers.T, self.index)


class Series:
    """As much of a series as tells it from a list: numbers under an index of names."""

    def __init__(self, numbers: Any, index: Any) -> None:
        self.numbers, self.index = np.asarray(numbers), index

    def to_frame(self) -> Frame:
        return Frame(self.numbers[:, None], ["0"], self.index)


@quiet
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_an_explanation_looks_at_the_names_of_the_features_as_an_answer_does(make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("sklearn.utils.validation._get_feature_names", lambda X: getattr(X, "columns", None))
    names = np.array(["a", "b", "c", "d"], dtype=object)
    estimator = make(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(Frame(IRIS_X, names), IRIS_Y)
    row, expected = IRIS_X[60], estimator.predict(Frame(IRIS_X[60:61], names))[0]
    for given in (Frame([row], names), Series(row, names)):
        found = estimator.explain(given)
        assert found.prediction == expected
        assert [feature.feature for feature in found.features] == [*names]
    for given in (Frame([row[::-1]], names[::-1]), Series(row[::-1], names[::-1])):
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            estimator.explain(given)
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        estimator.explain(Series(row, names[[0, 1, 2, 2]]))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert estimator.explain(row).prediction == expected


@quiet
def test_an_explanation_of_numbers() -> None:
    regressor = MLPRegressor(hidden_layer_sizes=(), max_iter=3, random_state=0).fit(SUGAR_X, np.c_[SUGAR_Y, -SUGAR_Y])
    found = regressor.explain(SUGAR_X[0], 1)
    np.testing.assert_allclose([feature.gradient for feature in found.features], regressor.coefs_[0][:, 1])
    assert found.explained == "y1"
    assert list(found.outputs) == ["y0", "y1"]
    with pytest.raises(ValueError, match="the number of a target, from 0 to 1, not 2"):
        regressor.explain(SUGAR_X[0], 2)


def test_the_estimators_are_listed_among_the_names_of_their_package() -> None:
    assert {"MLPClassifier", "MLPRegressor"} <= {*dir(training)}


def test_names_of_before_say_what_they_are_called_now() -> None:
    for old, words in {"hidden_sizes": "hidden_layer_sizes", "epochs": "max_iter", "optimizer": "solver",
                       "weight_decay": "alpha", "patience": "n_iter_no_change", "lr": "learning_rate_init",
                       "class_weight": "sample_weight"}.items():  # fmt: skip
        with pytest.raises(TypeError, match=f"MLPClassifier has no argument '{old}': .*{words}"):
            MLPClassifier(**{old: 1})
        with pytest.raises(TypeError, match=f"MLPRegressor has no argument '{old}'"):
            MLPRegressor(**{old: 1})


def test_an_interrupted_run_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = MLPClassifier(random_state=0)
    epochs = iter(range(100))

    def interrupted(*arguments: Any) -> None:
        if next(epochs) == 2:
            raise KeyboardInterrupt
        run(*arguments)

    run = classifier._run_epoch
    monkeypatch.setattr(classifier, "_run_epoch", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        classifier.fit(IRIS_X, IRIS_Y)
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 2


def test_warnings_point_at_the_line_that_called_fit() -> None:
    with pytest.warns(ConvergenceWarning) as caught:
        MLPClassifier(max_iter=1, random_state=0).fit(IRIS_X, IRIS_Y)
    assert caught[0].filename == __file__


def test_without_scikit_learn_one_sentence_says_what_to_install_and_the_rest_works() -> None:
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
