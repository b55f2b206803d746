"""`Module`: anything that has parameters.

A subclass stores `Value`s and other modules in its attributes, and writes `__call__`, or `forward` as in PyTorch.
Nothing is registered: the parameters are found by looking at the attributes, in the order in which they were first set.

    class Line(Module):
        def __init__(self):
            self.slope, self.offset = Value(1.0), Value(0.0)

        def __call__(self, x):
            return self.slope * x + self.offset

Numbers that belong to a module's state but are not trained, such as the running mean of a batch normalization, are
plain floats or lists of floats in attributes that the class names in `buffer_names`.

While a module runs, it says so to whoever asks, such as `trace_sources`; `__call__` is wrapped for that when the class
is made. Each `Value` that is computed then knows the place of its module. The path of a place begins at the outermost
module that runs, and names each module as the one around it does. So a module that is called in two places has two
paths, and one identity. A module that no attribute leads to goes by the name of its class.

May import: `elsewhere`, `texts`, `later`, `origins`, `modes`, `value`; `drawing` for its type alone; NumPy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property, partial, wraps
from inspect import CO_VARARGS
from reprlib import recursive_repr
from types import CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any, ClassVar, Self, SupportsIndex, TypeAlias

import numpy as np

from tinygrad_edu.elsewhere import MODULE_ATTRIBUTES, ZERO_GRAD_KEYWORDS, call_elsewhere, says_ours
from tinygrad_edu.later import later
from tinygrad_edu.modes import asks_for_modules, current_mode, modes_alive, running_module
from tinygrad_edu.origins import Origin, Place
from tinygrad_edu.texts import counted
from tinygrad_edu.value import Value

if TYPE_CHECKING:
    from tinygrad_edu.drawing.layout import Drawing

__all__ = ["Module", "ParameterList", "StateDict", "checked_module", "in_mode", "modes_of", "run", "walk"]

#: The modes of modules, by `id`, that hold for this thread or task alone: see `in_mode`.
_modes_here: ContextVar[Mapping[int, bool] | None] = ContextVar("tinygrad_edu_modules_in_mode", default=None)
_NOTHING = object()
_diagram = later("tinygrad_edu.nn.diagram", "diagram")
#: What `state_dict` returns: the number of each parameter, and each buffer, by path.
StateDict: TypeAlias = dict[str, Any]


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
        if hasattr(cls, "forward") and not any("__call__" in vars(base) for base in cls.__mro__):
            cls.__call__ = _forward  # type: ignore[method-assign]  # as PyTorch has it
        call = cls.__call__  # also one that comes from a class beside `Module`
        if isinstance(call, FunctionType) and not hasattr(call, "says_so"):
            cls.__call__ = _saying_so(call)  # type: ignore[method-assign]  # which is what is meant

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, with the path "", and every module inside it with its path, outer before inner.

        >>> from tinygrad_edu.nn import MLP
        >>> [path for path, module in MLP(1, [2, 1]).named_modules()]
        ['', 'layers.0', 'layers.0.neurons.0', 'layers.0.neurons.1', 'layers.1', 'layers.1.neurons.0']
        """
        return [(place.path, item) for place, _, item in walk(self) if isinstance(item, Module)]

    def modules(self) -> list[Module]:
        """This module and every module inside it, outer before inner."""
        found: dict[int, Any] = {}
        _add_what_is_in(self, found, parameters=False)
        return list(found.values())

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its path, such as `layers.0.neurons.3.weights.1`.

        >>> from tinygrad_edu.nn import Layer
        >>> [path for path, parameter in Layer(2, 1).named_parameters()]
        ['neurons.0.weights.0', 'neurons.0.weights.1', 'neurons.0.bias']
        """
        return [(place.to(name), item) for place, name, item in walk(self) if isinstance(item, Value)]

    def parameters(self) -> ParameterList:
        """Every parameter: what an optimizer changes.

        An optimizer that is given those of one layer leaves the others as they are.

        >>> from tinygrad_edu import MLP, SGD
        >>> model = MLP(2, [3, 1], seed=0)
        >>> len(SGD(model.layers[1].parameters(), lr=0.1).params)
        4
        """
        return ParameterList(self)

    def label_parameters(self) -> None:
        """Label every parameter with its path, and tell it its module, so that drawings and the stepper know both."""
        shared = Origin()  # by the parameters of one module, which saves memory
        for place, name, item in walk(self):
            if isinstance(item, Value):
                if shared.module is not place:
                    shared = Origin(module=place, is_parameter=True)
                _tell(item, place.to(name), shared)

    @says_ours(ZERO_GRAD_KEYWORDS)
    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each `backward()` of a training loop."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Put this module and all modules inside it in training mode, or with False in evaluation mode; return it."""
        _put_in_mode(self.modules(), mode)
        return self

    def eval(self) -> Self:
        """Put this module and all modules inside it in evaluation mode, and return it: dropout then drops nothing."""
        return self.train(False)

    def state_dict(self) -> StateDict:
        """The number of every parameter and a copy of every buffer, by path: what to save.

        >>> from tinygrad_edu.nn import Neuron
        >>> Neuron(2, init="zeros").state_dict()
        {'weights.0': 0.0, 'weights.1': 0.0, 'bias': 0.0}
        """
        state: StateDict = {path: parameter.data for path, parameter in self.named_parameters()}
        return state | {path: _plain_buffer(getattr(module, name)) for path, module, name in self._named_buffers()}

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
        numbers = [_parameter_number(path, state[path]) for path, _ in parameters]
        arrays = [_matching_buffer(path, state[path], getattr(module, name)) for path, module, name in buffers]
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
        problems = [_some_names(missing, "missing")] * bool(missing) + [_some_names(unknown, "unknown")] * bool(unknown)
        if problems:
            raise ValueError(
                f"this state does not fit {type(self).__name__}, which has {len(expected)} names: "
                f"{' and '.join(problems)}; build the module with the sizes it was saved with"
            )

    _repr_svg_ = later("tinygrad_edu.notebooks.pictures", "model_svg")

    def describe(self) -> str:
        """What `repr` says about this module instead of listing those inside it, such as "2 -> 16, tanh"."""
        return ""

    def diagram(self, example: Any = None) -> Drawing:
        """The architecture as a picture, which is what `draw(model)` draws; with what it computes from an example.

        Layers one after the other, of at most 200 neurons in all, are drawn neuron by neuron: a line is a weight, its
        width and color are the weight's. Any other model is drawn as blocks, with their shapes if there is an example.
        The model is called on it in `eval()`, and raises what it raises. A tuple of arrays or lists holds the arguments
        of a call that takes several.

        >>> from tinygrad_edu.nn import MLP
        >>> picture = MLP(2, [3, 1]).diagram([0.5, -1.0])
        >>> picture.pipe("svg", encoding="utf-8").count('class="edge weight"')
        9
        """
        drawing: Drawing = _diagram(self, example)
        return drawing

    @recursive_repr("...")
    def __repr__(self) -> str:
        count = len(self.parameters())
        size = counted(count, "parameter")
        if text := self.describe():
            return f"{type(self).__name__}({text}; {size})"
        lines = [f"{path}: {module!r}" for path, module in _members(self) if isinstance(module, Module)]
        inside = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
        return f"{type(self).__name__}({size}{inside}\n)" if inside else f"{type(self).__name__}({size})"


call_elsewhere(Module, "a module", MODULE_ATTRIBUTES)


def checked_module(model: Any, who: str) -> Module:
    """The model, where it is one. Raises TypeError, which says where an estimator keeps its own.

    >>> checked_module(3.0, "draw needs")
    Traceback (most recent call last):
        ...
    TypeError: draw needs a Module, such as MLP(2, [16, 1]), not 3.0
    """
    if isinstance(model, Module):
        return model
    kept = "; the network of an estimator is its .model_" if hasattr(type(model), "model_") else ""
    raise TypeError(f"{who} a Module, such as MLP(2, [16, 1]), not {model!r:.80}{kept}")


def _tell(parameter: Any, label: str, origin: Origin) -> None:
    """Label a parameter: by its slots, because each module around it does so anew, and a network has many of them."""
    known = getattr(parameter, "_origin", origin)
    parameter._label = label
    parameter._origin = origin if known.source is None else replace(origin, source=known.source)


def _put_in_mode(modules: Sequence[Module], training: bool) -> None:
    """Set the mode of modules: of those in a block of `in_mode` for this thread or task, of all others for everyone."""
    here = _modes_here.get() or {}
    inside = {id(module): training for module in modules if id(module) in here}
    if inside:
        _modes_here.set({**here, **inside})
    for module in modules:
        if id(module) not in inside:
            module._training = training


def modes_of(model: Module) -> tuple[bool, ...]:
    """Whether each module of the model is being trained; inside `in_mode`, each module that a block has put in a mode.

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
    modules = model.modules()  # kept alive here, so that no new module can get the `id` of one of them
    token = _modes_here.set({**(_modes_here.get() or {}), **dict.fromkeys(map(id, modules), training)})
    try:
        yield
    finally:
        _modes_here.reset(token)


class ParameterList(list[Value]):
    """The parameters of a module, each itself: a `Value` of an equal number is not in the list.

    Its `arrays` are those that hold some, which an optimizer looks after.

    >>> from tinygrad_edu import MLP
    >>> model = MLP(2, [3, 1], seed=0)
    >>> frozen = model.layers[0].parameters()
    >>> len(model.parameters()), len(frozen), len([p for p in model.parameters() if p not in frozen])
    (13, 9, 4)
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factors = np.array([Value(1.0), Value(2.0)])
    >>> scale = Scale()
    >>> scale.parameters(), scale.parameters().arrays[0] is scale.factors
    ([Value(1.0), Value(2.0)], True)
    """

    def __init__(self, module: Module) -> None:
        found: dict[int, Any] = {}
        _add_what_is_in(module, found, parameters=True)
        super().__init__([item for item in found.values() if isinstance(item, Value)])
        self._module = module

    # By `==` of their numbers, a list would take one bias that is 0.0 for another.

    def __contains__(self, value: object) -> bool:
        return any(parameter is value for parameter in self)

    def index(self, value: Value, start: SupportsIndex = 0, stop: SupportsIndex = sys.maxsize, /) -> int:
        """The place of this parameter; ValueError where it is not there."""
        places = range(*slice(start, stop).indices(len(self)))
        found = next((place for place in places if self[place] is value), None)
        if found is None:
            raise ValueError(f"{value!r} is no parameter in this list")
        return found

    def count(self, value: Value, /) -> int:
        """1 for a parameter in this list, else 0."""
        return sum(parameter is value for parameter in self)

    def remove(self, value: Value, /) -> None:
        """Take this parameter out; ValueError where it is not there."""
        del self[self.index(value)]

    @property
    def arrays(self) -> list[np.ndarray[Any, Any]]:
        """The arrays of Values in the attributes of the module, and of those inside it."""
        return [array for module in self._module.modules() for array in _arrays_in(list(_public(module).values()))]


# The modules that run -------------------------------------------------------------------------------------


@dataclass(eq=False)
class Running:
    """A module that is running, and the one that called it."""

    module: Module
    place: Place
    around: Running | None

    @cached_property
    def members(self) -> dict[object, Place]:
        """The places of the modules that the attributes of this one hold, by identity."""
        inside = [self.place.inside(name, _identity(m)) for name, m in _members(self.module) if isinstance(m, Module)]
        return {place.identity: place for place in reversed(inside)}  # a module with two names goes by the first


def _identity(module: Module) -> object:
    """The object that stands for this module in its places; a copy of the module has one of its own."""
    return vars(module).setdefault("_identity", object())


def _saying_so(call: FunctionType) -> Callable[..., Any]:
    """A `__call__` that says which module is running, to whoever asks; nobody does in ordinary eager code."""
    takes_one = call.__code__.co_argcount == 2 and not call.__code__.co_flags & CO_VARARGS  # beside the module itself

    @wraps(call)
    def said(self: Module, first: Any = _NOTHING, /, *others: Any, **named: Any) -> Any:
        if first is _NOTHING or others or named or modes_alive:
            if others and takes_one:
                count = f"{type(self).__name__} is called with one argument, not {1 + len(others)}"
                raise TypeError(f"{count}: an example is one list, model([1.0, 2.0])")
            arguments = others if first is _NOTHING else (first, *others)
            return (run if asks_for_modules() else _just_call)(self, call, *arguments, **named)
        return call(self, first)  # by far the most frequent call, and twice as quick without stars

    said.says_so = True  # type: ignore[attr-defined]  # so that it is not wrapped again in each subclass
    return said


def _forward(module: Any, /, *arguments: Any, **named: Any) -> Any:
    """The `__call__` of a module that has a `forward`, as in PyTorch, and none of its own."""
    return module.forward(*arguments, **named)


def _just_call(module: Module, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    return call(module, *arguments, **named)


def run(module: Module, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    """Call a module so that all that it computes knows its place, and so that those who listen hear what it answers.

    >>> from tinygrad_edu.modes import changed_mode
    >>> from tinygrad_edu.nn import Layer
    >>> with changed_mode(answers=lambda module, answer: print(type(module).__name__)):
    ...     _ = Layer(1, 1)([2.0])
    Neuron
    Layer
    """
    caller: Any = running_module.get()
    if caller is not None and caller.module is module and call is not _own_call(module):
        return call(module, *arguments, **named)  # super().__call__(...) is part of the same call
    running = Running(module, _place_in(caller, module), caller)
    with _entered(running):
        answer = call(module, *arguments, **named)
    if isinstance(answer, GeneratorType):
        return _resumed(running, answer)
    if isinstance(answer, CoroutineType):
        return _awaited(running, answer)
    return _told(module, answer)


def _own_call(module: Module) -> Any:
    return getattr(type(module).__call__, "__wrapped__", None)


def _place_in(caller: Running | None, module: Module) -> Place:
    """The place of a module that `caller` calls: where it runs already, or what the nearest module that has it says."""
    identity = _identity(module)
    callers = list(_callers(caller))
    for running in callers:
        if running.module is module:
            return running.place
    for running in callers:
        if identity in running.members:
            return running.members[identity]
    for running in callers:
        for place, _, item in walk(running.module, running.place):
            if item is module:
                return place
    return Place(identity=identity) if caller is None else caller.place.inside(type(module).__name__, identity)


def _callers(running: Running | None) -> Iterator[Running]:
    """The modules that are running, the innermost first."""
    while running is not None:
        yield running
        running = running.around


@contextmanager
def _entered(running: Running) -> Iterator[None]:
    token = running_module.set(running)
    try:
        yield
    finally:
        running_module.reset(token)


def _told(module: Module, answer: Any) -> Any:
    """The answer of a module, which those who listen have heard."""
    if (hear := current_mode().answers) is not None:
        hear(module, answer)
    return answer


def _resumed(running: Running, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """What a module yields: it runs while the next item is computed, and in between those run who asked for it."""
    resume = partial(next, steps)
    while True:
        try:
            with _entered(running):
                item = resume()
        except StopIteration as stop:
            return stop.value
        try:
            resume = partial(steps.send, (yield _told(running.module, item)))
        except (
            BaseException
        ) as error:  # whatever is thrown into this generator, or closes it, is meant for the module's
            resume = partial(steps.throw, error)


async def _awaited(running: Running, answer: Coroutine[Any, Any, Any]) -> Any:
    """What a module answers that has to be awaited: it runs in the task that awaits it."""
    with _entered(running):
        result = await answer
    return _told(running.module, result)


# What a module holds --------------------------------------------------------------------------------------


def walk(module: Module, place: Place | None = None) -> list[tuple[Place, str, Value | Module]]:
    """All modules from this one inwards, as (place, "", module), and all parameters, as (its module's place, name, it).

    Each comes once, under the first name that leads to it; a module comes before what is inside it.

    >>> from tinygrad_edu.nn import Layer
    >>> [(place.path, name) for place, name, _ in walk(Layer(1, 1))]
    [('', ''), ('neurons.0', ''), ('neurons.0', 'weights.0'), ('neurons.0', 'bias')]
    """
    steps: list[tuple[Place, str, Value | Module]] = []
    _walk(module, Place(identity=_identity(module)) if place is None else place, set(), steps)
    return steps


def _walk(module: Module, place: Place, seen: set[int], steps: list[tuple[Place, str, Value | Module]]) -> None:
    """Add what is in a module to the steps; a list, for generators inside generators would hand on each parameter."""
    seen.add(id(module))
    steps.append((place, "", module))
    for name, member in _members(module):
        if id(member) in seen:
            continue
        if isinstance(member, Module):
            _walk(member, place.inside(name, _identity(member)), seen, steps)
        else:
            seen.add(id(member))
            steps.append((place, name, member))


def _members(module: Module) -> list[tuple[str, Value | Module]]:
    """The parameters and modules that the attributes of `module` hold, without looking inside those modules."""
    found: list[tuple[str, Value | Module]] = []
    for name, attribute in _public(module).items():
        _find_in(attribute, name, found)
    return found


def _public(module: Module) -> dict[str, Any]:
    return {name: attribute for name, attribute in vars(module).items() if not name.startswith("_")}


def _find_in(item: Any, path: str, found: list[tuple[str, Value | Module]]) -> None:
    if isinstance(item, Value):  # first, for these are many
        if item.op is None:
            found.append((path, item))
    elif isinstance(item, Module):
        found.append((path, item))
    elif isinstance(item, (list, tuple)) or _is_array(item):
        for index, element in enumerate(item):
            _find_in(element, f"{path}.{index}", found)
    elif isinstance(item, dict):
        for key, element in item.items():
            _find_in(element, f"{path}.{key}", found)


def _is_array(item: Any) -> bool:
    return isinstance(item, np.ndarray) and item.dtype == object and bool(item.ndim)


def _add_what_is_in(item: Any, found: dict[int, Any], parameters: bool) -> None:
    """What `walk` finds, in its order, without the names, which take most of its time; all of it, or modules only."""
    if isinstance(item, Module):
        if id(item) not in found:
            found[id(item)] = item
            _add_what_is_in(_public(item), found, parameters)
    elif isinstance(item, (list, tuple, dict)) or _is_array(item):
        for element in item.values() if isinstance(item, dict) else item:
            if not isinstance(element, Value):
                _add_what_is_in(element, found, parameters)
            elif parameters and element.op is None:
                found[id(element)] = element


def _arrays_in(item: Any) -> Iterator[np.ndarray[Any, Any]]:
    if _is_array(item):
        yield item
    elif isinstance(item, (list, tuple, dict)):
        for element in item.values() if isinstance(item, dict) else item:
            yield from _arrays_in(element)


def _some_names(paths: list[str], what: str, shown: int = 3) -> str:
    """How many names there are that are missing or unknown, and the first of them."""
    return f"{len(paths)} {what} ({', '.join(paths[:shown])}{', ...' if len(paths) > shown else ''})"


def _plain_buffer(buffer: Any) -> Any:
    """A copy of a buffer: a float, or nested lists of floats."""
    return np.asarray(buffer, dtype=np.float64).tolist()


def _parameter_number(path: str, number: Any) -> float:
    try:
        return Value(number).data
    except TypeError as error:
        raise TypeError(f"the state's {path!r} should be one real number, not {type(number).__name__}") from error


def _matching_buffer(path: str, given: Any, present: Any) -> Any:
    """`given` as a buffer of the shape that `present` has."""
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the state's {path!r} should be numbers, not {type(given).__name__}") from error
    if array.shape != np.shape(present):
        raise ValueError(f"the state's {path!r} has shape {array.shape}, but this module's has {np.shape(present)}")
    return array.tolist()
