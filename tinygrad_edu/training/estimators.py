"""`MLPClassifier` and `MLPRegressor`: our networks as scikit-learn estimators.

They follow scikit-learn's protocol to the letter (its `check_estimator` passes), so pipelines, cross-validation, grid
search, metrics and joblib's back ends, on many processes or on a cluster, work with them as with any other estimator.

May import: `nn`, `optim`; `callbacks`, `data`, `history`, `loop` and `prediction` of this folder; NumPy, scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.nn.layers import MLP
from tinygrad_edu.nn.losses import cross_entropy, mean_squared_error
from tinygrad_edu.optim.names import optimizer_called
from tinygrad_edu.training.callbacks import EarlyStopping
from tinygrad_edu.training.data import Array
from tinygrad_edu.training.history import History
from tinygrad_edu.training.loop import fit
from tinygrad_edu.training.prediction import predict

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state, compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        'MLPClassifier and MLPRegressor need scikit-learn; install it with: pip install "tinygrad_edu[learn]"'
    ) from error

__all__ = ["MLPClassifier", "MLPRegressor"]


class _Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What the classifier and the regressor share.

    scikit-learn reads the parameters of an estimator off the signature of its `__init__`, so each has to list them all,
    and store each under its own name, unchecked.
    """

    model_: MLP
    history_: History
    n_features_in_: int

    def __init__(
        self,
        hidden_sizes: Sequence[int] = (32,),
        activation: str = "relu",
        *,
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        epochs: int = 100,
        batch_size: int | None = None,
        weight_decay: float = 1e-4,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_sizes = hidden_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X: Array, y: Array, n_outputs: int, loss: Any, stratify: Any = None) -> None:
        """Build the network and train it."""
        random = check_random_state(self.random_state)
        model_seed, order_seed, split_seed = random.randint(np.iinfo(np.int32).max, size=3).tolist()
        model = MLP(X.shape[1], [*self.hidden_sizes, n_outputs], self.activation, seed=model_seed)
        optimizer = optimizer_called(
            self.optimizer, model.parameters(), self.learning_rate, weight_decay=self.weight_decay
        )
        validation = None
        if self.early_stopping:
            X, X_held, y, y_held = train_test_split(
                X, y, test_size=self.validation_fraction, random_state=split_seed, stratify=stratify
            )
            validation = (X_held, y_held)
        self.history_ = fit(
            model,
            X,
            y,
            loss,
            optimizer,
            epochs=self.epochs,
            batch_size=None if self.batch_size is None else min(self.batch_size, len(X)),
            validation_data=validation,
            callbacks=[EarlyStopping(self.patience)] if self.early_stopping else [],
            seed=order_seed,
            progress=None if self.verbose else False,
        )
        self.model_ = model
        self.n_iter_ = self.history_.epochs

    def _outputs(self, X: Any) -> Array:
        """What the network answers to each example, shape (n, outputs)."""
        check_is_fitted(self)
        return predict(self.model_, validate_data(self, X, dtype=np.float64, reset=False))


class MLPClassifier(ClassifierMixin, _Network):  # type: ignore[misc]  # scikit-learn ships no types
    """A multi-layer perceptron for any number of classes, trained on cross-entropy.

    `hidden_sizes` and `activation` describe the network, `optimizer` ("adam", "rmsprop", "momentum", "sgd"),
    `learning_rate`, `epochs`, `batch_size` (None: 32 or all) and `weight_decay` λ, which adds λ·θ to the gradient, the
    training; with `early_stopping` a `validation_fraction` of the data is held back, and training ends `patience`
    epochs after the best. `class_weight` is as in scikit-learn: None, "balanced", or a dict. After `fit`: `classes_`,
    `model_` (the `MLP`), `history_`, `n_iter_` (epochs), `n_features_in_`.

    Raises ValueError as scikit-learn's estimators and `fit` do.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
    >>> classifier = MLPClassifier(random_state=0).fit(X, y)
    >>> classifier.predict([[-1.0], [4.0]]).tolist()
    ['low', 'high']
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        hidden_sizes: Sequence[int] = (32,),
        activation: str = "relu",
        *,
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        epochs: int = 100,
        batch_size: int | None = None,
        weight_decay: float = 1e-4,
        class_weight: Mapping[Any, float] | str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden_sizes,
            activation,
            optimizer=optimizer,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            weight_decay=weight_decay,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from examples X, shape (n, features), and their labels y, shape (n,)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        loss = cross_entropy if self.class_weight is None else partial(cross_entropy, class_weights=weights.tolist())
        self._fit(X, labels.astype(np.float64), len(self.classes_), loss, stratify=labels)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class for each example, in the order of `classes_`, shape (n, classes)."""
        logits = self._outputs(X)
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Array = scores / scores.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each example, shape (n,)."""
        logits = self._outputs(X)
        labels: NDArray[Any] = self.classes_[logits.argmax(axis=1)]
        return labels


class MLPRegressor(RegressorMixin, _Network):  # type: ignore[misc]  # scikit-learn ships no types
    """A multi-layer perceptron for one number or several, trained on the mean squared error.

    The parameters are those of `MLPClassifier`, without `class_weight`. Targets are learned as they are: scale those
    that are far from 1, with `TransformedTargetRegressor` for example. After `fit`: `model_` (the `MLP`), `history_`,
    `n_iter_` (epochs), `n_features_in_`.

    Raises ValueError as scikit-learn's estimators and `fit` do.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> regressor = MLPRegressor([], epochs=500, weight_decay=0.0, learning_rate=0.1, random_state=0).fit(X, y)
    >>> [round(v, 2) for v in regressor.predict([[10.0]]).tolist()]
    [21.0]
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from examples X, shape (n, features), and their targets y, shape (n,) or (n, outputs)."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._one_output = y.ndim == 1
        self._fit(X, y, 1 if self._one_output else y.shape[1], mean_squared_error)
        return self

    def predict(self, X: Any) -> Array:
        """The predicted number of each example, shape (n,), or (n, outputs) if the targets had columns."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_output else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
