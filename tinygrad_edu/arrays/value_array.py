"""`ValueArray`: a NumPy array whose elements are `Value`s, and which knows it.

Everything NumPy does goes through the rule book: `np.exp(a)` is `exp` of each element, `a @ b` makes `dot` nodes, and
plain numbers that land in an array become `Value`s. What would lose the graph is an error.

May import: `ops`, `modes`, `coercion`, `value`, `backprop`; `dispatch`, `elementwise` and `showing` of this folder;
NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.arrays.dispatch import MEANINGS, not_here
from tinygrad_edu.arrays.elementwise import TRUTH, on_elements
from tinygrad_edu.arrays.showing import as_html, as_text
from tinygrad_edu.modes import is_hidden
from tinygrad_edu.truth import TRUTHS
from tinygrad_edu.value import Value, as_value

__all__ = ["ValueArray", "array", "flat", "numbers_of_array", "values_of"]

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
ObjectArray = np.ndarray[Any, np.dtype[np.object_]]

_each_as_value = np.frompyfunc(as_value, 1, 1)


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
    if isinstance(x, np.ndarray) and x.ndim and x.dtype.kind in "biuf":
        return np.fromiter(map(Value, x.ravel().tolist()), object, x.size).reshape(x.shape).view(ValueArray)
    return values_of(_rectangle(x), copy=True)


def _rectangle(x: Any) -> ObjectArray:
    """Numbers in an array of dtype object, as Python has them."""
    if isinstance(x, np.ndarray) and x.dtype != object:
        return x.astype(object)
    numbers = np.array(x, dtype=object)
    for number in numbers.flat:
        if isinstance(number, (list, tuple, np.ndarray)):
            raise ValueError(
                f"array needs rows of equal lengths, and one of its elements is {number!r}; nested lists must form a "
                "rectangle"
            )
    return numbers


def values_of(x: Any, copy: bool = False) -> ValueArray:
    """The same array as a `ValueArray`; where an element is a plain number, a new one with `Value`s.

    >>> values_of(np.array([1.0, Value(2.0)], dtype=object)).data
    array([1., 2.])
    """
    plain = np.asarray(x, dtype=object).view(np.ndarray)
    if not all(issubclass(kind, Value) for kind in set(map(type, plain.ravel().tolist()))):
        converted = np.empty(plain.shape, dtype=object)
        converted[...] = _each_as_value(plain)
        return converted.view(ValueArray)
    return (plain.copy() if copy else plain).view(ValueArray)


def numbers_of_array(x: Any) -> FloatArray:
    """The numbers of an array of `Value`s, or of anything that NumPy takes; refused while recording.

    >>> numbers_of_array([Value(1.0), 2.0])
    array([1., 2.])
    """
    if isinstance(x, np.ndarray) and x.dtype != object:
        return x
    elements = np.asarray(x, dtype=object)
    numbers = [element.data if isinstance(element, Value) else element for element in elements.flat]
    return np.array(numbers).reshape(elements.shape)


def flat(values: Iterable[Any]) -> list[Any]:
    """What a list or an array holds, the elements of arrays in it one by one: `[W, b]` as parameters, for example.

    >>> len(flat([array([[1.0, 2.0], [3.0, 4.0]]), array([0.5]), Value(1.0)]))
    6
    """
    if isinstance(values, np.ndarray):
        return values.ravel().tolist()
    return [item for each in values for item in (each.ravel().tolist() if isinstance(each, np.ndarray) else [each])]


class ValueArray(np.ndarray[Any, np.dtype[np.object_]]):
    """A NumPy array whose elements are `Value`s; `array(x)` makes one.

    `.data` and `.grad` are the numbers and the gradients, as float arrays of the same shape; setting them sets those of
    the elements. NumPy's functions, indexing, broadcasting and methods work as on any array, and every activation is
    a method. Raises TypeError for what would lose the graph, such as `astype(float)`.

    >>> a = array([[1.0, -2.0], [3.0, 4.0]])
    >>> np.maximum(0, a).mean(axis=1).data
    array([0.5, 3.5])
    >>> a.relu()[0]
    ValueArray([1., 0.])
    """

    __slots__ = ()

    # What NumPy asks

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **settings: Any) -> Any:
        """NumPy's functions of single numbers."""
        return through_the_rule_book(ufunc, method, *inputs, out=out, **settings)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """All other functions of NumPy."""
        return by_its_meaning(func, args, kwargs)

    # Numbers in and out

    @property
    def data(self) -> FloatArray:  # type: ignore[override]  # a buffer, of a plain array; here what it is for a Value
        """The numbers."""
        return np.array([value.data for value in self.flat], dtype=np.float64).reshape(self.shape)

    @data.setter
    def data(self, numbers: Any) -> None:
        for value, number in zip(self.flat, np.broadcast_to(numbers, self.shape).ravel().tolist(), strict=True):
            value.data = number

    @property
    def grad(self) -> FloatArray:
        """The derivative by each element of whatever `backward()` was called on."""
        return np.array([value.grad for value in self.flat], dtype=np.float64).reshape(self.shape)

    @grad.setter
    def grad(self, numbers: Any) -> None:
        for value, number in zip(self.flat, np.broadcast_to(numbers, self.shape).ravel().tolist(), strict=True):
            value.grad = number

    def detach(self) -> ValueArray:
        """Leaves with the same numbers and no history."""
        return array([value.detach() for value in self.ravel().tolist()]).reshape(self.shape)

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(index)
        except IndexError:
            _refuse_values_as_index(index)
            raise

    def __setitem__(self, index: Any, given: Any) -> None:
        super().__setitem__(index, given if isinstance(given, Value) else values_of(given))

    def fill(self, number: Any) -> None:
        """Set every element to the same Value."""
        self[...] = as_value(number)

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:  # type: ignore[override]  # the same, but for the types of settings that change nothing
        """Put the elements in the order of their numbers."""
        self[...] = np.sort(self, axis=axis)

    @property
    def imag(self) -> ValueArray:  # type: ignore[override]  # as for complex numbers, but nothing to write into
        """0 for each number: a Value is real."""
        return np.imag(self)  # type: ignore[return-value]  # by our meaning of it

    # What has no meaning for several numbers

    def backward(self) -> NoReturn:
        """Refused: a derivative is that of one number."""
        what = f"an array of {self.size} Values has no single derivative" if self.size > 1 else "this is an array"
        raise TypeError(
            f"{what}; take one element, as in [0], or one number made of all, such as .sum(), and sweep that"
        )

    def __float__(self) -> float:
        raise TypeError("an array of Values does not turn into a number: write a[0].data, or a.data for all of them")

    __int__ = __float__  # type: ignore[assignment]  # both raise

    def astype(self, dtype: Any, *_: Any, **__: Any) -> ValueArray:
        """The same array for dtype object; for every other, an error, for its gradient would be lost."""
        if dtype is object or np.dtype(dtype) == object:
            return self.copy()
        raise TypeError(
            f"an array of Values cannot become one of {np.dtype(dtype).name}, because its gradient would be lost: write "
            "a.data for the numbers"
        )

    def __getattr__(self, name: str) -> Any:
        if name in ops.RULE_BOOK and hasattr(Value, name):
            return _OnEach(self, name)
        if hasattr(Value, name):
            raise AttributeError(
                f"an array of Values has no attribute {name!r}, each of its elements has: a[0].{name}",
                name=name,
                obj=self,
            )
        raise AttributeError(f"an array of Values has no attribute {name!r}", name=name, obj=self)

    # What it looks like

    def __repr__(self) -> str:
        return as_text(self, "ValueArray")

    def __str__(self) -> str:
        return format(self)

    def __format__(self, spec: str) -> str:
        for value in self.ravel().tolist()[:1]:
            format(value)  # which is refused while recording
        return as_text(self, "", spec)

    def _repr_html_(self) -> str:
        return as_html(self)


def _by_meaning(name: str) -> Callable[..., Any]:
    """The method that does what NumPy's function of this name does."""

    def method(self: ValueArray, *given: Any, **named: Any) -> Any:
        return MEANINGS[getattr(np, name)](self, *given, **named)

    method.__name__ = name
    return method


# NumPy would do these without asking what they mean.
for _name in (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod", "cumsum", "dot", "max",
    "mean", "min", "nonzero", "prod", "put", "round", "searchsorted", "std", "sum", "trace", "var",
):  # fmt: skip
    setattr(ValueArray, _name, _by_meaning(_name))


class _OnEach:
    """A method of `Value`, called on each element: `a.relu()`."""

    def __init__(self, values: ValueArray, name: str) -> None:
        self.values = values
        self.name = name

    def __call__(self, *others: Any, **settings: Any) -> Any:
        def of_one(value: Value, *arguments: Any) -> Any:
            return getattr(value, self.name)(*arguments, **settings)

        return wrapped(np.frompyfunc(of_one, 1 + len(others), 1)(*map(plain, (self.values, *others))))


# NumPy's functions ----------------------------------------------------------------------------------------


def through_the_rule_book(ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **settings: Any) -> Any:
    """What a ufunc, or a method of one, is on arrays of Values."""
    dtype = settings.pop("dtype", None)
    if dtype is not None and np.dtype(dtype) != object:
        raise TypeError(
            f"the result of np.{ufunc.__name__} holds Values, so its dtype cannot be {np.dtype(dtype).name}"
        )
    targets = [target for target in out if isinstance(target, np.ndarray)]
    condition = settings.pop("where", True) if targets else True
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
        return _of_elements(ufunc, function, inputs, **settings)
    if method == "at":
        check_target(inputs[0])
    places = 1 if method in ("at", "reduceat") else None  # where plain indices stand
    given = [x if k == places else plain(x) for k, x in enumerate(inputs)]
    answer = getattr(function, method)(*given, **settings)
    return None if method == "at" else wrapped(answer)


def _of_elements(ufunc: np.ufunc, function: Any, inputs: Sequence[Any], **settings: Any) -> Any:
    settings = {name: given for name, given in settings.items() if not (name == "where" and given is True)}
    for name in ("casting", "order", "subok"):
        settings.pop(name, None)
    if settings:
        raise TypeError(
            f"np.{ufunc.__name__} of Values takes no {', '.join(settings)}=; choose with np.where(condition, a, b)"
        )
    if ufunc.__name__ in TRUTH:
        return _truths(function(*map(plain, inputs)))
    if ufunc.__name__ not in ("power", "float_power"):  # of which a plain exponent is a setting, and no node
        inputs = [
            x if isinstance(x, np.ndarray) or np.ndim(x) else as_value(x) for x in inputs
        ]  # one leaf for a number that meets all elements
    answer = function(*map(plain, inputs))
    return tuple(map(wrapped, answer)) if ufunc.nout > 1 else wrapped(answer)


def by_its_meaning(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What any other function of NumPy is on arrays of Values."""
    if func not in MEANINGS:
        not_here(func)
    return MEANINGS[func](*args, **kwargs)


def plain(x: Any) -> Any:
    """What NumPy's own loops run on without asking again: arrays of dtype object, and numbers.

    >>> type(plain(array([1.0]))).__name__, plain(2.0)
    ('ndarray', 2.0)
    """
    if isinstance(x, ValueArray):
        return x.view(np.ndarray)
    if isinstance(x, Value):
        boxed = np.empty((), dtype=object)
        boxed[()] = x
        return boxed
    return np.asarray(x, dtype=object) if np.ndim(x) else x


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
    if any(isinstance(element, Value) for element in answer.flat):
        return values_of(answer)
    return answer.astype(bool)


def _written(result: Any, out: Sequence[np.ndarray[Any, Any]]) -> Any:
    """The result, written into the arrays that were given for it."""
    results = result if isinstance(result, tuple) else (result,)
    for target, part in zip(out, results, strict=True):
        if not _is_truth(part, target):
            check_target(target)
        target[...] = part
    return out[0] if len(out) == 1 else tuple(out)


def check_target(target: Any) -> None:
    """Refuse to write Values into an array of plain numbers."""
    if isinstance(target, np.ndarray) and target.dtype != object:
        raise TypeError(
            f"Values cannot be written into an array of {target.dtype.name}, because their gradient would be lost: "
            "make the array with tinygrad_edu.array(...), or write a = a + b instead of a += b"
        )


def _is_truth(part: Any, target: np.ndarray[Any, Any]) -> bool:
    return target.dtype == bool and (isinstance(part, TRUTHS) or getattr(part, "dtype", None) == bool)


def _refuse_values_as_index(index: Any) -> None:
    """Say what an index made of Values should have been; while recording, that it would freeze a choice."""
    for part in index if isinstance(index, tuple) else (index,):
        elements: Iterator[Any] = iter(part.flat if isinstance(part, ValueArray) else [part])
        for element in elements:
            if isinstance(element, Value):
                bool(element) if is_hidden(element) else None
                raise TypeError(
                    "Values are no indices: use whole numbers, .data.astype(int), or a comparison such as a > 0"
                )


# The same for a single Value -------------------------------------------------------------------------------


def ufunc_of_value(value: Value, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **settings: Any) -> Any:
    """What a ufunc is when it is given a Value: `np.maximum(0.0, v)`."""
    return through_the_rule_book(ufunc, method, *inputs, out=out, **settings)


def function_of_value(
    value: Value, func: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """What any other function of NumPy is when it is given a Value: `np.clip(v, 0.0, 1.0)`."""
    return by_its_meaning(func, args, kwargs)
