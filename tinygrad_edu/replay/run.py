"""`record`: scalar code becomes a `Program` over arrays, which runs a batch at the speed of matrices.

May import: `later`, `ops`, `number_systems`, `value`; `agreement`, `builder`, `instructions`, `listing`, `lower`,
`recording` and `scalars` of this folder; NumPy; JAX inside functions.
"""

from __future__ import annotations

import copy
import numbers as numbers_module
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.later import later
from tinygrad_edu.number_systems import Arrays
from tinygrad_edu.replay.agreement import WORK, compare, made_inputs, numbers_in
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.instructions import (
    Assemble,
    Constant,
    Elementwise,
    Grid,
    Instruction,
    Leaf,
    Places,
    Prefer,
    place,
)
from tinygrad_edu.replay.listing import listing
from tinygrad_edu.replay.lower import Schedule
from tinygrad_edu.replay.recording import Noise, Recorder, RecordingError, Shape, collector_paused, drawn, recording
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.value import Value

__all__ = ["Program", "Programs", "record"]

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
_BATCH_SIZES_KEPT = 8
_NO_GRADIENT_OF_A_LIST = "only a function that returns one number has a gradient, and this one returns a list"


def record(
    fn: Callable[..., Any],
    shapes: Sequence[Shape],
    params: Sequence[Value],
    *,
    theta: FloatArray | None = None,
    check: Sequence[Any] | None = None,
) -> Program:
    """Turn scalar code for ONE example into a program for batches.

    `fn` is called with one input for each of `shapes`: `()` gives it one number, `3` an array of three, `(8, 8)` a
    grid, all of them `Value`s. It returns one number, such as a loss, or a list of them, such as predictions.
    `params` are the leaves that gradients are wanted for. Programs that are given the same array as `theta`, float64
    and of shape (len(params),), share their parameters; else each has its own, read from `params`.

    Then the program is compared with `fn`, which is therefore called a few more times: value and gradient, on the
    examples `check=(X, Y)`, arrays as the program takes them, or on made ones, and with other parameters. So a
    function that depends on what a recording cannot see (a type, a state of its own, a random number) is refused, as
    far as that shows on these examples.
    Random numbers that are to be drawn at every run come from `modes.noise`.

    Raises RecordingError where `fn` would read a number, and so freeze this example's choice into the program, and
    where the program differs from it; TypeError or ValueError for params that are not distinct leaves, for shapes
    that are none, and for a `theta` of another type or shape.

    >>> w = Value(3.0)
    >>> program = record(lambda x, y: (w * x - y) ** 2, shapes=((), ()), params=[w])
    >>> program(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 4., 25.])
    >>> mean, gradient = program.value_and_grad(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    >>> float(mean), gradient
    (14.5, array([12.]))
    """
    if isinstance(shapes, (int, np.integer)):
        raise TypeError(f"shapes has one shape for each input, such as ({shapes},) or ((8, 8), ()), not {shapes!r}")
    sizes = [_checked_shape(shape) for shape in shapes]
    params = _checked_params(params)
    examples = None if check is None else _checked_arrays(check, sizes)
    program = recorded(fn, sizes, params, examples, theta)
    if examples is None:
        edges = sum(map(len, program.scalars.inputs))
        examples = made_inputs(sizes, program.indices, edges)
    else:
        edges = 0
    judged = compare(
        program,
        lambda *row: fn(*map(_as_values, row)),
        examples,
        np.array([parameter.data for parameter in params]),
        unchanged=edges < WORK,
        skips=check is None,
    )
    if check is not None and not judged:
        raise RecordingError("for the examples of check, all that the function gives is inf or nan; give others")
    return program


def recorded(
    fn: Callable[..., Any],
    shapes: Sequence[tuple[int, ...]],
    params: Sequence[Value],
    examples: Sequence[FloatArray] | None = None,
    theta: FloatArray | None = None,
) -> Program:
    """The program for a function, not yet compared with it; the first of the examples is the one that is recorded."""
    params = _checked_params(params)
    if theta is not None:
        _check_theta(theta, len(params))
    numbers = [array[0] for array in examples] if examples else [np.full(shape, 0.5) for shape in shapes]
    with collector_paused():
        graph, recorder, returns_one = _graph(fn, numbers, params)
        program = Program(graph, shapes, params, [draw for _, draw in recorder.noises], returns_one, theta)
        program.indices = recorder.indices()
    return program


def _graph(
    fn: Callable[..., Any], numbers: Sequence[FloatArray], params: Sequence[Value]
) -> tuple[ScalarGraph, Recorder, bool]:
    """Run the function once; its graph, what the recorder saw, and whether it returned one number or a list."""
    with recording(params) as recorder:
        result = fn(*[recorder.inputs(f"x{k}", array) for k, array in enumerate(numbers)])
        returns_one = isinstance(result, (Value, numbers_module.Real, np.bool_))
        outputs = [_output(item) for item in numbers_in(result)]
        if not outputs:
            raise RecordingError("the function returned no number at all, and a program needs at least one")
        joined = Value.apply(ops.fsum, outputs)
    graph = ScalarGraph([*recorder.data, *[node for node, _ in recorder.noises]], params)
    graph.include(outputs, joined)
    return graph, recorder, returns_one


def _as_values(array: FloatArray) -> Any:
    """One example's input as the function sees it while recording: a `Value`, or an array of them."""
    values = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        values[index] = Value(float(array[index]))
    return values if array.ndim else values.item()


def _checked_params(params: Sequence[Value]) -> list[Value]:
    params = list(params)
    for parameter in params:
        if type(parameter) is not Value or parameter.op is not None:
            raise TypeError(f"params must be leaf Values, such as model.parameters(), not {parameter!r}")
    if len(set(map(id, params))) < len(params):
        raise ValueError("params must be distinct, but one Value occurs twice")
    return params


def _checked_shape(shape: Any) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else shape
    if not isinstance(sizes, tuple) or not all(isinstance(n, (int, np.integer)) and n > 0 for n in sizes):
        raise ValueError(f"a shape is () for one number, or whole numbers above 0 such as 3 or (8, 8), not {shape!r}")
    return tuple(int(n) for n in sizes)


def _checked_arrays(arrays: Any, shapes: Sequence[tuple[int, ...]]) -> list[FloatArray]:
    """One array for each shape, all of the same batch, and at least one example."""
    if not isinstance(arrays, (tuple, list)) or len(arrays) != len(shapes):
        raise TypeError(f"check is a tuple of {len(shapes)} arrays, one per input, not {arrays!r}")
    given = [np.asarray(array, dtype=np.float64) for array in arrays]
    for k, (array, shape) in enumerate(zip(given, shapes, strict=True)):
        if array.shape != (len(given[0]) if given[0].ndim else 0, *shape) or len(array) == 0:
            wanted = ", ".join(["examples", *map(str, shape)])
            raise ValueError(f"array {k} of check must have shape ({wanted}), as many for all, not {array.shape}")
    return given


def _check_theta(theta: Any, count: int) -> None:
    """Programs share the array itself, and read it as it lies in memory."""
    if not isinstance(theta, np.ndarray) or theta.dtype != np.float64:
        kind = f"an array of {theta.dtype}" if isinstance(theta, np.ndarray) else f"{type(theta).__name__}"
        raise TypeError(f"theta is an array of float64, such as np.array([p.data for p in params]), not {kind}")
    _check_size(theta, count)
    if not (theta.flags.c_contiguous and theta.flags.writeable and theta.flags.aligned):
        raise ValueError("theta is shared, so it must be writable and its numbers side by side: pass theta.copy()")


def _check_size(theta: Any, count: int) -> None:
    """A view of fewer numbers than there are parameters would show what lies behind them."""
    if theta.shape != (count,):
        raise ValueError(f"theta has one number for each parameter, shape ({count},), not {theta.shape}")


def _output(item: Any) -> Value:
    if isinstance(item, Value):
        return item
    if isinstance(item, (numbers_module.Real, np.bool_)):
        return Value(float(item))
    raise RecordingError(f"the function must return a number or a list of numbers, not {item!r} among them")


class _Parameters:
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
        _check_size(given, len(self._theta))
        self._theta[...] = given

    def push(self) -> None:
        """Write the parameters back to the `Value`s."""
        for parameter, number in zip(self.params, self._theta.tolist(), strict=True):
            parameter.data = number


class Program(_Parameters):
    """A recorded function: `program(X, Y)` runs it, `program.value_and_grad(X, Y)` differentiates it too.

    `theta` holds the parameters as a flat float64 array, in the order of `params`; change it in place, or copy
    it from and to the `Value`s with `pull()` and `push()`. Arrays given to a program have the batch axis in
    front and are never written to. `print(program)` lists what the scalar code became.

    >>> w = Value(2.0)
    >>> program = record(lambda x: w * x, shapes=((),), params=[w])
    >>> program(np.array([1.0, 3.0])), program.value_and_grad(np.array([1.0, 3.0]))[1]
    (array([2., 6.]), array([2.]))
    """

    draw = later("tinygrad_edu.replay.picture", "draw_program")

    def __init__(
        self,
        graph: ScalarGraph,
        shapes: Sequence[tuple[int, ...]],
        params: Sequence[Value],
        noises: Sequence[Noise],
        returns_one: bool,
        theta: FloatArray | None = None,
    ) -> None:
        self.params = list(params)
        self.shapes = tuple(shapes)
        self.recorded = graph.recorded
        self.scalars = graph
        self.noises = list(noises)
        self.indices: dict[int, int] = {}  # the numbers among the inputs that choose, and among how many options
        self.returns_one = returns_one
        leaves = [(f"x{k}", int(np.prod(shape))) for k, shape in enumerate(shapes)]
        leaves += [(f"noise{k}", 1) for k in range(len(noises))]
        schedule = Schedule(graph, leaves, len(params))
        self.output = schedule.output.value
        self.gradient = schedule.gradient() if returns_one else None
        self.forward_instructions = _needed(schedule.builder.written, [self.output])
        everything = _needed(
            schedule.builder.written, [self.output, *([self.gradient] if self.gradient is not None else [])]
        )
        forward = set(self.forward_instructions)
        self.backward_instructions = [var for var in everything if var not in forward]
        self._leaves = {
            var.instruction.name: var for var in schedule.builder.written if isinstance(var.instruction, Leaf)
        }
        self.leaves = [node.value for node in (*schedule.data, schedule.theta)]
        self._theta = np.empty(len(params)) if theta is None else theta
        self._bound: OrderedDict[Any, _Bound] = OrderedDict()
        self._lock = threading.Lock()  # the buffers serve one call at a time
        if theta is None:
            self.pull()

    def pull(self) -> None:
        """Read the parameters from the `Value`s."""
        self._theta[...] = [parameter.data for parameter in self.params]

    def twin(self, theta: FloatArray, noises: Sequence[Noise] = ()) -> Program:
        """The same program with parameters and buffers, and perhaps noise, of its own."""
        _check_theta(theta, len(self.params))
        twin = copy.copy(self)
        twin._theta, twin.noises = theta, list(noises) or self.noises
        twin._bound, twin._lock = OrderedDict(), threading.Lock()
        return twin

    def __call__(self, *arrays: Any) -> FloatArray:
        """The function of each example: shape (batch,), or (batch, k) where it returns a list of k numbers."""
        with self._lock:
            bound = self._prepared(arrays)
            bound.run(bound.forward)
            return bound.values[0].copy() if self.returns_one else bound.values.T.copy()

    def value_and_grad(self, *arrays: Any) -> tuple[np.float64, FloatArray]:
        """The mean of the function over the batch, and the gradient of that mean by `theta`.

        The mean over an empty batch is nan, and its gradient 0. Raises RecordingError where the function returns a
        list.
        """
        with self._lock:
            bound = self._differentiated(arrays)
            return np.float64(bound.mean), bound.gradient.copy()

    def values_and_grad(self, *arrays: Any) -> tuple[FloatArray, FloatArray]:
        """The function of each example, and the gradient of its mean over the batch by `theta`."""
        with self._lock:
            bound = self._differentiated(arrays)
            return bound.values[0].copy(), bound.gradient.copy()

    def _differentiated(self, arrays: Sequence[Any]) -> _Bound:
        if not self.returns_one:
            raise RecordingError(_NO_GRADIENT_OF_A_LIST)
        bound = self._prepared(arrays)
        bound.run(bound.everything)
        return bound

    def _prepared(self, arrays: Sequence[Any]) -> _Bound:
        """The buffers for this batch size, filled with these arrays."""
        shapes = tuple([getattr(array, "shape", None) for array in arrays])
        bound = self._bound.get(shapes)
        if bound is None:
            arrays = self._checked(arrays)
            bound = self._bind(tuple([array.shape for array in arrays]))
        for target, array in zip(bound.inputs, arrays):  # noqa: B905 - the shapes were compared, and this is hot
            np.copyto(target, array)
        for target, draw in zip(bound.noises, self.noises, strict=True):
            target[...] = drawn(draw, target.shape)
        return bound

    def _bind(self, shapes: tuple[tuple[int, ...], ...]) -> _Bound:
        if shapes not in self._bound:
            if len(self._bound) >= _BATCH_SIZES_KEPT:
                self._bound.popitem(last=False)
            self._bound[shapes] = _Bound(self, shapes[0][0] if shapes else 1)
        return self._bound[shapes]

    def _checked(self, arrays: Sequence[Any]) -> list[Any]:
        given = [array if isinstance(array, np.ndarray) else np.asarray(array) for array in arrays]
        self._check_arrays(given)
        return given

    def evaluate(self, m: Arrays, theta: Any, arrays: Sequence[Any]) -> tuple[Any, Any]:
        """Mean and gradient as a pure function, in the number system of another array module."""
        theta, *arrays = [m.asarray(array) for array in (theta, *arrays)]
        _check_size(theta, len(self.params))
        self._check_arrays(arrays)
        # As NumPy does, which copies them into arrays of floats: whole numbers of few bits would overflow.
        theta, *arrays = [array.astype(float) for array in (theta, *arrays)]
        batch = arrays[0].shape[0] if arrays else 1
        if batch == 0:
            return m.full((), np.nan), m.zeros(len(self.params))
        values = self._leaf_values(m, theta, arrays, batch)
        factor: Any = 1.0  # nan where an index names no option
        for var in (*self.forward_instructions, *self.backward_instructions):
            if not isinstance(var.instruction, Leaf):
                operands = [values[operand] for operand in var.operands]
                values[var] = var.instruction.evaluate(m, *operands, batch=batch)
                if isinstance(var.instruction, Places):
                    factor = factor * _one_or_nan(m, var.instruction, operands[0])
        gradient = m.zeros(len(self.params)) if self.gradient is None else values[self.gradient].reshape(-1)
        return m.mean(values[self.output]) * factor, gradient * factor

    def _leaf_values(self, m: Arrays, theta: Any, arrays: Sequence[Any], batch: int) -> dict[Var, Any]:
        values: dict[Var, Any] = {self._leaves["theta"]: theta.reshape(-1, 1)}
        for k, array in enumerate(arrays):
            values[self._leaves[f"x{k}"]] = array.reshape(batch, -1).T
        if "seed" in self._leaves:
            values[self._leaves["seed"]] = m.full((1, batch), 1.0 / batch) if self.output.batched else m.ones((1, 1))
        return values

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
        try:
            import jax
            import jax.scipy.special
        except ImportError as error:
            raise ImportError('JAX is not installed; pip install "tinygrad_edu[jax]" gives it') from error
        m = Arrays(jax.numpy, jax.scipy)

        def value_and_grad(theta: Any, *arrays: Any) -> tuple[Any, Any]:
            return self.evaluate(m, theta, arrays)

        return value_and_grad

    def _check_arrays(self, arrays: Sequence[Any]) -> None:
        """Raises TypeError or ValueError unless there is one array per input, all of them with the same batch."""
        if len(arrays) != len(self.shapes):
            raise TypeError(f"this program takes {len(self.shapes)} arrays, one per input, not {len(arrays)}")
        batch = arrays[0].shape[:1] if arrays else ()
        for k, (array, shape) in enumerate(zip(arrays, self.shapes, strict=True)):
            if array.shape != batch + shape or not batch:
                wanted = ", ".join(["batch", *map(str, shape)]) if shape else "batch,"
                raise ValueError(f"input {k} must have shape ({wanted}), the same batch for all, not {array.shape}")
            if not _is_real(array.dtype):
                raise TypeError(f"input {k} must hold real numbers, not {array.dtype}")

    def __str__(self) -> str:
        return listing(self.recorded, len(self.params), self.forward_instructions, self.backward_instructions)


class Programs(_Parameters):
    """One function for inputs of several shapes, such as texts of several lengths: a program for each shape.

    A shape is recorded when it is first seen, and the `kept` most recently used programs are kept. All share one
    `theta`.

    >>> w = Value(2.0)
    >>> programs = Programs(lambda x: w * sum(x), params=[w])
    >>> programs(np.ones((1, 3))), programs(np.ones((1, 5)))
    (array([6.]), array([10.]))
    """

    def __init__(self, fn: Callable[..., Any], params: Sequence[Value], kept: int = 32) -> None:
        if kept < 1:
            raise ValueError(f"Programs must keep at least one program, not {kept}")
        self.params = _checked_params(params)
        self._theta = np.array([parameter.data for parameter in self.params])
        self._fn = fn
        self._kept = kept
        self._programs: OrderedDict[tuple[tuple[int, ...], ...], Program] = OrderedDict()

    def for_shapes(self, shapes: tuple[tuple[int, ...], ...]) -> Program:
        """The program for these shapes of one example's inputs."""
        if shapes in self._programs:
            self._programs.move_to_end(shapes)
        else:
            self._programs[shapes] = record(self._fn, shapes, self.params, theta=self.theta)
            if len(self._programs) > self._kept:
                self._programs.popitem(last=False)
        return self._programs[shapes]

    def _for(self, arrays: Sequence[Any]) -> Program:
        return self.for_shapes(tuple([np.shape(array)[1:] for array in arrays]))

    def __call__(self, *arrays: Any) -> FloatArray:
        """The function of each example, by the program for these shapes."""
        return self._for(arrays)(*arrays)

    def value_and_grad(self, *arrays: Any) -> tuple[np.float64, FloatArray]:
        """The mean over the batch and its gradient by `theta`, by the program for these shapes."""
        return self._for(arrays).value_and_grad(*arrays)


def _is_real(dtype: Any) -> bool:
    """Whether NumPy can make float64 of such numbers; bfloat16 and its like are of a kind that NumPy calls void."""
    return dtype.kind in "biuf" or (dtype.kind == "V" and dtype.type is not np.void)


def _one_or_nan(m: Arrays, places: Places, index: Any) -> Any:
    """1 where each index names an option, else nan, or an IndexError where the indices are known."""
    are_there = places.are_all_there(m, index)
    try:
        is_known_to_fail = not are_there
    except TypeError:  # JAX knows no number while it traces
        return m.where(are_there, 1.0, np.nan)
    if is_known_to_fail:
        raise places.error(index)
    return 1.0


def _needed(written: Sequence[Var], outputs: Sequence[Var]) -> list[Var]:
    """Of all that was written, what the outputs depend on, in order."""
    needed = set(outputs)
    for var in reversed(written):
        if var in needed:
            needed.update(var.operands)
    return [var for var in written if var in needed]


class _Bound:
    """A program's buffers for one batch size, and the calls that fill them."""

    def __init__(self, program: Program, batch: int) -> None:
        self.batch = batch
        self.arrays: dict[Var, Any] = {}
        self.inputs: list[Any] = []
        self.noises: list[Any] = []
        everything = [*program.forward_instructions, *program.backward_instructions]
        self._bind_leaves(program)
        self._in_place = _computed_in_place(everything)
        self._replaced = _computed_where_it_is_replaced(everything, {program.output, program.gradient})
        self._settled: set[Var] = set()  # computed once, because nothing they depend on ever changes
        self.forward = self._bound(program.forward_instructions)
        self.everything = [*self.forward, *self._bound(program.backward_instructions)]
        output = self.arrays[program.output]
        self.values = np.broadcast_to(output, (output.shape[0], batch))
        self.mean = np.full((), np.nan)
        if batch:
            weights = np.full(output.shape[1], 1.0 / output.shape[1])
            self.everything.append(partial(np.dot, weights, output[0], self.mean))
        self.gradient = np.zeros(len(program.params))
        if program.gradient is not None and batch:
            self.gradient = self.arrays[program.gradient].reshape(-1)

    def _bind_leaves(self, program: Program) -> None:
        arrays, batch, leaves = self.arrays, self.batch, program._leaves
        _check_size(program.theta, len(program.params))
        arrays[leaves["theta"]] = program.theta.reshape(-1, 1)
        for k, shape in enumerate(program.shapes):
            buffer = np.empty((batch, *shape))
            self.inputs.append(buffer)
            arrays[leaves[f"x{k}"]] = buffer.reshape(batch, int(np.prod(shape))).T
        for k in range(len(program.noises)):
            self.noises.append(np.empty((1, batch)))
            arrays[leaves[f"noise{k}"]] = self.noises[k]
        if "seed" in leaves:
            per_example = 1.0 / batch if batch else 0.0
            arrays[leaves["seed"]] = np.full((1, batch), per_example) if leaves["seed"].batched else np.ones((1, 1))

    def _bound(self, written: Sequence[Var]) -> list[Callable[[], Any]]:
        """The calls for these instructions; what depends on constants only is computed here and now."""
        steps = []
        for var in written:
            run = self._bind(var)
            constant = isinstance(var.instruction, Constant) or (
                isinstance(var.instruction, Leaf) and var.instruction.name == "seed"
            )
            # What is computed inside a larger array may be added to there, so it is computed anew each time.
            settled = var.operands and self._settled.issuperset(var.operands) and var not in self._in_place
            if constant or settled:
                self._settled.add(var)
                if run is not None:
                    self.run([run])
            elif run is not None:
                steps.append(run)
        return steps

    def _bind(self, var: Var) -> Callable[[], Any] | None:
        instruction = var.instruction
        if isinstance(instruction, Leaf):
            return None
        operands: list[Any] = [self.arrays[operand] for operand in var.operands]
        view = instruction.view(*operands, batch=self.batch)
        if view is not None:
            self.arrays[var] = view
            self._in_place.pop(var, None)  # it shows the rows of another array, so it must be copied into its place
            return None
        out = self._buffer(var)
        if isinstance(instruction, Assemble):
            operands = [
                None if self._in_place.get(operand) == (var, k) else array
                for k, (operand, array) in enumerate(zip(var.operands, operands, strict=True))
            ]
            if all(operand is None for operand in operands):
                return None
        return instruction.run(out, *operands)

    def _buffer(self, var: Var) -> Any:
        """Where `var` is written: memory of its own, or its place in the array it is a part of."""
        if var not in self.arrays:
            plain = self._replaced.get(var)
            if plain is not None and plain not in self._settled and var not in self._in_place:
                self.arrays[var] = self.arrays[plain]
                return self.arrays[var]
            whole, part = self._in_place.get(var, (None, 0))
            target = None
            if whole is not None:
                assert isinstance(whole.instruction, Assemble)
                index = whole.instruction.parts[part][0]
                target = place(self._buffer(whole), index)
                # The matrix inside a grid is as it should be; rows that lie apart cannot be regrouped without a copy.
                apart = target is not None and not isinstance(index, Grid) and not target.flags.c_contiguous
                if apart and var.instruction.regroups:
                    target = None
                    del self._in_place[var]
            if target is None:
                target = np.zeros((var.rows, self.batch if var.batched else 1), dtype=var.dtype)
            self.arrays[var] = target
        return self.arrays[var]

    @staticmethod
    def run(steps: Sequence[Callable[[], Any]]) -> None:
        """Run the steps with IEEE results and no warnings."""
        with np.errstate(all="ignore"):
            for step in steps:
                step()


def _uses(written: Sequence[Var]) -> Counter[Var]:
    return Counter(operand for var in written for operand in var.operands)


def _computed_where_it_is_replaced(written: Sequence[Var], kept: set[Var | None]) -> dict[Var, Var]:
    """Plain formulas whose numbers nobody but a `Prefer` reads: it replaces some of them where they stand."""
    uses = _uses(written)
    plain = {var: var.operands[0] for var in written if isinstance(var.instruction, Prefer)}
    alone = {operand for operand in plain.values() if uses[operand] == 1 and operand not in kept}
    return {
        var: operand for var, operand in plain.items() if operand in alone and type(operand.instruction) is Elementwise
    }


def _computed_in_place(written: Sequence[Var]) -> dict[Var, tuple[Var, int]]:
    """Parts of assembled arrays that need no copy: nobody else reads them, and they can be written to a view."""
    uses = _uses(written)
    in_place: dict[Var, tuple[Var, int]] = {}
    for var in written:
        if isinstance(var.instruction, Assemble) and not var.instruction.clears:
            for k, ((index, added), operand) in enumerate(zip(var.instruction.parts, var.operands, strict=True)):
                computed = type(operand.instruction).run is not Instruction.run and not operand.boolean
                if uses[operand] == 1 and not added and computed and not isinstance(index, np.ndarray):
                    in_place[operand] = (var, k)
    return in_place
