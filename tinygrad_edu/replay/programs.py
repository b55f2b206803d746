"""`record`: scalar code becomes a `Program` over arrays, which runs a batch at the speed of matrices.

May import: `arguments`, `elsewhere`, `value`, `arrays`; `agreement`, `examples`, `given`, `native`, `recording`,
`run` and `scalars` of this folder; NumPy.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.arguments import check_takes
from tinygrad_edu.arrays import array
from tinygrad_edu.elsewhere import RECORD_KEYWORDS, says_ours
from tinygrad_edu.replay.agreement import compare
from tinygrad_edu.replay.examples import WORK, made_inputs
from tinygrad_edu.replay.given import check_theta, checked_dtype, checked_examples, checked_params, checked_shapes
from tinygrad_edu.replay.native import check_installed
from tinygrad_edu.replay.recording import HARMLESS, FloatArray, RecordingError, Shape, collector_paused, recorded_once
from tinygrad_edu.replay.run import Parameters, Program
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.value import Value

__all__ = ["Programs", "record", "recorded"]


@says_ours(RECORD_KEYWORDS)
def record(
    fn: Callable[..., Any],
    shapes: Sequence[Shape],
    params: Sequence[Value],
    *,
    theta: FloatArray | None = None,
    check: Sequence[Any] | None = None,
    native: bool = False,
    dtype: Any = "float64",
) -> Program:
    """Turn scalar code for ONE example into a program for batches.

    `fn` is called with one input for each of `shapes`: `()` gives it one number, `3` an array of three, `(8, 8)` a
    grid, all of them `Value`s. It returns one number, such as a loss, or a list of them, such as predictions.
    `params` are the leaves that gradients are wanted for. Programs that are given the same array as `theta`, of `dtype`
    and of shape (len(params),), share their parameters; else each has its own, read from `params`.

    Then the program is compared with `fn`, which is therefore called a few more times: value and gradient, on the
    examples `check=(X, Y)`, arrays as the program takes them, or on made ones, and with other parameters. So a
    function that depends on what a recording cannot see (a type, a state of its own, a random number) is refused, as
    far as that shows on these examples.
    Random numbers that are to be drawn at every run come from `modes.noise`.

    Where hardly two operations are alike, arrays do not help, and a few examples are computed one by one, by straight
    lines of Python. With `native=True` these become machine code, for as many examples as it is quicker for, which
    `print(program)` says; the numbers stay the same. That takes a second for some ten thousand operations. And what a
    program on arrays computes element by element, one cheap operation after the other, is compiled to one loop over the
    arrays, to the same bits: the slopes of a network with max pooling in a third of the time.

    With `dtype="float32"` the program computes in single precision, with seven digits instead of sixteen: in half the
    memory, and large products in half the time. It is compared with `fn` in double precision before. Straight lines
    are over float64, so of such a program `native` compiles the loops alone.

    Raises RecordingError where `fn` would read a number, and so freeze this example's choice into the program, and
    where the program differs from it; TypeError or ValueError for params that are not distinct leaves, for shapes
    that are none, for a `theta` of another type or shape, and for a `dtype` that is neither;
    ImportError for `native` where llvmlite is missing.

    >>> w = Value(3.0)
    >>> program = record(lambda x, y: (w * x - y) ** 2, shapes=((), ()), params=[w])
    >>> program(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 4., 25.])
    >>> mean, gradient = program.value_and_grad(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    >>> float(mean), gradient
    (14.5, array([12.]))
    """
    sizes, kind = checked_shapes(shapes), checked_dtype(dtype)
    check_takes(
        fn,
        len(sizes),
        f"record gives the function one input for each of the {len(sizes)} shapes={shapes!r}, where one array of shape "
        "(3, 2) would be shapes=((3, 2),)",
    )
    params = checked_params(params)
    examples = None if check is None else checked_examples(check, sizes)
    if theta is not None:
        check_theta(theta, len(params), kind)
    program = recorded(fn, sizes, params, examples, theta if kind == np.float64 else None, native)
    edges = sum(map(len, program.scalars.inputs))
    judged = compare(
        program,
        lambda *row: fn(*map(_as_values, row)),
        made_inputs(sizes, program.indices, edges) if examples is None else examples,
        np.array([parameter.data for parameter in params]),
        unchanged=examples is not None or edges < WORK,
        skips=examples is None,
    )
    if examples is not None and not judged:
        raise RecordingError("for the examples of check, all that the function gives is inf or nan; give others")
    if kind == np.float64:
        return program
    return program.twin(program.theta.astype(kind) if theta is None else theta)


def recorded(
    fn: Callable[..., Any],
    shapes: Sequence[tuple[int, ...]],
    params: Sequence[Value],
    examples: Sequence[FloatArray] | None = None,
    theta: FloatArray | None = None,
    native: bool = False,
) -> Program:
    """The program for a function, not yet compared with it; the first of the examples is the one that is recorded."""
    params = checked_params(params)
    if theta is not None:
        check_theta(theta, len(params))
    if native:
        check_installed()
    numbers = [array[0] for array in examples] if examples else [np.full(shape, HARMLESS) for shape in shapes]
    with collector_paused():
        recording = recorded_once(fn, numbers, params)  # step 1
        graph = ScalarGraph(recording.leaves, params)  # step 2
        graph.include(recording.outputs, recording.joined)
        # Steps 3 and 4; the last two follow when the program is called.
        program = Program(graph, shapes, params, recording.draws, recording.returns_one, theta, native)
        program.indices = recording.indices()
    return program


def _as_values(numbers: FloatArray) -> Any:
    """One example's input as the function sees it while recording: a `Value`, or an array of them."""
    return array(numbers) if numbers.ndim else Value(numbers.item())


class Programs(Parameters):
    """One function for inputs of several shapes, such as texts of several lengths: a program for each shape.

    A shape is recorded when it is first seen, and the `kept` most recently used programs are kept: by default as many
    as short texts have lengths, for each has arrays of its own. All share one `theta`, and with `native` all become
    machine code, as by `record`.

    >>> w = Value(2.0)
    >>> programs = Programs(lambda x: w * sum(x), params=[w])
    >>> programs(np.ones((1, 3))), programs(np.ones((1, 5)))
    (array([6.]), array([10.]))
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        params: Sequence[Value],
        kept: int = 32,
        dtype: Any = "float64",
        *,
        native: bool = False,
    ) -> None:
        if kept < 1:
            raise ValueError(f"Programs must keep at least one program, not {kept}")
        self.params = checked_params(params)
        self._theta = np.array([parameter.data for parameter in self.params], checked_dtype(dtype))
        self._fn = fn
        self._kept = kept
        self._native = native
        self._programs: OrderedDict[tuple[tuple[int, ...], ...], Program] = OrderedDict()

    def for_shapes(self, shapes: tuple[tuple[int, ...], ...]) -> Program:
        """The program for these shapes of one example's inputs."""
        if shapes in self._programs:
            self._programs.move_to_end(shapes)
        else:
            self._programs[shapes] = record(
                self._fn, shapes, self.params, theta=self.theta, dtype=self.theta.dtype, native=self._native
            )
            if len(self._programs) > self._kept:
                self._programs.popitem(last=False)
        return self._programs[shapes]

    def _for(self, arrays: Sequence[Any]) -> Program:
        return self.for_shapes(tuple([np.shape(array)[1:] for array in arrays]))

    def __call__(self, *arrays: Any) -> FloatArray:
        """The function of each example, by the program for these shapes."""
        return self._for(arrays)(*arrays)

    def value_and_grad(self, *arrays: Any, out: FloatArray | None = None) -> tuple[np.float64, FloatArray]:
        """The mean over the batch and its gradient by `theta`, by the program for these shapes."""
        return self._for(arrays).value_and_grad(*arrays, out=out)
