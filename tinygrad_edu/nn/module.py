"""`Module`: anything that has parameters.

A subclass stores `Value`s and other modules in its attributes, and writes `__call__`. Nothing is registered: the
parameters are found by looking at the attributes, in the order in which they were first set.

    class Line(Module):
        def __init__(self):
            self.slope, self.offset = Value(1.0), Value(0.0)

        def __call__(self, x):
            return self.slope * x + self.offset

Numbers that belong to a module's state but are not trained, such as the running mean of a batch normalization, are
plain floats or lists of floats in attributes that the class names in `buffer_names`.

May import: `texts`, `value`; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from reprlib import recursive_repr
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from tinygrad_edu.texts import counted
from tinygrad_edu.value import Value

__all__ = ["Module", "State", "in_mode", "modes_of"]

#: By identity, the modules that are in another mode for this thread or task than for all others: see `in_mode`.
_modes_here: ContextVar[Mapping[int, bool] | None] = ContextVar("tinygrad_edu_modules_in_mode", default=None)
#: What `state_dict` returns: the number of each parameter, and each buffer, by path.
State: TypeAlias = dict[str, Any]


class Module:
    """Anything that has parameters: a neuron, a layer, a whole network.

    A parameter is a leaf `Value` in an attribute of the module or of a module inside it, or in lists, tuples,
    dictionaries or arrays of them, nested as deep as you like. A computed `Value` is not a parameter, and attributes
    whose names begin with an underscore are private: nothing is looked for there. What occurs twice counts once.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).data, line.named_parameters()
    (7.0, [('slope', Value(2.0)), ('offset', Value(1.0))])
    """

    #: The attributes that `state_dict` carries beside the parameters: floats, or (nested) lists of floats.
    buffer_names: ClassVar[tuple[str, ...]] = ()

    _training = True

    @property
    def training(self) -> bool:
        """Whether the module is being trained (`train()`) or used (`eval()`): dropout and batch normalization ask."""
        here = _modes_here.get()
        return self._training if here is None else here.get(id(self), self._training)

    @training.setter
    def training(self, mode: bool) -> None:
        _put_in_mode([self], mode)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "training" in vars(cls) and not isinstance(vars(cls)["training"], property):
            raise TypeError(
                f"{cls.__name__} declares `training` in its class, which would hide whether it is being trained; every "
                "Module begins in train(): call eval() on it instead"
            )

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, with the path "", and every module inside it with its path, outer before inner.

        >>> from tinygrad_edu.nn import MLP
        >>> [path for path, module in MLP(1, [2, 1]).named_modules()]
        ['', 'layers.0', 'layers.0.neurons.0', 'layers.0.neurons.1', 'layers.1', 'layers.1.neurons.0']
        """
        return [(path, item) for path, item in _walk(self, "", set()) if isinstance(item, Module)]

    def modules(self) -> list[Module]:
        """This module and every module inside it, outer before inner."""
        return [module for _, module in self.named_modules()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its path, such as `layers.0.neurons.3.weights.1`.

        >>> from tinygrad_edu.nn import Layer
        >>> [path for path, parameter in Layer(2, 1).named_parameters()]
        ['neurons.0.weights.0', 'neurons.0.weights.1', 'neurons.0.bias']
        """
        return [(path, item) for path, item in _walk(self, "", set()) if isinstance(item, Value)]

    def parameters(self) -> list[Value]:
        """Every parameter: what an optimizer changes."""
        return [parameter for _, parameter in self.named_parameters()]

    def label_parameters(self) -> None:
        """Label every parameter with its path, so that drawings and the stepper name it."""
        for path, parameter in self.named_parameters():
            parameter.label = path

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each `backward()` of a training loop."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Put this module and those inside it in training mode, and return it."""
        _put_in_mode(self.modules(), mode)
        return self

    def eval(self) -> Self:
        """Put this module and those inside it in the mode of use, and return it: dropout passes everything."""
        return self.train(False)

    def state_dict(self) -> State:
        """The number of every parameter and a copy of every buffer, by path: what to save.

        >>> from tinygrad_edu.nn import Neuron
        >>> Neuron(2, init="zeros").state_dict()
        {'weights.0': 0.0, 'weights.1': 0.0, 'bias': 0.0}
        """
        state: State = {path: parameter.data for path, parameter in self.named_parameters()}
        return state | {path: _plain(getattr(module, name)) for path, module, name in self._named_buffers()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` of a module built alike has returned; all of it or, on an error, nothing.

        Raises ValueError when names are missing or unknown or a buffer has another shape, TypeError when
        something is not a number.

        >>> from tinygrad_edu.nn import Neuron
        >>> neuron = Neuron(1)
        >>> neuron.load_state_dict({"weights.0": 0.5, "bias": -1.0})
        >>> neuron.parameters()
        [Value(0.5, label='weights.0'), Value(-1.0, label='bias')]
        """
        parameters, buffers = self.named_parameters(), self._named_buffers()
        self._check_names([*(path for path, _ in parameters), *(path for path, _, _ in buffers)], state)
        numbers = [_number(path, state[path]) for path, _ in parameters]
        arrays = [_matching(path, state[path], getattr(module, name)) for path, module, name in buffers]
        for (_, parameter), number in zip(parameters, numbers, strict=True):
            parameter.data = number
        for (_, module, name), array in zip(buffers, arrays, strict=True):
            setattr(module, name, array)

    def _named_buffers(self) -> list[tuple[str, Module, str]]:
        return [
            (f"{path}.{name}" if path else name, module, name)
            for path, module in self.named_modules()
            for name in module.buffer_names
        ]

    def _check_names(self, expected: list[str], state: Mapping[str, Any]) -> None:
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a mapping from names to numbers, as state_dict() returns it, not {state!r}")
        known = set(expected)
        missing = [path for path in expected if path not in state]
        unknown = [str(path) for path in state if path not in known]
        problems = [_first_of(missing, "missing")] * bool(missing) + [_first_of(unknown, "unknown")] * bool(unknown)
        if problems:
            raise ValueError(
                f"this state does not fit {type(self).__name__}, which has {len(expected)} names: "
                f"{' and '.join(problems)}; build the module with the sizes it was saved with"
            )

    def describe(self) -> str:
        """What `repr` says about this module instead of listing those inside it, such as "2 -> 16, tanh"."""
        return ""

    @recursive_repr("...")
    def __repr__(self) -> str:
        count = len(self.parameters())
        size = counted(count, "parameter")
        if text := self.describe():
            return f"{type(self).__name__}({text}; {size})"
        lines = [f"{path}: {module!r}" for path, module in _members(self) if isinstance(module, Module)]
        inside = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
        return f"{type(self).__name__}({size}{inside}\n)" if inside else f"{type(self).__name__}({size})"


def _put_in_mode(modules: Sequence[Module], training: bool) -> None:
    """For all threads or, where the mode is one of `in_mode`, for this thread or task only."""
    here = _modes_here.get() or {}
    inside = {id(module): training for module in modules if id(module) in here}
    if inside:
        _modes_here.set({**here, **inside})
    for module in modules:
        if id(module) not in inside:
            module._training = training


def modes_of(model: Module) -> tuple[bool, ...]:
    """Which modules are being trained: those of the model and, inside `in_mode`, whatever else is in one.

    >>> from tinygrad_edu.nn import Neuron
    >>> modes_of(Neuron(1).eval())
    (False,)
    """
    here = _modes_here.get()
    return tuple([module.training for module in model.modules()]) if here is None else tuple(here.values())


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """Run a block with the model in `train()` or `eval()`, for this thread or task only.

    >>> from tinygrad_edu.nn import Neuron
    >>> neuron = Neuron(1)
    >>> with in_mode(neuron, training=False):
    ...     inside = neuron.training
    >>> inside, neuron.training
    (False, True)
    """
    modules = model.modules()  # kept here, so that no new module can get the identity of one of them
    token = _modes_here.set({**(_modes_here.get() or {}), **dict.fromkeys(map(id, modules), training)})
    try:
        yield
    finally:
        _modes_here.reset(token)


def _walk(module: Module, path: str, seen: set[int]) -> Iterator[tuple[str, Value | Module]]:
    """The module and every parameter and module inside it, with its path; each once."""
    seen.add(id(module))
    yield path, module
    for own_path, member in _members(module):
        full_path = f"{path}.{own_path}" if path else own_path
        if id(member) in seen:
            continue
        if isinstance(member, Module):
            yield from _walk(member, full_path, seen)
        else:
            seen.add(id(member))
            yield full_path, member


def _members(module: Module) -> Iterator[tuple[str, Value | Module]]:
    """The parameters and modules that the attributes of `module` hold, without looking inside those modules."""
    for name, attribute in vars(module).items():
        if not name.startswith("_"):
            yield from _found_in(attribute, name)


def _found_in(item: Any, path: str) -> Iterator[tuple[str, Value | Module]]:
    if isinstance(item, Module) or (isinstance(item, Value) and item.op is None):
        yield path, item
    elif isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.dtype == object and item.ndim):
        for index, element in enumerate(item):
            yield from _found_in(element, f"{path}.{index}")
    elif isinstance(item, dict):
        for key, element in item.items():
            yield from _found_in(element, f"{path}.{key}")


def _first_of(paths: list[str], what: str, shown: int = 3) -> str:
    """How many names are missing or unknown, and the first of them."""
    return f"{len(paths)} {what} ({', '.join(paths[:shown])}{', ...' if len(paths) > shown else ''})"


def _plain(buffer: Any) -> Any:
    """A copy of a buffer: a float, or nested lists of floats."""
    return np.asarray(buffer, dtype=np.float64).tolist()


def _number(path: str, number: Any) -> float:
    try:
        return Value(number).data
    except TypeError as error:
        raise TypeError(f"the state's {path!r} should be one real number, not {type(number).__name__}") from error


def _matching(path: str, given: Any, present: Any) -> Any:
    """`given` as a buffer of the shape that `present` has."""
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the state's {path!r} should be numbers, not {type(given).__name__}") from error
    if array.shape != np.shape(present):
        raise ValueError(f"the state's {path!r} has shape {array.shape}, but this module's has {np.shape(present)}")
    return array.tolist()
