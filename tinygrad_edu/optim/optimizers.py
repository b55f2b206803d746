"""Optimizers: how a gradient becomes a step of the parameters.

Each update rule is written once, on flat float64 arrays: `update(theta, gradient)` returns the new parameters, or
writes them into `out`, which may be `theta` itself. `step()` feeds it the `.data` and `.grad` of the `Value`s; replay
feeds it its own arrays. Where these are float32, so is all that an optimizer keeps. All state (velocities, running
averages, the count of iterations) lives here, outside `Value`, and `state_dict()` gives it away, so that a run can be
stopped and resumed bit for bit. A rule computes in the arrays that are there: making new ones would take a third of its
time.

To add an optimizer, write a subclass of `Optimizer` here. If people should be able to choose it by a word, give it one
in `names`.

May import: `arguments`, `elsewhere`, `value`, `arrays`; `vectors` of this folder; NumPy.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeAlias
from warnings import warn

import numpy as np

from tinygrad_edu.arguments import above_zero, at_least_zero, kept_share
from tinygrad_edu.arrays import flat
from tinygrad_edu.elsewhere import (
    OPTIMIZER_ATTRIBUTES,
    OPTIMIZER_KEYWORDS,
    ZERO_GRAD_KEYWORDS,
    CalledElsewhere,
    call_elsewhere,
    says_ours,
)
from tinygrad_edu.optim.vectors import ArraysOfParameters, Vector, gradients_of, numbers_of, write_numbers
from tinygrad_edu.value import Value

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "Parameters", "RMSprop"]

#: What an optimizer moves: `Value`s, or arrays of them such as `[W, b]`.
Parameters: TypeAlias = Iterable[Value | np.ndarray[Any, Any]]


class Optimizer(ABC):
    """What all optimizers share: the parameters, the learning rate η, the count of iterations, and `step()`.

    `params` are `Value`s, or arrays of them, which are taken element by element. A subclass names its buffers (arrays
    of one number per parameter, zero at first) and writes its rule. Raises TypeError or ValueError for parameters that
    are not distinct leaf `Value`s, and ValueError for settings out of their range.

    >>> from tinygrad_edu import array
    >>> len(SGD([array([[1.0, 2.0], [3.0, 4.0]]), array([0.0, 0.0])], lr=0.1).params)
    6
    """

    buffer_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, params: Parameters, lr: float, weight_decay: float) -> None:
        given = list(params) if isinstance(params, Iterator) else params  # which can be gone through once only
        self.params = _checked_params(given)
        self._arrays = ArraysOfParameters(given, self.params)
        self.lr = lr
        self.weight_decay = at_least_zero(weight_decay, "weight_decay")
        self.iteration = 0
        self.buffers: dict[str, Vector] = {name: np.zeros(len(self.params)) for name in self.buffer_names}
        self._scratch = np.empty(len(self.params)), np.empty(len(self.params))

    @property
    def lr(self) -> float:
        """The learning rate η; set it to change the next steps, and what schedules made after that begin with."""
        return self._lr

    @lr.setter
    def lr(self, rate: float) -> None:
        self._lr = self._initial_lr = at_least_zero(rate, "lr")

    @property
    def initial_lr(self) -> float:
        """The learning rate as it was last set by hand: what schedules begin with, however many there are."""
        return self._initial_lr

    def schedule_lr(self, rate: float) -> None:
        """Set the learning rate of the next steps as a schedule does: `initial_lr` stays.

        >>> optimizer = SGD([Value(0.0)], lr=0.5)
        >>> optimizer.schedule_lr(0.1)
        >>> optimizer.lr, optimizer.initial_lr
        (0.1, 0.5)
        """
        self._lr = at_least_zero(rate, "the learning rate of a schedule")

    @abstractmethod
    def rule(self, theta: Vector, gradient: Vector, out: Vector) -> None:
        """Write the new parameters into `out`; `self.iteration` already counts this step. Arrays of shape (n,).

        `out` may be `theta` or `gradient`, so it is written last. What is computed on the way goes into `_scratch`,
        two arrays of that shape, whose numbers nobody needs afterwards.
        """

    def update(self, theta: Vector, gradient: Vector, out: Vector | None = None) -> Vector:
        """One iteration on flat arrays of shape (n,): the new parameters, in a new array, or in `out` if it is given.

        With `out=theta` the parameters are moved in place. Raises ValueError when the shapes do not fit the parameters.

        >>> SGD([Value(0.0)], lr=0.5).update(np.array([1.0]), np.array([4.0]))
        array([-1.])
        >>> theta = np.array([1.0])
        >>> _ = SGD([Value(0.0)], lr=0.5).update(theta, np.array([4.0]), out=theta)
        >>> theta
        array([-1.])
        """
        expected = (len(self.params),)
        if np.shape(theta) != expected or np.shape(gradient) != expected:
            raise ValueError(
                f"this optimizer holds {expected[0]} parameters, so it needs arrays of shape {expected}, "
                f"not parameters of shape {np.shape(theta)} and a gradient of shape {np.shape(gradient)}"
            )
        self._compute_in(getattr(theta, "dtype", None) == np.float32)
        if out is None:  # nan, lest a rule that forgets to write goes unseen
            out = np.full(expected, np.nan, self._scratch[0].dtype)
        if out.shape != expected:
            raise ValueError(f"out is an array of shape {expected}, a number for each parameter, not {out.shape}")
        self.iteration += 1
        returned: object = self.rule(theta, gradient, out)
        if returned is not None:
            given = type(returned).__name__
            raise TypeError(f"rule writes the new parameters into out and returns nothing, not {given}")
        return out

    def _compute_in(self, single: bool) -> None:
        """Keep the buffers in the precision of the parameters, as PyTorch does."""
        kind = np.float32 if single else np.float64
        if self._scratch[0].dtype != kind:
            self._scratch = np.empty(len(self.params), kind), np.empty(len(self.params), kind)
            self.buffers = {name: buffer.astype(kind) for name, buffer in self.buffers.items()}

    def _decayed(self, theta: Vector, gradient: Vector) -> Vector:
        """g + λ·θ, in the first scratch array; the gradient itself where no weight decays."""
        if not self.weight_decay:
            return gradient
        decayed = np.multiply(theta, self.weight_decay, out=self._scratch[0])
        return np.add(gradient, decayed, out=decayed)

    def _averaged_square(self, gradient: Vector, share: float) -> Vector:
        """s ← ρ·s + (1 - ρ)·g², in the buffer "square"; the second scratch array is written over."""
        square, added = self.buffers["square"], self._scratch[1]
        np.multiply(gradient, gradient, out=added)
        added *= 1.0 - share
        square *= share
        square += added
        return square

    def step(self) -> None:
        """One iteration: move the `.data` of the parameters by their `.grad`.

        Warns at the first one when all of these are 0, as they are before any `backward()`, and no weight decays.

        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD([w], lr=0.1).step()
        >>> round(w.data, 12)
        2.4
        """
        self.check_arrays()
        gradient = gradients_of(self.params)
        if self.iteration == 0 and not (gradient.any() or self.weight_decay):
            order = "the order is zero_grad(), loss.backward(), step()"
            cause = "what was computed under no_grad() or from `.data` hands nothing back"
            warn(f"every gradient is 0, so no parameter moves: {order}, and {cause}", stacklevel=2)
        write_numbers(self.params, self.update(numbers_of(self.params), gradient))

    def check_arrays(self) -> None:
        """Raise ValueError where an array holds a Value in the place of a parameter, which no step would move.

        >>> from tinygrad_edu import array
        >>> W = array([1.0, 2.0])
        >>> optimizer = SGD([W])
        >>> W.data = [3.0, 4.0]
        >>> optimizer.check_arrays()
        """
        self._arrays.check()

    @says_ours(ZERO_GRAD_KEYWORDS)
    def zero_grad(self) -> None:
        """Forget the gradients, which otherwise accumulate: set every `.grad` to 0."""
        self.check_arrays()
        for p in self.params:
            p.grad = 0.0

    def settings(self) -> dict[str, Any]:
        """The numbers that were chosen, by name: what to write beside a result."""
        hidden = {"params", "buffers", "iteration", "_arrays", "_scratch", "_lr", "_initial_lr"}
        return {"lr": self.lr} | {k: v for k, v in vars(self).items() if k not in hidden}

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next steps depend on beside parameters and gradients, as copies."""
        return {
            "optimizer": type(self).__name__,
            "iteration": self.iteration,
            "lr": self.lr,
            "initial_lr": self.initial_lr,
            "buffers": {name: buffer.copy() for name, buffer in self.buffers.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict()` was taken.

        Raises ValueError, and changes nothing, when the state belongs to another optimizer or other parameters.
        """
        own = type(self).__name__
        if state["optimizer"] != own:
            raise ValueError(f"this is the state of {state['optimizer']}, and the optimizer here is {own}")
        single = {np.asarray(buffer).dtype for buffer in state["buffers"].values()} == {np.dtype(np.float32)}
        kind: Any = np.float32 if single else np.float64
        buffers = {name: np.array(buffer, kind) for name, buffer in state["buffers"].items()}
        shapes = {name: buffer.shape for name, buffer in buffers.items()}
        expected = {name: buffer.shape for name, buffer in self.buffers.items()}
        if shapes != expected:
            raise ValueError(f"the state has buffers {shapes}, and {own} of these parameters needs {expected}")
        self.lr = state["initial_lr"]
        self.schedule_lr(state["lr"])
        self.iteration = int(state["iteration"])
        self._compute_in(single)
        self.buffers = buffers

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.settings().items())
        return f"{type(self).__name__}({len(self.params)} parameters, {settings})"


call_elsewhere(Optimizer, "an optimizer", OPTIMIZER_ATTRIBUTES)
# Setting this one would change nothing, and nobody would know.
call_elsewhere(Optimizer, "an optimizer", {"learning_rate": "it is `lr`, as in PyTorch"}, CalledElsewhere)


class SGD(Optimizer):
    """Gradient descent, with momentum μ, Nesterov's look ahead and weight decay λ.

        g ← g + λ·θ,   v ← μ·v + g,   θ ← θ - η·v          (Nesterov: θ ← θ - η·(g + μ·v))

    Called stochastic when each gradient comes from one batch (Robbins & Monro 1951). Polyak 1964; Nesterov 1983;
    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", in the form PyTorch
    documents.

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).backward()
    ...     optimizer.step()
    >>> round(w.data, 6)
    0.46
    """

    buffer_names = ("velocity",)

    @says_ours(OPTIMIZER_KEYWORDS)
    def __init__(
        self,
        params: Parameters,
        lr: float = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        self.momentum = kept_share(momentum, "momentum")
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the momentum, and momentum is 0; set it, 0.9 for example")

    def rule(self, theta: Vector, gradient: Vector, out: Vector) -> None:
        """θ - η·v, with the velocity v; see the class."""
        gradient, velocity, direction = self._decayed(theta, gradient), self.buffers["velocity"], self._scratch[1]
        velocity *= self.momentum
        velocity += gradient
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=direction)
            direction += gradient
            direction *= self.lr
        else:
            np.multiply(velocity, self.lr, out=direction)
        np.subtract(theta, direction, out=out)


class RMSprop(Optimizer):
    """Steps divided by the running root mean square of each gradient.

        g ← g + λ·θ,   s ← ρ·s + (1 - ρ)·g²,   θ ← θ - η·g / (√s + ε)

    `alpha` is ρ. Tieleman & Hinton 2012, Coursera lecture 6.5, in the form PyTorch documents.

    >>> w = Value(1.0)
    >>> optimizer = RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    0.8
    """

    buffer_names = ("square",)

    @says_ours(OPTIMIZER_KEYWORDS)
    def __init__(
        self,
        params: Parameters,
        lr: float = 0.01,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        self.alpha = kept_share(alpha, "alpha")
        self.eps = above_zero(eps, "eps")

    def rule(self, theta: Vector, gradient: Vector, out: Vector) -> None:
        """θ - η·g / (√s + ε); see the class."""
        gradient = self._decayed(theta, gradient)
        root, direction = np.sqrt(self._averaged_square(gradient, self.alpha), out=self._scratch[1]), self._scratch[0]
        root += self.eps
        np.multiply(gradient, self.lr, out=direction)
        direction /= root
        np.subtract(theta, direction, out=out)


class Adam(Optimizer):
    """Momentum and RMSprop together, both averages corrected for having started at zero.

        g ← g + λ·θ,   m ← β₁·m + (1 - β₁)·g,   s ← β₂·s + (1 - β₂)·g²
        θ ← θ - η · m / (1 - β₁ᵗ) / (√(s / (1 - β₂ᵗ)) + ε)            at iteration t = 1, 2, ...

    Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.

    >>> w = Value(1.0)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> round(w.data, 6)
    0.9
    """

    buffer_names = ("mean", "square")

    @says_ours(OPTIMIZER_KEYWORDS)
    def __init__(
        self,
        params: Parameters,
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        if np.ndim(betas) != 1 or len(betas) != 2:
            kind = ValueError if np.ndim(betas) else TypeError
            raise kind(f"betas are two numbers, for the mean and for the square, as in (0.9, 0.999), not {betas!r}")
        self.betas = (kept_share(betas[0], "betas[0]"), kept_share(betas[1], "betas[1]"))
        self.eps = above_zero(eps, "eps")

    def rule(self, theta: Vector, gradient: Vector, out: Vector) -> None:
        """Adam's step, with the weight decay in the gradient; see the class."""
        np.subtract(theta, self._direction(self._decayed(theta, gradient)), out=out)

    def _direction(self, gradient: Vector) -> Vector:
        """η / (1 - β₁ᵗ) · m / (√s / √(1 - β₂ᵗ) + ε), in the first scratch array: dividing an array takes longest."""
        (beta1, beta2), t, mean = self.betas, self.iteration, self.buffers["mean"]
        direction, root = self._scratch
        square = self._averaged_square(gradient, beta2)
        mean *= beta1
        mean += np.multiply(gradient, 1.0 - beta1, out=direction)
        np.sqrt(square, out=root)
        root *= 1.0 / math.sqrt(1.0 - beta2**t)
        root += self.eps
        np.divide(mean, root, out=direction)
        direction *= self.lr / (1.0 - beta1**t)
        return direction


class AdamW(Adam):
    """Adam with decoupled weight decay: the weights shrink by themselves, not through the gradient.

        θ ← θ - η·λ·θ,   then Adam's step with λ = 0

    Loshchilov & Hutter 2019, "Decoupled weight decay regularization", in the form PyTorch documents.

    >>> w = Value(1.0)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> optimizer.step()
    >>> round(w.data, 6)
    0.95
    """

    @says_ours(OPTIMIZER_KEYWORDS)
    def __init__(
        self,
        params: Parameters,
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def rule(self, theta: Vector, gradient: Vector, out: Vector) -> None:
        """Shrink by η·λ, then Adam's step; see the class."""
        direction, shrunk = self._direction(gradient), self._scratch[1]
        np.multiply(theta, self.lr * self.weight_decay, out=shrunk)
        np.subtract(theta, shrunk, out=shrunk)
        np.subtract(shrunk, direction, out=out)


def _checked_params(params: Parameters) -> tuple[Value, ...]:
    """The parameters as a tuple of distinct leaf `Value`s, at least one."""
    if hasattr(params, "parameters"):
        raise TypeError(
            f"an optimizer takes parameters, and {type(params).__name__} is a model; pass model.parameters()"
        )
    if callable(params):
        raise TypeError(f"an optimizer takes parameters, and {params!r} was not called; add (): model.parameters()")
    if isinstance(params, Value) or not isinstance(params, Iterable):
        raise TypeError(f"an optimizer takes a list of parameters, not {params!r}; put it in brackets")
    checked = tuple(flat(params))
    if not checked:
        raise ValueError("an optimizer needs at least one parameter, not an empty list; pass model.parameters()")
    for index, p in enumerate(checked):
        if not isinstance(p, Value):
            raise TypeError(
                f"parameter {index} is {p!r} of type {type(p).__name__}, not a Value; pass model.parameters()"
            )
        if p.op is not None:
            raise ValueError(
                f"parameter {index} was computed by {p.op.name!r}, so a step would be lost when it is computed again; "
                "pass the leaf Values it was made of"
            )
    if len(set(checked)) < len(checked):
        raise ValueError("a parameter is in the list twice and would be moved twice; pass each Value once")
    return checked
