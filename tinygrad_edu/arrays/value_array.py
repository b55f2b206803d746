"""`ValueArray`: a NumPy array whose elements are `Value`s, and which knows it.

Everything NumPy does goes through the rule book: `np.exp(a)` is `exp` of each element, `a @ b` makes `dot` nodes, and
plain numbers that land in an array become `Value`s. What would lose the graph is an error.

May import: `elsewhere`, `later`, `truth`, `ops`, `modes`, `value`; `dispatch`, `elementwise`, `numbers` and `showing`
of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, TypeAlias

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.arrays.dispatch import MEANINGS, not_here
from tinygrad_edu.arrays.elementwise import TRUTH, elements_of, on_elements
from tinygrad_edu.arrays.numbers import copied
from tinygrad_edu.arrays.showing import as_text
from tinygrad_edu.elsewhere import ARRAY_ATTRIBUTES, ARRAY_KEYWORDS, ELSEWHERE
from tinygrad_edu.later import later
from tinygrad_edu.modes import is_hidden, revealed
from tinygrad_edu.truth import TRUTHS
from tinygrad_edu.value import Value, as_value

__all__ = [
    "ValueArray",
    "array",
    "check_target",
    "flat",
    "into",
    "numbers_of",
    "plain",
    "spread",
    "values_of",
    "wrapped",
    "write_by_numpy",
]

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
#: An array of Values, as the modules of this folder hand it about: NumPy's types know no subclass of ndarray.
Values: TypeAlias = Any

_each_as_value = np.frompyfunc(as_value, 1, 1)
_each_as_leaf = np.frompyfunc(lambda number: number if isinstance(number, Value) else Value(number), 1, 1)


# Making them ----------------------------------------------------------------------------------------------


def array(x: Any) -> ValueArray:
    """An array of `Value`s from numbers, `Value`s, lists of them, lists of lists, or an array.

    Plain numbers become new leaves; `Value`s stay the ones they are. Raises TypeError for what is no real number, and
    ValueError for lists of unequal lengths.

    >>> W = array([[1.0, 2.0], [3.0, 4.0]])
    >>> y = np.tanh(W @ np.array([0.5, -0.5])).sum()
    >>> y.backward()
    >>> W.grad.round(3)
    array([[ 0.393, -0.393],
           [ 0.393, -0.393]])
    """
    if type(x) is list and x and set(map(type, x)) == {Value}:  # the usual case, of a layer's outputs
        return np.fromiter(x, object, len(x)).view(ValueArray)
    if isinstance(x, np.ndarray) and x.ndim and x.dtype.kind in "biuf" and not isinstance(x, np.ma.MaskedArray):
        return np.fromiter(map(Value, x.ravel().tolist()), object, x.size).reshape(x.shape).view(ValueArray)
    elements = np.array(_elements(x) if isinstance(x, np.ndarray) else x, dtype=object)
    if not set(map(type, elements.ravel().tolist())).isdisjoint((list, tuple, np.ndarray)):
        row = next(each for each in elements.flat if isinstance(each, (list, tuple, np.ndarray)))
        raise ValueError(f"array needs rows of one length, and {row!r} stands where others have a number")
    converted: ValueArray = _all_values(elements, _each_as_leaf)
    return converted


def values_of(x: Any) -> Values:
    """The same array as a `ValueArray`; where an element is a plain number, a new one with `Value`s.

    They count as plain numbers beside `Value`s; the leaves that `array` makes are those of somebody who wants them.

    >>> values_of(np.array([1.0, Value(2.0)], dtype=object)).data
    array([1., 2.])
    """
    return _all_values(_elements(x), _each_as_value)


def _all_values(elements: np.ndarray[Any, Any], convert: np.ufunc) -> Values:
    if all(issubclass(kind, Value) for kind in set(map(type, elements.ravel().tolist()))):
        return elements.view(ValueArray)
    converted = np.empty(elements.shape, dtype=object)
    converted[...] = convert(elements)
    return converted.view(ValueArray)


def _elements(x: Any) -> np.ndarray[Any, Any]:
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            "an array of Values has no mask, and what is masked would be computed with: give x.compressed(), the "
            "numbers that are not masked, or x.filled(0.0)"
        )
    return np.asarray(x, dtype=object).view(np.ndarray)


def spread(given: Any, shape: tuple[int, ...]) -> Values:
    """What is given, as often as an array of this shape has places for it: at each place of a plain number a new leaf.

    One leaf at several places would be one parameter. A `Value` that is given stays the one it is at all of them.

    >>> a, b = spread(0.5, (2,))
    >>> a is b
    False
    """
    places = np.empty(shape, dtype=object)
    places[...] = _elements(given)
    return values_of(places)


def numbers_of(x: Any, what: str = "reading .data") -> np.ndarray[Any, Any]:
    """The numbers of an array of `Value`s, or of anything that NumPy takes; while recording, `what` is refused.

    >>> numbers_of([Value(1.0), 2.0])
    array([1., 2.])
    """
    if isinstance(x, np.ndarray) and x.dtype != object:
        return x
    elements = np.asarray(x, dtype=object)
    numbers = [_number(element, what) for element in elements.ravel().tolist()]
    return np.array(numbers).reshape(elements.shape)


def _number(element: Any, what: str) -> Any:
    cure = "choose each number by np.where(condition, a, b), np.maximum or np.minimum"
    return revealed(element, what, cure) if isinstance(element, Value) else element


def flat(values: Iterable[Any]) -> list[Any]:
    """What a list or an array holds, the elements of arrays in it one by one: `[W, b]` as parameters, for example.

    >>> len(flat([array([[1.0, 2.0], [3.0, 4.0]]), array([0.5]), Value(1.0)]))
    6
    """
    if isinstance(values, np.ndarray):
        return list(values.flat)
    return [item for each in values for item in (each.flat if isinstance(each, np.ndarray) else [each])]


# The class ------------------------------------------------------------------------------------------------


class ValueArray(np.ndarray[Any, np.dtype[np.object_]]):
    """A NumPy array whose elements are `Value`s; `array(x)` makes one.

    `.data` and `.grad` are the numbers and the gradients, as float arrays of the same shape; setting them sets those of
    the elements, and `W.data -= step` does, too. They are copies: writing into them, as in `W.data[0] = 5.0`, is an
    error. A plain number that is written into the array itself becomes a new Value at each place. `a.copy()` and
    `np.copy(a)` hold the same Values as `a`, and `a.detach()` new ones.

    NumPy's functions, indexing, broadcasting and methods work as on any array, and every activation is a method. Raises
    TypeError for what would lose the graph, such as `astype(float)`.

    >>> a = array([[1.0, -2.0], [3.0, 4.0]])
    >>> np.maximum(0, a).mean(axis=1).data
    array([0.5, 3.5])
    >>> a.relu()[0]
    ValueArray([1., 0.])
    """

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> ValueArray:
        """Refused: it would be full of nothing."""
        raise TypeError("tinygrad_edu.array(x) makes an array of Values, of numbers, lists or an array x")

    # What NumPy asks

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        """NumPy's functions of single numbers."""
        return through_the_rule_book(ufunc, method, *inputs, **settings)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[Any], args: Iterable[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """All other functions of NumPy."""
        return by_its_meaning(func, args, kwargs)

    # Numbers in and out

    @property  # type: ignore[override]  # of a plain array a buffer; here what it is of a Value
    def data(self) -> FloatArray:
        """The numbers."""
        return copied([value.data for value in self.ravel().tolist()], self.shape, "data")

    @data.setter
    def data(self, numbers: Any) -> None:
        for value, number in self._each_with(numbers):
            value.data = number

    @property
    def grad(self) -> FloatArray:
        """The derivative by each element of whatever `backward()` was called on."""
        return copied([value.grad for value in self.ravel().tolist()], self.shape, "grad")

    @grad.setter
    def grad(self, numbers: Any) -> None:
        for value, number in self._each_with(numbers):
            value.grad = number

    def _each_with(self, numbers: Any) -> Iterable[tuple[Any, Any]]:
        return zip(self.ravel().tolist(), np.broadcast_to(numbers, self.shape).ravel().tolist(), strict=True)

    def detach(self) -> ValueArray:
        """Leaves with the same numbers and no history.

        >>> (array([1.0, 2.0]) * 3.0).detach()
        ValueArray([3., 6.])
        """
        leaves: ValueArray = wrapped(_each_detached(plain(self)))
        return leaves

    def copy(self, order: Any = "C") -> ValueArray:
        """Another array of the same `Value`s, as of a list: who moves them moves both; `detach()` makes new leaves.

        >>> W = array([1.0, 2.0])
        >>> same, others = W.copy(), W.detach()
        >>> W.data += 5.0
        >>> same, others
        (ValueArray([6., 7.]), ValueArray([1., 2.]))
        """
        return super().copy(order)

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(index)
        except IndexError:
            _refuse_values_as_index(index)
            raise

    def __setitem__(self, index: Any, given: Any) -> None:
        if not isinstance(given, (Value, ValueArray)):
            places = self[index]
            given = spread(given, places.shape) if isinstance(places, ValueArray) else _one(given)
        try:
            super().__setitem__(index, given if isinstance(given, Value) else plain(given)[()])
        except IndexError:
            _refuse_values_as_index(index)
            raise

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist()) if self.ndim == 1 else super().__iter__()

    def __imatmul__(self, other: Any) -> ValueArray:  # type: ignore[misc]  # no subclass for NumPy's types, as @ is
        self[...] = self @ other
        return self

    def fill(self, value: Any) -> None:
        """Write a number into each place, as a leaf of its own; or a Value, which is then the same one everywhere."""
        self[...] = value

    def sort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        """Put the elements in the order of their numbers."""
        self[...] = np.sort(self, axis=axis)

    def partition(self, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> None:
        """Put the `kth` smallest in its place, smaller ones before it and larger ones after it."""
        self[...] = np.partition(self, kth, axis=axis)

    @property
    def flat(self) -> Any:
        """The elements in order; what is written there becomes a `Value`, too."""
        return _Flat(self)

    @flat.setter
    def flat(self, given: Any) -> None:
        self.flat[:] = given

    @property
    def real(self) -> Any:
        """The array itself: a Value is real."""
        return self

    @real.setter
    def real(self, numbers: Any) -> None:
        self[...] = numbers

    @property
    def imag(self) -> Any:
        """0 for each number: a Value is real."""
        return np.imag(self)

    @imag.setter
    def imag(self, numbers: Any) -> NoReturn:
        raise TypeError("a Value is a real number and has no imaginary part to set")

    def view(self, *given: Any, **named: Any) -> Any:
        """The same memory as an array of another class: NumPy's `view`, and not PyTorch's, which is `reshape`."""
        if any(isinstance(each, (int, tuple, list)) for each in given):
            raise TypeError(f"view changes no shape, as in NumPy: write reshape({', '.join(map(repr, given))})")
        return super().view(*given, **named)

    # What has no meaning for several numbers

    def backward(self) -> NoReturn:
        """Refused: a derivative is that of one number."""
        count = f"an array of {self.size} Values has no single derivative" if self.size != 1 else "this is an array"
        raise TypeError(
            f"{count}; take one element, as in outputs[0], or one number made of all, such as .sum(), and call "
            "backward() on that"
        )

    def __float__(self) -> NoReturn:
        raise TypeError("an array of Values does not turn into a number: write a[0].data, or a.data for all of them")

    def __int__(self) -> NoReturn:
        self.__float__()

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """The same elements in a new array for dtype object; else an error, for their gradients would be lost.

        While recording, a comparison is an array of nodes, which are 0 or 1 and may be called whole numbers or floats.
        """
        if np.dtype(dtype) == object or all(value.op in ops.TRUTHS for value in self.ravel().tolist()):
            return self.copy()
        raise TypeError(
            f"an array of Values cannot become one of {np.dtype(dtype).name}, because its gradient would be lost: "
            "write a.data for the numbers"
        )

    def __getattr__(self, name: str) -> Any:
        if name in ops.RULE_BOOK and hasattr(Value, name):
            return partial(_on_each, self, name)
        cure = ""
        if name in ARRAY_ATTRIBUTES:
            cure = f": {ARRAY_ATTRIBUTES[name]}"
        elif name in ELSEWHERE:
            cure = f": of a Value {ELSEWHERE[name]}"
        elif hasattr(Value, name):
            cure = f": each of its elements has one, as in a[0].{name}"
        raise AttributeError(f"an array of Values has no attribute {name!r}{cure}", name=name, obj=self)

    # What it looks like

    def __repr__(self) -> str:
        return as_text(self, "ValueArray")

    def __str__(self) -> str:
        return format(self)

    def __format__(self, spec: str) -> str:
        for value in self.ravel().tolist()[:1]:
            format(value)  # which is refused while recording
        return as_text(self, "", spec)

    _repr_html_ = later("tinygrad_edu.notebooks.arrays", "array_html")


class _Flat:
    """The elements of an array in order, as `a.flat` has them."""

    def __init__(self, values: ValueArray) -> None:
        self.base = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self.base.ravel().tolist())

    def __len__(self) -> int:
        return self.base.size

    def __getitem__(self, index: Any) -> Any:
        return self.base.ravel()[index]

    def __setitem__(self, index: Any, given: Any) -> None:
        def write(elements: Any, what: Any) -> None:
            elements.flat[index] = what

        write_by_numpy(write, self.base, given)


_each_detached = np.frompyfunc(Value.detach, 1, 1)


def _one(given: Any) -> Value:
    """The `Value` to write into a single place."""
    return as_value(given.item() if isinstance(given, np.ndarray) and given.size == 1 else given)


def _on_each(values: ValueArray, name: str, *others: Any, **settings: Any) -> Any:
    """A method of `Value`, called on each element: `a.relu()`."""
    of_one = partial(getattr(Value, name), **settings) if settings else getattr(Value, name)
    return wrapped(np.frompyfunc(of_one, 1 + len(others), 1)(*map(plain, (values, *others))))


def _by_meaning(name: str) -> Callable[..., Any]:
    """The method that does what NumPy's function of this name does."""

    def method(self: ValueArray, *given: Any, **named: Any) -> Any:
        if named and not ARRAY_KEYWORDS.keys().isdisjoint(named):
            other = next(keyword for keyword in named if keyword in ARRAY_KEYWORDS)
            raise TypeError(f"{name} has no argument {other!r}: {ARRAY_KEYWORDS[other]}")
        return by_its_meaning(getattr(np, name), (self, *given), named)

    method.__name__, method.__doc__ = name, f"What `np.{name}` makes of the array."
    return method


# NumPy would do these without asking what they mean.
for _name in (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod", "cumsum", "dot", "max",
    "mean", "min", "nonzero", "prod", "put", "round", "searchsorted", "std", "sum", "trace", "var",
):  # fmt: skip
    setattr(ValueArray, _name, _by_meaning(_name))


def _refused(name: str, cure: str) -> Callable[..., NoReturn]:
    def method(self: ValueArray, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"an array of Values has no {name}(): {cure}")

    method.__name__, method.__doc__ = name, f"Refused: {cure}."
    return method


# NumPy would tell where the Values lie in memory, write a plain number, or keep what is new in a larger array empty.
for _name, _cure in {
    "tobytes": "its numbers are in .data, and their bytes are a.data.tobytes()",
    "tofile": "its numbers are in .data: a.data.tofile(file)",
    "itemset": "write a[index] = value",
    "resize": "it keeps its size, and np.resize(a, shape) makes another one",
}.items():
    setattr(ValueArray, _name, _refused(_name, _cure))


# NumPy's functions of single numbers ----------------------------------------------------------------------


def through_the_rule_book(ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **settings: Any) -> Any:
    """What a ufunc, or a method of one, is on arrays of Values.

    >>> through_the_rule_book(np.add, "__call__", array([1.0, 2.0]), 0.5)
    ValueArray([1.5, 2.5])
    """
    dtype = settings.pop("dtype", None)
    if dtype is not None and np.dtype(dtype) != object:
        raise TypeError(f"np.{ufunc.__name__} of Values makes Values, so its dtype cannot be {np.dtype(dtype).name}")
    targets = [target for target in out if isinstance(target, np.ndarray)]
    condition = settings.pop("where", True) if targets and method == "__call__" else True
    with np.errstate(all="ignore"):  # the results are IEEE's, and nobody is warned, as for single Values
        result = _computed(ufunc, method, inputs, settings)
    if targets:
        return _written(result if condition is True else np.where(condition, result, targets[0]), targets)
    return values_of(result) if Ellipsis in out else result  # an array, also of a single number


def _computed(ufunc: np.ufunc, method: str, inputs: Sequence[Any], settings: dict[str, Any]) -> Any:
    asked = ufunc if method == "__call__" else getattr(ufunc, method)
    if asked in MEANINGS:
        return MEANINGS[asked](*inputs, **settings)
    function = on_elements(ufunc)
    if function is None:
        not_here(ufunc)
    if method == "__call__":
        return _of_elements(ufunc, function, inputs, settings)
    if method == "at":
        check_target(inputs[0])
    indices = 1 if method in ("at", "reduceat") else None  # where plain whole numbers stand
    given = [x if k == indices else plain(x) for k, x in enumerate(inputs)]
    if method == "reduce":
        return wrapped(_reduced(ufunc, function, *given, **settings))
    answer = getattr(function, method)(*given, **settings)
    return None if method == "at" else wrapped(answer)


def _reduced(ufunc: np.ufunc, function: Any, elements: Any, axis: Any = 0, **settings: Any) -> Any:
    """A ufunc's `reduce`; several axes are made one, because NumPy knows of no function of objects that it may."""
    axes = tuple(range(elements.ndim)) if axis is None else axis
    if not isinstance(axes, tuple) or len(axes) < 2:
        return function.reduce(elements, axis=axis, **settings)
    ufunc.reduce(np.ones((1,) * elements.ndim), axis=axes)  # which NumPy refuses where the order counts
    places = [k for k in range(elements.ndim) if k not in {axis % elements.ndim for axis in axes}]
    shape = (*[elements.shape[k] for k in places], -1)
    where = np.broadcast_to(settings.pop("where", True), elements.shape)
    keepdims = settings.pop("keepdims", False)
    last = range(-len(axes), 0)
    together, mask = (np.moveaxis(each, axes, last).reshape(shape) for each in (elements, where))
    answer = function.reduce(together, axis=-1, **settings, **({} if where.all() else {"where": mask}))
    return np.expand_dims(answer, axes) if keepdims else answer


#: Settings that change nothing here.
_HARMLESS = {"casting", "order", "subok"}


def _of_elements(ufunc: np.ufunc, function: Any, inputs: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    refused = [name for name, given in settings.items() if name not in _HARMLESS and given is not True]
    if refused:
        raise TypeError(
            f"np.{ufunc.__name__} of Values takes no {', '.join(refused)}=; choose with np.where(condition, a, b)"
        )
    if ufunc.__name__ in TRUTH:
        return _truths(function(*map(plain, inputs)))
    if ufunc.nin == 1:
        inputs = [values_of(inputs[0])]
    elif ufunc.__name__ not in ("power", "float_power"):  # of which a plain exponent is a setting, and no node
        # A plain number that meets all elements is one leaf.
        inputs = [x if isinstance(x, np.ndarray) or np.ndim(x) else as_value(x) for x in inputs]
    answer = function(*map(plain, inputs))
    return tuple(map(wrapped, answer)) if ufunc.nout > 1 else wrapped(answer)


def plain(x: Any) -> Any:
    """What NumPy's own loops run on without asking again: arrays of dtype object, and numbers.

    >>> type(plain(array([1.0]))).__name__, plain(2.0)
    ('ndarray', 2.0)
    """
    if isinstance(x, ValueArray):
        return np.ndarray.view(x, np.ndarray)
    if isinstance(x, Value):
        boxed = np.empty((), dtype=object)
        boxed[()] = x
        return boxed
    return _elements(x) if np.ndim(x) else x


def wrapped(answer: Any) -> Any:
    """The answer of one of NumPy's own loops: an array of Values, or one Value.

    >>> wrapped(np.array([1.0], dtype=object)), wrapped(2.0)
    (ValueArray([1.]), Value(2.0))
    """
    return values_of(answer) if isinstance(answer, np.ndarray) else as_value(answer)


def _truths(answer: Any) -> Any:
    """Whether something holds: an array of bools, or while recording one of nodes."""
    if not isinstance(answer, np.ndarray):
        return answer if isinstance(answer, Value) else np.bool_(answer)
    if any(issubclass(kind, Value) for kind in set(map(type, answer.ravel().tolist()))):
        return values_of(answer)
    return answer.astype(bool)


# Writing into arrays --------------------------------------------------------------------------------------


def _written(result: Any, targets: Sequence[np.ndarray[Any, Any]]) -> Any:
    """The result, written into the arrays that were given for it."""
    results = result if isinstance(result, tuple) else (result,)
    for target, part in zip(targets, results, strict=True):
        is_truth = isinstance(part, TRUTHS) or np.asarray(part).dtype == np.bool_
        if not (is_truth and target.dtype == np.bool_):
            check_target(target)
        target[...] = part
    return targets[0] if len(targets) == 1 else tuple(targets)


def into(out: Any, result: Any) -> Any:
    """The result, or the array that it was to be written into.

    >>> into(None, 2.0), into(array([0.0]), Value(2.0))
    (2.0, ValueArray([2.]))
    """
    target = out[0] if isinstance(out, tuple) else out
    if target is None:
        return result
    check_target(target)
    target[...] = result
    return target


def write_by_numpy(write: Callable[[Any, Any], Any], target: Any, given: Any) -> None:
    """Write into an array of Values what is given as NumPy does it, at each place of a plain number a leaf of its own.

    `write` is first handed zeros, and 1, 2, 3, ... for what is given: that tells what comes to which place.

    >>> a = array([0.0, 0.0, 0.0])
    >>> write_by_numpy(lambda places, what: np.put(places, [0, 2], what), a, 7.0)
    >>> a, a[0] is a[2]
    (ValueArray([7., 0., 7.]), False)
    """
    check_target(target)
    elements = _elements(given)
    places = np.zeros(target.shape, dtype=int)
    write(places, np.arange(1, elements.size + 1).reshape(elements.shape))
    written = places.nonzero()
    plain(target)[written] = plain(values_of(elements.ravel()[places[written] - 1]))


def check_target(target: Any) -> None:
    """Refuse to write Values into an array of plain numbers.

    Raises TypeError, which says how the array should have been made.

    >>> check_target(array([1.0]))
    """
    if isinstance(target, np.ndarray) and target.dtype != object:
        raise TypeError(
            f"Values cannot be written into an array of {target.dtype.name}, because their gradient would be lost: "
            "make the array with tinygrad_edu.array(...), or write a = a + b instead of a += b"
        )


def _refuse_values_as_index(index: Any) -> None:
    """Say what an index made of Values should have been; while recording, that it would freeze a choice."""
    parts = index if isinstance(index, tuple) else (index,)
    for element in flat([part for part in parts if isinstance(part, (Value, ValueArray))]):
        if is_hidden(element):
            bool(element)  # which says what to write instead
        raise TypeError("Values are no indices: use whole numbers, a.data.astype(int), or a comparison such as a > 0")


# All other functions, and single Values -------------------------------------------------------------------


def by_its_meaning(function: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
    """What any function of NumPy that is no ufunc is on arrays of Values.

    Raises TypeError for a function that has no meaning here.

    >>> by_its_meaning(np.sum, [array([1.0, 2.0])], {})
    Value(3.0, op='fsum')
    """
    if function not in MEANINGS:
        not_here(function)
    return MEANINGS[function](*args, **kwargs)


def ufunc_of_value(value: Value, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
    """What a ufunc is when it is given a Value.

    >>> np.maximum(0.0, Value(-1.0)), np.float64(2.0) * Value(3.0)
    (Value(0.0, op='maximum'), Value(6.0, op='*'))
    """
    if method != "__call__" or settings or any(isinstance(x, (np.ndarray, list, tuple)) for x in inputs):
        return through_the_rule_book(ufunc, method, *inputs, **settings)
    function = elements_of(ufunc)  # of single numbers: NumPy need not be asked
    if function is None:
        not_here(ufunc)
    answer = function(*[x.item() if isinstance(x, np.generic) else x for x in inputs])
    return _truths(answer) if ufunc.__name__ in TRUTH else answer


def function_of_value(
    value: Value, function: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """What any other function of NumPy is when it is given a Value.

    >>> np.clip(Value(7.0), 0.0, 1.0)
    Value(1.0, op='clip')
    """
    return by_its_meaning(function, args, kwargs)
