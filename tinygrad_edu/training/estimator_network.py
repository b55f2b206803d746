"""The network of an estimator: its parameters as one array, its loss recorded once, its outputs as matrices.

The loss of one example is written in scalars and recorded; programs are kept by their shapes, because grid searches and
folds train the same network again and again. Outputs are computed by the rules of the rule book on arrays.

May import: `op`, `ops`, `number_systems`, `functions`, `nn`, `replay`, `value`; NumPy, scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

from tinygrad_edu.functions import dot, fsum, logsumexp
from tinygrad_edu.nn.activations import resolve_activation
from tinygrad_edu.nn.layers import MLP
from tinygrad_edu.number_systems.arrays import arrays
from tinygrad_edu.op import RULE_BOOK, Op
from tinygrad_edu.ops import bind
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.replay.run import Program
from tinygrad_edu.value import Value

__all__ = ["EstimatorNetwork", "operation_called"]

Matrix = np.ndarray[Any, np.dtype[Any]]

#: What scikit-learn calls activations, and what they are called here.
_ALSO = {"identity": "linear", "logistic": "sigmoid"}


def operation_called(activation: str) -> Op | None:
    """The operation that an activation is, by scikit-learn's name or by ours; None for the identity.

    Raises ValueError for a name that is no activation of one number.

    >>> operation_called("logistic").method, operation_called("identity")
    ('sigmoid', None)
    """
    name = _ALSO.get(activation, activation)
    resolve_activation(name)
    operation = RULE_BOOK.get(name)
    return None if operation is None else bind(operation, *operation.defaults)


class EstimatorNetwork:
    """A network of layers, trained on one loss.

    `theta` holds all parameters, neuron by neuron: its weights, then its bias, as in `MLP.parameters()`. `coefs` and
    `intercepts` are views of it, shaped as scikit-learn has them: (inputs, outputs) and (outputs,). `out_activation` is
    scikit-learn's name, and decides the loss: "softmax", "logistic" (of each output), "identity" or "exp". All is
    computed in `dtype`, but for outputs of examples in double precision.

    >>> network = EstimatorNetwork([2, 3, 1], "tanh", "identity")
    >>> network.theta.shape, network.coefs[0].shape, network.intercepts[1].shape
    ((13,), (2, 3), (1,))
    >>> network.outputs(np.ones((4, 2))).shape
    (4, 1)
    """

    def __init__(self, sizes: Sequence[int], activation: str, out_activation: str, dtype: Any = np.float64) -> None:
        self.sizes = tuple(sizes)
        self.made_for = (self.sizes, activation, out_activation, np.dtype(dtype))
        self.activation, self.out_activation = activation, out_activation
        self._operation = operation_called(activation)
        counts = [(n_in + 1) * n_out for n_in, n_out in pairwise(self.sizes)]
        self.theta: Matrix = np.zeros(sum(counts), dtype)
        self.is_weight: Matrix = np.ones(sum(counts), dtype)
        self.coefs: list[Matrix] = []
        self.intercepts: list[Matrix] = []
        ends = np.cumsum([0, *counts])
        for (n_in, n_out), (start, end) in zip(pairwise(self.sizes), pairwise(ends), strict=True):
            block = self.theta[start:end].reshape(n_out, n_in + 1)
            self.coefs.append(block[:, :n_in].T)
            self.intercepts.append(block[:, n_in])
            self.is_weight[start:end].reshape(n_out, n_in + 1)[:, n_in] = 0.0
        self._programs: dict[bool, Program] = {}

    def set_parameters(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> None:
        """Take over these numbers.

        Raises ValueError for arrays of other shapes.
        """
        for ours, theirs in zip([*self.coefs, *self.intercepts], [*coefs, *intercepts], strict=True):
            if ours.shape != np.shape(theirs):
                raise ValueError(f"coefs_ or intercepts_ of shape {np.shape(theirs)} stand where {ours.shape} belongs")
            ours[...] = theirs

    def loss_and_gradient(self, X: Matrix, y: Matrix, weights: Matrix | None) -> tuple[float, Matrix]:
        """The mean loss of a batch, by the weights of its examples where there are some, and its gradient by theta."""
        program = self._program(weights is not None)
        if weights is None:
            loss, gradient = program.value_and_grad(X, y)
            return self._reported(float(loss), y, None), gradient
        share = len(weights) / float(weights.sum())
        loss, gradient = program.value_and_grad(X, y, weights)
        return self._reported(float(loss) * share, y, weights), gradient * share

    def _reported(self, loss: float, y: Matrix, weights: Matrix | None) -> float:
        """What scikit-learn reports: of several targets, the mean of the squared errors, and of counts the deviance."""
        if self.out_activation == "identity":
            return loss / len(y[0])
        if self.out_activation == "exp":
            safe = np.where(y > 0.0, y, 1.0)
            return loss + float(np.average(y * np.log(safe) - y, weights=weights, axis=0).sum())
        return loss

    def _program(self, weighted: bool) -> Program:
        if weighted not in self._programs:
            program = _recorded(self.sizes, self._operation, self.activation, self.out_activation, weighted)
            self._programs[weighted] = program.twin(self.theta)
        return self._programs[weighted]

    def outputs(self, X: Any) -> Matrix:
        """What the network answers to each row of X, dense or sparse, shape (n, outputs)."""
        answer: Any = X
        for k, (coef, intercept) in enumerate(zip(self.coefs, self.intercepts, strict=True)):
            answer = safe_sparse_dot(answer, coef, dense_output=True) + intercept
            if k < len(self.coefs) - 1 and self._operation is not None:
                with np.errstate(all="ignore"):  # a rule may compute with numbers of double precision on the way
                    answer = self._operation.compute(arrays, answer).astype(answer.dtype, copy=False)
        outputs: Matrix = _OUTPUTS[self.out_activation](answer)
        return outputs

    def as_model(self) -> MLP:
        """An `MLP` of `Value`s that computes the same."""
        hidden, output = (
            _ALSO.get(self.activation, self.activation),
            _ALSO.get(self.out_activation, self.out_activation),
        )
        model = MLP(self.sizes[0], self.sizes[1:], hidden, output_activation=output, init="zeros")
        for parameter, number in zip(model.parameters(), self.theta.tolist(), strict=True):
            parameter.data = number
        return model


# The loss of one example ----------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _recorded(
    sizes: tuple[int, ...], operation: Op | None, activation: str, out_activation: str, weighted: bool
) -> Program:
    """The program of the loss of one example; `operation` tells networks apart whose activation was declared anew.

    It need not be compared with eager code: what is recorded is written here, and looks at no number.
    """
    activate = resolve_activation(_ALSO.get(activation, activation))
    params = [Value(0.1) for _ in range(sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes)))]
    loss_of = _LOSSES[out_activation]

    def loss(x: Any, y: Any, *weight: Any) -> Value:
        values, following = x.tolist(), iter(params)
        for depth, (n_in, n_out) in enumerate(pairwise(sizes)):
            sums = [dot(list(islice(following, n_in)), values, next(following)) for _ in range(n_out)]
            values = sums if depth == len(sizes) - 2 else [activate(z) for z in sums]
        value = loss_of(values, y.tolist())
        return value * weight[0] if weight else value

    return recorded(loss, [(sizes[0],), (sizes[-1],), *([()] if weighted else [])], params)


def _log_loss(logits: list[Value], y: list[Value]) -> Value:
    """-Σ yₖ · ln softmax(z)ₖ, for a y whose numbers add up to 1."""
    return logsumexp(logits) - dot(y, logits)


def _binary_log_loss(logits: list[Value], y: list[Value]) -> Value:
    """Σ -yₖ · ln σ(zₖ) - (1 - yₖ) · ln(1 - σ(zₖ))."""
    return fsum([z.softplus() for z in logits]) - dot(y, logits)


def _half_squared_error(outputs: list[Value], y: list[Value]) -> Value:
    """½ Σ (zₖ - yₖ)²."""
    return 0.5 * fsum([(z - target).square() for z, target in zip(outputs, y, strict=True)])


def _poisson_loss(logarithms: list[Value], y: list[Value]) -> Value:
    """Σ exp(zₖ) - yₖ·zₖ: half the deviance of counts, less what does not depend on the network."""
    return fsum([z.exp() for z in logarithms]) - dot(y, logarithms)


_LOSSES = {"softmax": _log_loss, "logistic": _binary_log_loss, "identity": _half_squared_error, "exp": _poisson_loss}


def _softmax(logits: Matrix) -> Matrix:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Matrix = raised / raised.sum(axis=1, keepdims=True)
    return shares


_OUTPUTS: dict[str, Any] = {"softmax": _softmax, "logistic": arrays.sigmoid, "identity": np.asarray, "exp": np.exp}
