"""`Module`: anything that has parameters.

A subclass stores `Value`s and other modules in its attributes, and writes `__call__`. Nothing is registered: the
parameters are found by looking at the attributes, in the order in which they were first set.

    class Line(Module):
        def __init__(self):
            self.slope, self.offset = Value(1.0), Value(0.0)

        def __call__(self, x):
            return self.slope * x + self.offset

Numbers that belong to a module's state but are not trained, such as the running mean of a batch normalisation, are
plain floats or lists of floats in attributes that the class names in `buffer_names`.

May import: `value`, NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from tinygrad_edu.value import Value

__all__ = ["Module", "State"]

#: What `state_dict` returns: the number of each parameter, and each buffer, by path.
State: TypeAlias = dict[str, Any]


class Module:
    """Anything that has parameters: a neuron, a layer, a whole network.

    A parameter is a leaf `Value` in an attribute of the module or of a module inside it, or in lists, tuples or
    arrays of them, nested as deep as you like. A computed `Value` is not a parameter, and attributes whose names
    begin with an underscore are private: nothing is looked for there. What occurs in two places counts once.

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

    #: Whether the module is being trained (`train()`) or used (`eval()`): dropout and batch normalisation ask.
    training: bool = True

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
        """Every parameter: what an optimiser changes."""
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
        for module in self.modules():
            module.training = mode
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
        missing, unknown = [path for path in expected if path not in state], sorted(set(state) - set(expected))
        if missing or unknown:
            problems = [f"{len(paths)} {what} ({_some(paths)})" for what, paths in
                        (("missing", missing), ("unknown", unknown)) if paths]  # fmt: skip
            raise ValueError(
                f"this state does not fit {type(self).__name__}, which has {len(expected)} names: "
                f"{' and '.join(problems)}; build the module with the sizes it was saved with"
            )

    def describe(self) -> str:
        """What `repr` says about this module instead of listing those inside it, such as "2 -> 16, tanh"."""
        return ""

    def __repr__(self) -> str:
        count = len(self.parameters())
        size = f"{count} parameter{'' if count == 1 else 's'}"
        if text := self.describe():
            return f"{type(self).__name__}({text}; {size})"
        inside = "".join(f"\n  {path}: {_indented(module)}" for path, module in _children(self))
        return f"{type(self).__name__}({size}{inside}{chr(10) if inside else ''})"


def _walk(item: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Value | Module]]:
    """Every leaf and every module in `item`, itself included, with its path; each once."""
    if isinstance(item, Value):
        if item.op is None and id(item) not in seen:
            seen.add(id(item))
            yield path, item
    elif isinstance(item, Module):
        if id(item) not in seen:
            seen.add(id(item))
            yield path, item
            for name, attribute in vars(item).items():
                if not name.startswith("_"):
                    yield from _walk(attribute, f"{path}.{name}" if path else name, seen)
    elif isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.dtype == object and item.ndim):
        for index, element in enumerate(item):
            yield from _walk(element, f"{path}.{index}", seen)


def _children(module: Module) -> list[tuple[str, Module]]:
    """The modules directly inside `module`, with their paths."""
    nested = {id(inner) for child in module.modules()[1:] for inner in child.modules()[1:]}
    return [(path, child) for path, child in module.named_modules()[1:] if id(child) not in nested]


def _indented(module: Module) -> str:
    return repr(module).replace("\n", "\n  ")


def _some(paths: list[str], limit: int = 3) -> str:
    return ", ".join(paths[:limit]) + (", ..." if len(paths) > limit else "")


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
