"""Step 6, run: a `Program` makes the calls of its instructions, forward or forward and backward.

May import: `later`, `number_systems`, `value`; `bind`, `by_example`, `by_machine`, `by_tangle`, `compiled_loops`,
`costs`, `given`, `listing`, `loops`, `lower`, `memory`, `native`, `pure`, `recording`, `scalars`, `shares`, `straight`
and `sweep` of this folder; NumPy.
"""

from __future__ import annotations

import copy
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.later import later
from tinygrad_edu.number_systems import Arrays
from tinygrad_edu.replay import pure
from tinygrad_edu.replay.bind import Bound
from tinygrad_edu.replay.by_example import ByExample, Functions
from tinygrad_edu.replay.by_machine import ByMachine, CompiledFunctions
from tinygrad_edu.replay.by_tangle import Tangles
from tinygrad_edu.replay.compiled_loops import CompiledLoops
from tinygrad_edu.replay.costs import examples_by_line, examples_by_machine
from tinygrad_edu.replay.given import check_arrays, check_out, check_size, check_theta
from tinygrad_edu.replay.listing import by_line, by_loop, by_machine, by_tangle, listing, no_machine, with_note
from tinygrad_edu.replay.loops import loops
from tinygrad_edu.replay.lower import Lowered
from tinygrad_edu.replay.memory import planned
from tinygrad_edu.replay.native import MachineCode
from tinygrad_edu.replay.recording import FloatArray, Noise, RecordingError, drawn
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.replay.shares import InShares, share_size
from tinygrad_edu.replay.straight import is_straight
from tinygrad_edu.replay.sweep import instructions
from tinygrad_edu.value import Value

__all__ = ["Parameters", "Program"]

#: A program keeps its arrays for so many batch sizes: for training a whole batch and the last one of an epoch, for
#: validation the same, for predictions a few more. Each set of arrays is as large as all that is computed in a batch.
BATCH_SIZES_KEPT = 8
#: Of so many scalars, compiling the lines of Python takes longer than recording. Such a program runs on arrays, unless
#: machine code is asked for: each way in which a program runs is compared with its function, and so compiled, first.
_LONG = 20_000
_FLOAT64 = np.dtype(np.float64)
#: A program for one batch size.
BoundTo: TypeAlias = "Bound | ByExample | ByMachine | InShares"
_NO_GRADIENT_OF_A_LIST = "only a function that returns one number has a gradient, and this one returns a list"


class Parameters:
    """The numbers of some parameters, beside those that their `Value`s hold."""

    params: list[Value]
    _theta: FloatArray

    @property
    def theta(self) -> FloatArray:
        """The parameters, flat; assigning copies the numbers in."""
        return self._theta

    @theta.setter
    def theta(self, numbers: Any) -> None:
        given = np.asarray(numbers, dtype=np.float64)
        check_size(given, len(self._theta))
        self._theta[...] = given

    def write_parameters(self) -> None:
        """Write the parameters back to the `Value`s."""
        for parameter, number in zip(self.params, self._theta.tolist(), strict=True):
            parameter.data = number


class Program(Parameters):
    """A recorded function: `program(X, Y)` runs it, `program.value_and_grad(X, Y)` differentiates it too.

    `theta` holds the parameters as a flat array of float64, or of float32 where it was recorded so, in the order of
    `params`; change it in place, or copy it from and to the `Value`s with `read_parameters()` and `write_parameters()`.
    Arrays given to a program have the batch axis in front and are never written to. `print(program)` lists what the
    scalar code became.

    >>> from tinygrad_edu.replay import record
    >>> w = Value(2.0)
    >>> program = record(lambda x: w * x, shapes=((),), params=[w])
    >>> program(np.array([1.0, 3.0])), program.value_and_grad(np.array([1.0, 3.0]))[1]
    (array([2., 6.]), array([2.]))
    """

    draw = later("tinygrad_edu.replay.picture", "draw_program")
    _repr_html_ = later("tinygrad_edu.notebooks.programs", "program_html")

    def __init__(
        self,
        graph: ScalarGraph,
        shapes: Sequence[tuple[int, ...]],
        params: Sequence[Value],
        noises: Sequence[Noise],
        returns_one: bool,
        theta: FloatArray | None = None,
        native: bool = False,
    ) -> None:
        self.params = list(params)
        self.shapes = tuple(shapes)
        self.recorded = graph.recorded
        self.scalars = graph
        self.noises = list(noises)
        self.indices: dict[int, int] = {}  # the numbers among the inputs that choose, and among how many options
        self.returns_one = returns_one
        leaves = [(f"x{k}", math.prod(shape)) for k, shape in enumerate(shapes)]
        leaves += [(f"noise{k}", 1) for k in range(len(noises))]
        lowered = Lowered(graph, leaves, len(params))  # step 3
        self.instructions = instructions(lowered, differentiated=returns_one)  # step 4
        self.leaves = [node.value for node in (*lowered.data, lowered.theta)]
        self._plan = planned(
            [*self.instructions.forward, *self.instructions.backward],
            kept={self.instructions.output, self.instructions.gradient},
        )
        n_data = sum([size for _, size in leaves])
        n_leaves = n_data + len(params)
        self._functions = Functions(graph, n_data, len(params), differentiated=returns_one)
        self.native = native
        self.machine = CompiledFunctions(self._functions) if native and is_straight(graph) else None
        #: Up to so many examples are run line by line, because that is quicker there.
        self.by_line = 0
        if self.machine is not None:
            self.by_line = examples_by_machine(self._functions.lines, self.instructions, self._plan, n_leaves)
        elif len(graph.operations) < _LONG:
            self.by_line = examples_by_line(graph, self.instructions, self._plan, n_leaves)
        #: In place of small array operations, for one example and for several, which have less in common.
        self.tangles: dict[bool, Tangles] = {}
        is_long = len(self.instructions.forward) + len(self.instructions.backward) > _LONG
        for one_example in () if is_long else (True, False):
            found = Tangles(self.instructions, self._plan, one_example, native)
            if found.tangles and found.most and not (one_example and self.by_line):
                self.tangles[one_example] = found
        #: In the place of runs of instructions on elements: beside no tangles, and beside each of these.
        self.loops: dict[bool | None, CompiledLoops] = {}
        compiled: dict[str, MachineCode] = {}
        for key in (None, *self.tangles) if native and not is_long else ():
            apart = self.tangles[key].place if key is not None else ()
            self.loops[key] = CompiledLoops(loops(self.instructions, self._plan, apart), compiled)
        self._theta = np.empty(len(params)) if theta is None else theta
        self._bound: OrderedDict[Any, BoundTo] = OrderedDict()
        self._lock = threading.Lock()  # the arrays serve one call at a time
        if theta is None:
            self.read_parameters()

    @property
    def is_single(self) -> bool:
        """Whether it computes in single precision."""
        return self._theta.dtype == np.float32

    def read_parameters(self) -> None:
        """Read the parameters from the `Value`s."""
        self._theta[...] = [parameter.data for parameter in self.params]

    def twin(self, theta: FloatArray, noises: Sequence[Noise] = ()) -> Program:
        """The same program with parameters and arrays, and perhaps noise, of its own; the arrays are as `theta` is."""
        is_single = getattr(theta, "dtype", None) == np.float32
        check_theta(theta, len(self.params), np.float32 if is_single else np.float64)
        twin = copy.copy(self)
        if is_single:  # straight lines are over floats of 64 bits
            twin.by_line, twin.machine, twin.tangles = 0, None, {}
        twin._theta, twin.noises = theta, list(noises) or self.noises
        twin._bound, twin._lock = OrderedDict(), threading.Lock()
        return twin

    def twins(self, theta: FloatArray, noises: Sequence[Noise] = ()) -> list[tuple[Program, int | None]]:
        """Twins that run in one way each: on arrays, with loops, with tangles, line by line; for how many examples.

        Of a program in single precision, one of double precision on arrays, and one of single precision, whose
        parameters are a copy of `theta`.
        """

        def twin(by_line: int, tangles: dict[bool, Tangles], has_loops: bool = True) -> Program:
            found = self.twin(theta, noises)
            found.by_line, found.tangles, found.loops = by_line, tangles, self.loops if has_loops else {}
            return found

        ways: list[tuple[Program, int | None]] = [(twin(0, {}, has_loops=False), None)]
        if self.is_single:
            return [*ways, (self.twin(theta.astype(np.float32), noises), None)]
        ways += [(twin(0, {}), None)] if self._loops_texts else []
        ways += [(twin(0, {one_example: found}), found.most) for one_example, found in self.tangles.items()]
        return [*ways, *([(twin(self.by_line, {}), self.by_line)] if self.by_line else [])]

    def __call__(self, *arrays: Any) -> FloatArray:
        """The function of each example: shape (batch,), or (batch, k) where it returns a list of k numbers."""
        with self._lock:
            bound = self._prepared(arrays)
            bound.run(bound.forward)
            return bound.values[0].copy() if self.returns_one else bound.values.T.copy()

    def value_and_grad(self, *arrays: Any, out: FloatArray | None = None) -> tuple[np.float64, FloatArray]:
        """The mean of the function over the batch, and the gradient of that mean by `theta`.

        The gradient is a new array, or `out`, if that is given: an array like `theta`, which it is written to.
        The mean over an empty batch is nan, and its gradient 0. Raises RecordingError where the function returns a
        list; TypeError or ValueError for an `out` of another type or shape.
        """
        if out is not None:
            check_out(out, self._theta)
        with self._lock:
            bound = self._differentiated(arrays)
            mean: np.float64 = bound.mean[()]
            if out is None:
                return mean, bound.gradient.copy()
            np.copyto(out, bound.gradient)
            return mean, out

    def values_and_grad(self, *arrays: Any) -> tuple[FloatArray, FloatArray]:
        """The function of each example, and the gradient of its mean over the batch by `theta`."""
        with self._lock:
            bound = self._differentiated(arrays)
            return bound.values[0].copy(), bound.gradient.copy()

    def _differentiated(self, arrays: Sequence[Any]) -> BoundTo:
        if not self.returns_one:
            raise RecordingError(_NO_GRADIENT_OF_A_LIST)
        bound = self._prepared(arrays)
        bound.run(bound.everything)
        return bound

    def _prepared(self, arrays: Sequence[Any]) -> BoundTo:
        """The arrays for this batch size, filled with these data and with fresh noise."""
        try:
            one = len(arrays) == 1  # for one input, the list is half of what looking it up takes
            bound = self._bound[(arrays[0].shape,) if one else tuple([array.shape for array in arrays])]
        except (AttributeError, KeyError):
            arrays = self._checked(arrays)
            bound = self._bind(tuple([array.shape for array in arrays]))
        if isinstance(bound, InShares):
            bound.take(arrays)
            return bound
        for target, array in zip(bound.inputs, arrays):  # noqa: B905 - the shapes were compared, and this is hot
            if type(array) is np.ndarray and array.dtype is _FLOAT64:
                target[...] = array
            else:
                np.copyto(target, array)  # which refuses what are no real numbers
        if self.noises:
            for target, draw in zip(bound.noises, self.noises, strict=True):
                target[...] = drawn(draw, target.shape)
        return bound

    def _bind(self, shapes: tuple[tuple[int, ...], ...]) -> BoundTo:
        if shapes not in self._bound:
            check_size(self._theta, len(self.params))
            if len(self._bound) >= BATCH_SIZES_KEPT:
                self._bound.popitem(last=False)
            batch = shapes[0][0] if shapes else 1
            self._bound[shapes] = self._bound_to(batch)
        return self._bound[shapes]

    def _bound_to(self, batch: int) -> BoundTo:
        """Step 5, for arrays or, where that is quicker, for straight lines."""
        numbers = self.shapes, len(self.noises), self._theta, batch
        if not self.by_line or (batch if self._functions.is_batched else 1) > self.by_line:
            return self._bound_to_arrays(batch)
        return ByExample(self._functions, *numbers) if self.machine is None else ByMachine(self.machine, *numbers)

    def _bound_to_arrays(self, batch: int) -> Bound | InShares:
        """All at once or, where there are many examples, in shares; random numbers are drawn for all at once."""

        def bound_to(size: int) -> Bound:
            one = self.tangles.get(True)
            key = one is not None and 1 <= size <= one.most
            tangles, loops = self.tangles.get(key), self.loops.get(key if key in self.tangles else None)
            numbers = self.shapes, len(self.noises), self._theta, size
            return Bound(self.instructions, self._plan, *numbers, tangles, loops)

        share = share_size([*self.instructions.forward, *self.instructions.backward], self._plan)
        in_shares = batch >= 2 * share and self._functions.is_batched and not self.noises
        return InShares(bound_to, share, batch) if in_shares else bound_to(batch)

    def _checked(self, arrays: Sequence[Any]) -> list[Any]:
        given = [array if isinstance(array, np.ndarray) else np.asarray(array) for array in arrays]
        check_arrays(given, self.shapes)
        return given

    def evaluate(self, m: Arrays, theta: Any, arrays: Sequence[Any]) -> tuple[Any, Any]:
        """Mean and gradient as a pure function, in the number system of another array module."""
        theta, *given = [m.asarray(array) for array in (theta, *arrays)]
        check_size(theta, len(self.params))
        check_arrays(given, self.shapes)
        values, gradient = pure.evaluate(self.instructions, m, theta, given)
        return (values.mean() if values.shape[1] else m.full((), np.nan)), gradient

    def to_jax(self) -> Callable[..., tuple[Any, Any]]:
        """A pure function (theta, *arrays) -> (mean, gradient) for jax.jit, on any device and any sharding.

        It refuses what `value_and_grad` refuses. Only an index of `choose` that names no option cannot be refused
        under jit, where no number is known: then the mean and the whole gradient are nan.

        Raises ImportError where JAX is not installed; RecordingError where the function returns a list or draws
        noise.
        """
        if not self.returns_one:
            raise RecordingError(_NO_GRADIENT_OF_A_LIST)
        if self.noises:
            raise RecordingError("a program that draws noise is no pure function; record the model in eval() mode")
        m = pure.jax_arrays()

        def value_and_grad(theta: Any, *arrays: Any) -> tuple[Any, Any]:
            return self.evaluate(m, theta, arrays)

        return value_and_grad

    @property
    def by_line_text(self) -> str:
        """What is run as straight lines, for how many examples, and what in loops, in words; "" where nothing is.

        Of a program in single precision, that it is one.
        """
        if self.is_single:
            return "\n".join(["every number in single precision, float32", *self._loops_texts])
        return "\n".join(filter(None, [self._all_by_line_text, *self._tangles_texts, *self._loops_texts]))

    @property
    def _loops_texts(self) -> list[str]:
        found = self.loops.get(None)
        return [by_loop(found.operations, len(found.loops), found.seconds)] if found and found.loops else []

    @property
    def _tangles_texts(self) -> list[str]:
        return [by_tangle(found.operations, found.lines, found.most, found.seconds) for found in self.tangles.values()]

    @property
    def _all_by_line_text(self) -> str:
        if not self.by_line:
            return (
                no_machine(is_straight(self.scalars)) if self.native and not (self.tangles or self._loops_texts) else ""
            )
        lines = len(self._functions.lines.forward) + len(self._functions.lines.backward)
        if self.machine is None:
            return by_line(lines, self.by_line)
        return by_machine(lines, self.by_line, self.machine.seconds)

    def __str__(self) -> str:
        text = listing(self.recorded, len(self.params), self.instructions.forward, self.instructions.backward)
        note = self.by_line_text
        return with_note(text, note) if note else text
