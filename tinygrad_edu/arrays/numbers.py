"""What `.data` and `.grad` of an array give: its numbers, copied, which says so to whoever writes into them.

May import: NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["CopiedNumbers", "copied"]


class CopiedNumbers(np.ndarray[Any, np.dtype[np.float64]]):
    """A NumPy array that cannot be written into, because what is written would get lost.

    `W.data -= step` is no such writing: it makes another array and assigns it to `W.data`. What is computed from it,
    and each copy of it, is an array like any other.

    >>> from tinygrad_edu import array
    >>> W = array([1.0, 2.0])
    >>> W.data -= 0.5
    >>> W.data[0] = 5.0
    Traceback (most recent call last):
        ...
    ValueError: the data of an array is a copy of its numbers, in which nothing that is written reaches the array: \
write W.data = numbers for an array W, or W[0].data = number for an element of it
    """

    _name: str

    def __array_finalize__(self, of: Any) -> None:
        self._name = getattr(of, "_name", "data")

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """What one of NumPy's functions has made of it."""
        answer = np.asarray(array)
        return answer if answer.ndim else answer[()]

    def __setitem__(self, index: Any, given: Any) -> None:
        if not self.flags.writeable:
            name = self._name
            raise ValueError(
                f"the {name} of an array is a copy of its numbers, in which nothing that is written reaches the array: "
                f"write W.{name} = numbers for an array W, or W[0].{name} = number for an element of it"
            )
        super().__setitem__(index, given)

    def copy(self, order: Any = "C") -> np.ndarray[Any, np.dtype[np.float64]]:  # type: ignore[override]
        """The same numbers in an array that may be written into."""
        return np.array(self, order=order)

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()

    def __repr__(self) -> str:
        return repr(np.asarray(self))


def _in_place(operator: str) -> Any:
    """The operator in `W.data -= step`, which Python takes for `W.data = W.data - step` if it makes a new array."""

    def method(self: CopiedNumbers, other: Any) -> Any:
        target = self if self.flags.writeable else self.copy()
        return getattr(np.ndarray, operator)(target, other)

    method.__name__ = operator
    return method


for _operator in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(CopiedNumbers, f"__i{_operator}__", _in_place(f"__i{_operator}__"))


def copied(numbers: list[float], shape: tuple[int, ...], name: str) -> CopiedNumbers:
    """The numbers in an array of this shape, which says of itself that it is the `name` of an array.

    >>> copied([1.0, 2.0], (2,), "grad")
    array([1., 2.])
    """
    array = np.array(numbers, dtype=np.float64).reshape(shape).view(CopiedNumbers)
    array.flags.writeable = False
    array._name = name
    return array
