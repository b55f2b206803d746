"""What `record` and its programs are given, checked where it comes in, in words that say what is wanted.

May import: `value`, `arrays`; `recording` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.arrays import flat
from tinygrad_edu.replay.recording import FloatArray
from tinygrad_edu.value import Value

__all__ = [
    "check_arrays",
    "check_out",
    "check_size",
    "check_theta",
    "checked_dtype",
    "checked_examples",
    "checked_params",
    "checked_shapes",
]


def checked_params(params: Sequence[Value]) -> list[Value]:
    """Distinct leaves."""
    if hasattr(params, "parameters"):
        raise TypeError(f"params are Values, and {type(params).__name__} is a model; pass model.parameters()")
    if callable(params):
        raise TypeError(f"params are Values, and {params!r:.80} was not called; add (): model.parameters()")
    params = flat(params)
    for parameter in params:
        if type(parameter) is not Value or parameter.op is not None:
            raise TypeError(f"params must be leaf Values, such as model.parameters(), not {parameter!r}")
    if len(set(map(id, params))) < len(params):
        raise ValueError("params must be distinct, but one Value occurs twice")
    return params


def checked_shapes(shapes: Any) -> list[tuple[int, ...]]:
    """One shape for each input, each of them a tuple."""
    if isinstance(shapes, (int, np.integer)):
        raise TypeError(f"shapes has one shape for each input, such as ({shapes},) or ((8, 8), ()), not {shapes!r}")
    return [_checked_shape(shape) for shape in shapes]


def _checked_shape(shape: Any) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else shape
    if not isinstance(sizes, tuple) or not all(isinstance(n, (int, np.integer)) and n > 0 for n in sizes):
        raise ValueError(f"a shape is () for one number, or whole numbers above 0 such as 3 or (8, 8), not {shape!r}")
    return tuple(int(n) for n in sizes)


def checked_examples(arrays: Any, shapes: Sequence[tuple[int, ...]]) -> list[FloatArray]:
    """One array for each shape, all of the same batch, and at least one example."""
    if not isinstance(arrays, (tuple, list)) or len(arrays) != len(shapes):
        raise TypeError(f"check is a tuple of {len(shapes)} arrays, one per input, not {arrays!r}")
    given = [np.asarray(array, dtype=np.float64) for array in arrays]
    for k, (array, shape) in enumerate(zip(given, shapes, strict=True)):
        if array.shape != (len(given[0]) if given[0].ndim else 0, *shape) or len(array) == 0:
            wanted = ", ".join(["examples", *map(str, shape)])
            raise ValueError(f"array {k} of check must have shape ({wanted}), as many for all, not {array.shape}")
    return given


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """What numbers a program computes with: float64 or float32."""
    for kind in (np.dtype(np.float64), np.dtype(np.float32)):
        try:
            if dtype is not None and kind == dtype:
                return kind
        except TypeError:  # it names no kind of number
            break
    raise ValueError(f'dtype is "float64", or "float32" for half the memory and half the digits, not {dtype!r}')


def check_theta(theta: Any, count: int, dtype: Any = np.float64) -> None:
    """Programs share the array itself, and read it as it lies in memory."""
    if not isinstance(theta, np.ndarray) or theta.dtype != dtype:
        kind = f"an array of {theta.dtype}" if isinstance(theta, np.ndarray) else f"{type(theta).__name__}"
        wanted = np.dtype(dtype).name
        like = "" if dtype == np.float64 else f", {wanted}"
        raise TypeError(f"theta is an array of {wanted}, such as np.array([p.data for p in params]{like}), not {kind}")
    check_size(theta, count)
    if not (theta.flags.c_contiguous and theta.flags.writeable and theta.flags.aligned):
        raise ValueError("theta is shared, so it must be writable and its numbers side by side: pass theta.copy()")


def check_size(theta: Any, count: int) -> None:
    """A view of fewer numbers than there are parameters would show what lies behind them."""
    if theta.shape != (count,):
        raise ValueError(f"theta has one number for each parameter, shape ({count},), not {theta.shape}")


def check_out(out: Any, theta: FloatArray) -> None:
    """What the gradient is written to must be able to hold it."""
    if not isinstance(out, np.ndarray) or out.dtype != theta.dtype:
        kind = f"an array of {out.dtype}" if isinstance(out, np.ndarray) else f"{type(out).__name__}"
        raise TypeError(f"out is an array of {theta.dtype}, such as np.empty_like(program.theta), not {kind}")
    if out.shape != theta.shape or not out.flags.writeable:
        what = f"one of shape {out.shape}" if out.shape != theta.shape else "one that is read-only"
        raise ValueError(f"out is a writable array of shape {theta.shape}, a number for each parameter, not {what}")


def check_arrays(arrays: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> None:
    """Raises TypeError or ValueError unless there is one array per input, all of them with the same batch."""
    if len(arrays) != len(shapes):
        raise TypeError(f"this program takes {len(shapes)} arrays, one per input, not {len(arrays)}")
    batch = arrays[0].shape[:1] if arrays else ()
    for k, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if array.shape != batch + shape or not batch:
            wanted = ", ".join(["batch", *map(str, shape)]) if shape else "batch,"
            raise ValueError(
                f"input {k} must have shape ({wanted}), the same batch for all, not {array.shape}; a batch of the one "
                "example x is x[None]"
            )
        if not _is_real(array.dtype):
            raise TypeError(f"input {k} must hold real numbers, not {array.dtype}")


def _is_real(dtype: Any) -> bool:
    """Whether NumPy can make float64 of such numbers; bfloat16 and its like are of a kind that NumPy calls void."""
    return dtype.kind in "biuf" or (dtype.kind == "V" and dtype.type is not np.void)
