"""`MLPClassifier` and `MLPRegressor`: our networks as scikit-learn estimators, in the place of scikit-learn's own.

They have the arguments, methods, fitted attributes, warnings and errors of `sklearn.neural_network`, draw the same
random numbers and take the same steps; who changes the import gets the same scores. Beside that they have any
activation of the rule book, `model_`, the network as `Value`s, and `explain`.

May import: `elsewhere`, `value`, `nn`; `data`, `feature_effects`, `estimator_network` and `estimator_solvers` of this
folder; NumPy, SciPy, scikit-learn.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Integral, Real
from operator import index
from typing import Any, Self

import numpy as np

try:
    import scipy.optimize
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context, is_classifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.utils import check_random_state, column_or_1d, gen_batches, shuffle

    # These are not public, and the only way to the same messages as scikit-learn's own estimators have.
    from sklearn.utils._param_validation import Interval, Options, StrOptions
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
    from sklearn.utils.optimize import _check_optimize_result
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        'MLPClassifier and MLPRegressor need scikit-learn; install it with: pip install "tinygrad_edu[learn]"'
    ) from error

from tinygrad_edu.elsewhere import ESTIMATOR_KEYWORDS, says_ours
from tinygrad_edu.nn.activations import common_activations
from tinygrad_edu.nn.layers import MLP
from tinygrad_edu.training.data import refuse_dates
from tinygrad_edu.training.estimator_network import EstimatorNetwork, operation_called
from tinygrad_edu.training.estimator_solvers import AdamSolver, SGDSolver, Solver
from tinygrad_edu.training.feature_effects import FeatureEffects
from tinygrad_edu.value import Value

__all__ = ["MLPClassifier", "MLPRegressor"]

Matrix = np.ndarray[Any, np.dtype[Any]]
#: An example or a batch may be sparse, which NumPy has no type for.
Examples = Any


class _Activations(StrOptions):  # type: ignore[misc]  # as below
    """The names of activations: scikit-learn's, ours, and those of what has been declared since."""

    def __init__(self) -> None:
        super().__init__({"identity", "logistic", *common_activations()} - {"softmax"})

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether it names one."""
        try:
            operation_called(val)
        except (TypeError, ValueError):
            return False
        return isinstance(val, str)

    def __str__(self) -> str:
        return f"{super().__str__()} or another operation with one input"


class _Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What the classifier and the regressor share: training, and what the network answers."""

    loss: str
    coefs_: list[Matrix]
    intercepts_: list[Matrix]
    out_activation_: str
    loss_: float
    loss_curve_: list[float]
    best_loss_: Any  # None where the score of held-back examples decides, and the other two where it does not
    best_validation_score_: Any
    validation_scores_: Any
    n_features_in_: int
    _order: Matrix

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's protocol
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [_Activations()],
        "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
    }

    # Training

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # as above
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from examples X, shape (n, features), dense or sparse, and their targets y, shape (n,) or (n, outputs).

        `sample_weight`, shape (n,), says how much each example counts. Raises ValueError as scikit-learn does, and
        warns with a ConvergenceWarning when `max_iter` ends the training.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        hidden = list(self.hidden_layer_sizes) if np.iterable(self.hidden_layer_sizes) else [self.hidden_layer_sizes]
        if np.any(np.array(hidden) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        is_first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        refuse_dates(X, "X")
        X, targets = self._checked(X, y, incremental, is_first)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        targets = targets.reshape(-1, 1) if targets.ndim == 1 else targets
        self.n_outputs_ = targets.shape[1]
        self._random_state = check_random_state(self.random_state)
        if is_first:
            self._begin([X.shape[1], *map(index, hidden), self.n_outputs_], X.dtype)
        network = self._network()
        if self.solver == "lbfgs":
            network = self._fit_lbfgs(network, X, targets, weights)
        else:
            self._fit_stochastic(network, X, targets, weights, incremental)
        self._keep(network)
        if not np.isfinite(network.theta).all():
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                "preprocessed."
            )
        return self

    def _begin(self, sizes: Sequence[int], dtype: Any) -> None:
        """New weights and biases, uniform as Glorot & Bengio 2010 have it, and an empty record."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._out_activation()
        self.coefs_, self.intercepts_ = [], []
        for n_in, n_out in pairwise(sizes):
            bound = np.sqrt((2.0 if self.activation in ("logistic", "sigmoid") else 6.0) / (n_in + n_out))
            self.coefs_.append(self._random_state.uniform(-bound, bound, (n_in, n_out)).astype(dtype, copy=False))
            self.intercepts_.append(self._random_state.uniform(-bound, bound, n_out).astype(dtype, copy=False))
        if self.solver != "lbfgs":
            self.loss_curve_ = []
            self._no_improvement_count = 0
            self.validation_scores_ = [] if self.early_stopping else None
            self.best_validation_score_ = -np.inf if self.early_stopping else None
            self.best_loss_ = None if self.early_stopping else np.inf

    def _network(self) -> EstimatorNetwork:
        """The network that holds the weights and biases there are now, in their precision."""
        sizes = [len(self.coefs_[0]), *map(len, self.intercepts_)]
        kind = np.result_type(np.float32, *self.coefs_, *self.intercepts_)
        wanted = (tuple(sizes), self.activation, self.out_activation_, kind)
        network: EstimatorNetwork | None = self.__dict__.get("_kept_network")
        if network is None or network.made_for != wanted:
            network = self._kept_network = EstimatorNetwork(sizes, self.activation, self.out_activation_, kind)
        network.set_parameters(self.coefs_, self.intercepts_)
        return network

    def _keep(self, network: EstimatorNetwork) -> None:
        """Let `coefs_` and `intercepts_` be what the network has learned."""
        self.coefs_ = [np.array(coef, order="C") for coef in network.coefs]
        self.intercepts_ = [np.array(intercept) for intercept in network.intercepts]

    def __getstate__(self) -> dict[str, Any]:
        return {name: each for name, each in super().__getstate__().items() if name != "_kept_network"}

    def _penalized(
        self, network: EstimatorNetwork, X: Examples, y: Matrix, weights: Matrix | None
    ) -> tuple[float, Matrix]:
        """The mean loss of a batch and its gradient, with α/2 · Σ weight² / n; biases are not penalized."""
        dense = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        loss, gradient = network.loss_and_gradient(dense, y, weights)
        count = len(y) if weights is None else float(weights.sum())
        shrinking = float(self.alpha) / count * (network.theta * network.is_weight)
        return loss + 0.5 * float(network.theta @ shrinking), gradient + shrinking

    def _fit_lbfgs(self, network: EstimatorNetwork, X: Examples, y: Matrix, weights: Matrix | None) -> EstimatorNetwork:
        """Minimize the loss; the network that it ends with is in double precision, because SciPy's answer is."""
        y = y.astype(network.theta.dtype)

        def loss_and_gradient(theta: Matrix) -> tuple[float, Matrix]:
            network.theta[...] = theta
            return self._penalized(network, X, y, weights)

        found = scipy.optimize.minimize(
            loss_and_gradient,
            network.theta.copy(),
            method="L-BFGS-B",
            jac=True,
            options={"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol},
        )
        self.n_iter_ = _check_optimize_result("lbfgs", found, self.max_iter)
        self.loss_ = float(found.fun)
        if found.x.dtype != network.theta.dtype:
            network = EstimatorNetwork(network.sizes, self.activation, self.out_activation_)
        network.theta[...] = found.x
        if self.verbose:
            print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
        return network

    def _solver(self, incremental: bool) -> Solver:
        if not incremental or not hasattr(self, "_optimizer"):
            rate = self.learning_rate_init
            self._optimizer: Solver = (
                AdamSolver(rate, self.beta_1, self.beta_2, self.epsilon)
                if self.solver == "adam"
                else SGDSolver(rate, self.learning_rate, self.momentum, self.nesterovs_momentum, self.power_t)
            )
        return self._optimizer

    def _fit_stochastic(
        self, network: EstimatorNetwork, X: Examples, y: Matrix, weights: Matrix | None, incremental: bool
    ) -> None:
        solver = self._solver(incremental)
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        held = None
        best = network.theta.copy()
        if self.early_stopping:
            X, y, weights, held = self._held_back(X, y, weights)
        y = y.astype(network.theta.dtype)
        n = X.shape[0]
        try:
            self.n_iter_ = 0
            for _ in range(self.max_iter):
                self._run_epoch(network, solver, X, y, weights)
                self.n_iter_ += 1
                self.t_ += n
                self.loss_curve_.append(self.loss_)
                if self.verbose:
                    print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
                if self._is_best(network, held):
                    best = network.theta.copy()
                solver.epoch_ended(self.t_)
                if self._no_improvement_count > self.n_iter_no_change:
                    if solver.stopped_or_slower(self._why(), self.verbose):
                        break
                    self._no_improvement_count = 0
                if incremental:
                    break
                if self.n_iter_ == self.max_iter:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                        "hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=5,  # the line that called `fit`
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
        if self.early_stopping:
            network.theta[...] = best

    def _run_epoch(
        self, network: EstimatorNetwork, solver: Solver, X: Examples, y: Matrix, weights: Matrix | None
    ) -> None:
        """A step for each batch; `loss_` is the mean of their losses."""
        total = 0.0
        for batch in self._batches(X.shape[0]):
            loss, gradient = self._penalized(network, X[batch], y[batch], None if weights is None else weights[batch])
            solver.step(network.theta, gradient)
            total += loss * len(y[batch])
        self.loss_ = total / X.shape[0]

    def _batches(self, n: int) -> Iterator[Any]:
        """The rows of each batch of one epoch, in a new order if they are shuffled."""
        size = min(200, n) if self.batch_size == "auto" else self.batch_size
        if size > n:
            if self.n_iter_ == 0:
                warnings.warn(
                    "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=7
                )
            size = n
        order = np.arange(n)
        if self.shuffle:
            # Each epoch shuffles the order of the one before, so that the same numbers are drawn to the same effect.
            order = self._order = shuffle(
                self._order if self.n_iter_ and len(self._order) == n else order, random_state=self._random_state
            )
        for rows in gen_batches(n, int(size)):
            yield order[rows] if self.shuffle else rows

    def _held_back(self, X: Examples, y: Matrix, weights: Matrix | None) -> tuple[Any, Any, Any, Any]:
        """What is trained on, and what is held back to see how good it is: (X, y, weights)."""
        parts = train_test_split(
            *([X, y] if weights is None else [X, y, weights]),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=y if is_classifier(self) and self.n_outputs_ == 1 else None,
        )
        if parts[1].shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        trained, held = parts[::2], parts[1::2]
        weights_trained, weights_held = (None, None) if weights is None else (trained[2], held[2])
        return trained[0], trained[1], weights_trained, (held[0], self._as_given(held[1]), weights_held)

    def _is_best(self, network: EstimatorNetwork, held: Any) -> bool:
        """Whether this epoch was the best; counts those that did not improve by `tol`."""
        if held is None:
            stands_still = self.loss_ > self.best_loss_ - self.tol
            self.best_loss_ = min(self.best_loss_, self.loss_)
            is_best = False
        else:
            score = self._validation_score(network, *held)
            self.validation_scores_.append(score)
            if self.verbose:
                print(f"Validation score: {score:f}")
            stands_still = score < self.best_validation_score_ + self.tol
            is_best = score > self.best_validation_score_
            self.best_validation_score_ = max(self.best_validation_score_, score)
        self._no_improvement_count = self._no_improvement_count + 1 if stands_still else 0
        return bool(is_best)

    def _validation_score(self, network: EstimatorNetwork, X: Examples, y: Any, weights: Any) -> float:
        predicted = self._answers(network.outputs(X))
        if np.issubdtype(predicted.dtype, np.floating) and not np.isfinite(predicted).all():
            return float("nan")
        score = accuracy_score if is_classifier(self) else r2_score
        return float(score(y, predicted, sample_weight=weights))

    def _why(self) -> str:
        what = "Validation score" if self.early_stopping else "Training loss"
        return f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."

    def _check_solver(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    # Answers

    def _outputs(self, X: Any) -> Matrix:
        """What the network answers, in double precision where the examples or the weights are."""
        check_is_fitted(self)
        refuse_dates(X, "X")
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return self._network().outputs(X)

    def predict(self, X: Any) -> Matrix:
        """The class or the number that the network answers to each example of X, shape (n,) or (n, outputs)."""
        return self._answers(self._outputs(X))

    @property
    def model_(self) -> MLP:
        """The network as an `MLP` of `Value`s, with the weights of now: draw it, step through it, differentiate it.

        It is a new copy each time, because `predict` computes with `coefs_` and `intercepts_`, as in scikit-learn, and
        a model that was changed would no longer be what predicts. To train it on, write `model = estimator.model_`,
        then `fit(model, X, y)` and `predict(model, X)`.

        Raises NotFittedError before `fit`.
        """
        check_is_fitted(self)
        return self._network().as_model()

    def explain(self, row: Any, output: Any = None) -> FeatureEffects:
        """What each feature of one example, shape (features,), adds to an output of the network, to first order.

            ∂output/∂feature, and this times the feature's own number

        `output` is a class, or the number of a target; the predicted class, or the first target, unless you say
        otherwise. Features have the names of the columns that `fit` was given: behind other steps of a pipeline,
        `pipeline.set_output(transform="pandas")` before `fit` hands them on, and the row is that of
        `pipeline[:-1].transform(X)`. A data frame or a series must have them in that order. Raises ValueError for
        another output, for several rows or a row of another shape, and as `predict` does for other names, nan or inf.
        """
        check_is_fitted(self)
        refuse_dates(row, "X")
        X = validate_data(self, _as_rows(row), reset=False, accept_sparse="csr", dtype=np.float64)
        X = X.toarray() if scipy.sparse.issparse(X) else X
        if len(X) != 1:
            raise ValueError(f"explain takes one row, of shape (features,), and not {len(X)}, of shape {X.shape}")
        names = getattr(self, "feature_names_in_", [f"x{k}" for k in range(X.shape[1])])
        inputs = [Value(number, str(name)) for number, name in zip(X[0].tolist(), names, strict=True)]
        prediction = self._answers(self._network().outputs(X))[0]
        return self._explained(prediction, list(self.model_(inputs)), inputs, output)

    @abstractmethod
    def _checked(self, X: Any, y: Any, incremental: bool, is_first: bool) -> tuple[Any, Matrix]:
        """X and y as they are trained on."""

    @abstractmethod
    def _out_activation(self) -> str:
        """What stands behind the last layer, which decides the loss."""

    @abstractmethod
    def _answers(self, outputs: Matrix) -> Matrix:
        """What `predict` returns for these outputs."""

    @abstractmethod
    def _as_given(self, y: Matrix) -> Any:
        """Targets as they were before `_checked`."""

    @abstractmethod
    def _explained(self, prediction: Any, outputs: list[Value], inputs: list[Value], output: Any) -> FeatureEffects:
        """The contributions to one of the outputs."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class MLPClassifier(ClassifierMixin, _Network):  # type: ignore[misc]  # scikit-learn ships no types
    """A multi-layer perceptron for any number of classes, or for several labels at once, trained on the log-loss.

        mean of -Σ yₖ·ln pₖ + α/2 · Σ weight² / n

    Every argument, method and fitted attribute is as in `sklearn.neural_network.MLPClassifier`, whose documentation
    holds: `hidden_layer_sizes`, `activation` ("identity", "logistic", "tanh", "relu", or any activation of ours, such
    as "gelu" or one that you declared), `solver` ("adam", "sgd", "lbfgs"), and so on. The same `random_state` gives the
    same network, to rounding. Of examples in float32, all is computed in single precision, as there. Beside that:
    `model_`, the network as an `MLP` of `Value`s, and `explain(row)`.

    Raises ValueError as scikit-learn does, and for an activation that is unknown.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
    >>> classifier = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> classifier.predict([[-1.0], [4.0]]).tolist()
    ['low', 'high']
    >>> classifier.explain([4.0]).features[0].feature, len(classifier.model_.parameters())
    ('x0', 25)
    """

    classes_: Matrix

    @says_ours(ESTIMATOR_KEYWORDS)
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
    ) -> None:
        _store(self, locals())

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]  # as above
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # as above
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """One epoch on these examples; `classes`, all there will ever be, must be given the first time."""
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y if type_of_target(y).startswith("multilabel") else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict_proba(self, X: Any) -> Matrix:
        """The probability of each class for each example, in the order of `classes_`, shape (n, classes)."""
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: Any) -> Matrix:
        """The logarithm of `predict_proba`."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            logarithms: Matrix = np.log(probabilities)
        return logarithms

    def _checked(self, X: Any, y: Any, incremental: bool, is_first: bool) -> tuple[Any, Matrix]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=is_first
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, self._label_binarizer.transform(y).astype(bool)

    def _check_classes(self, classes: Matrix) -> None:
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {classes}"
            )
        if not self.warm_start and len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _out_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _as_given(self, y: Matrix) -> Any:
        return self._label_binarizer.inverse_transform(y)

    def _answers(self, outputs: Matrix) -> Matrix:
        answers: Matrix = self._label_binarizer.inverse_transform(outputs.ravel() if self.n_outputs_ == 1 else outputs)
        return answers

    def _explained(self, prediction: Any, outputs: list[Value], inputs: list[Value], output: Any) -> FeatureEffects:
        if self.n_outputs_ == 1:  # the probability of the second class
            outputs = [1.0 - outputs[0], outputs[0]]
        names = [f"p({name})" for name in self.classes_.tolist()]
        wanted = self.classes_[int(np.argmax([p.data for p in outputs]))] if output is None else output
        if wanted not in self.classes_.tolist():
            raise ValueError(f"output should be one of the classes {self.classes_.tolist()}, not {output!r}")
        place = self.classes_.tolist().index(wanted)
        numbers = dict(zip(names, [p.data for p in outputs], strict=True))
        return FeatureEffects.of(prediction, numbers, names[place], outputs[place], inputs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, _Network):  # type: ignore[misc]  # scikit-learn ships no types
    """A multi-layer perceptron for one number or several, trained on half the squared error, or on counts.

        mean of ½·(output - y)² + α/2 · Σ weight² / n

    Every argument, method and fitted attribute is as in `sklearn.neural_network.MLPRegressor`, whose documentation
    holds; `loss` is "squared_error" or "poisson". What there is beside that, `MLPClassifier` says.

    Raises ValueError as scikit-learn does, and for an activation that is unknown.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> regressor = MLPRegressor(hidden_layer_sizes=(4,), activation="identity", solver="lbfgs", alpha=0.0, tol=1e-9)
    >>> [round(v, 2) for v in regressor.set_params(random_state=0).fit(X, y).predict([[10.0]]).tolist()]
    [21.0]
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's protocol
        **_Network._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    @says_ours(ESTIMATOR_KEYWORDS)
    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
    ) -> None:
        _store(self, locals())

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]  # as above
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]  # as above
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch on these examples."""
        return self._fit(X, y, sample_weight, incremental=True)

    def _checked(self, X: Any, y: Any, incremental: bool, is_first: bool) -> tuple[Any, Matrix]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True,
            dtype=(np.float64, np.float32), reset=is_first,
        )  # fmt: skip
        if y.dtype.kind not in "biufc":  # words and dates: what scikit-learn does with them first cannot be done
            {"squared_error": np.subtract, "poisson": np.divide}[self.loss](y, np.ones(1))
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _out_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _as_given(self, y: Matrix) -> Any:
        return y

    def _answers(self, outputs: Matrix) -> Matrix:
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def _explained(self, prediction: Any, outputs: list[Value], inputs: list[Value], output: Any) -> FeatureEffects:
        place = 0 if output is None else output
        if place not in range(len(outputs)):
            raise ValueError(f"output should be the number of a target, from 0 to {len(outputs) - 1}, not {output!r}")
        names = [f"y{k}" if len(outputs) > 1 else "y" for k in range(len(outputs))]
        numbers = dict(zip(names, [each.data for each in outputs], strict=True))
        return FeatureEffects.of(prediction, numbers, names[place], outputs[place], inputs)


def _as_rows(row: Any) -> Any:
    """One example as rows, which a data frame and a matrix are already; a series keeps the names of its features."""
    if hasattr(row, "index") and hasattr(row, "to_frame"):
        return row.to_frame().T
    return np.atleast_2d(row) if np.ndim(row) < 2 else row


def _store(estimator: Any, given: dict[str, Any]) -> None:
    """Keep each argument under its own name, unchecked, as scikit-learn's protocol wants it."""
    for name, argument in given.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, argument)
