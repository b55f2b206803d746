"""A program on all devices that JAX knows: compiled once, each batch split over the devices, the numbers of NumPy.

May import: `given`, `pure`, `recording` and `run` of this folder; NumPy; JAX inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.replay import pure
from tinygrad_edu.replay.given import check_arrays, check_out
from tinygrad_edu.replay.recording import FloatArray, Noise, drawn
from tinygrad_edu.replay.run import Program

__all__ = ["OnDevices", "device_text"]


def device_text() -> str:
    """On how many devices JAX runs, in words. Raises ImportError where it is not installed.

    >>> device_text()
    'on one device'
    """
    pure.jax_arrays()  # which says how to install it
    import jax

    count = len(jax.devices())
    return "on one device" if count == 1 else f"each split over {count} devices"


class OnDevices:
    """A `Program` of one number for each example, run by JAX on all its devices, which share the examples.

    JAX compiles for one number of examples, the `batch`, rounded up to a multiple of the devices. More examples run in
    several pieces, and fewer are filled up by copies of the first, which count nothing. The parameters are those of the
    program; they are copied to each device at each call, into memory where the gradient then takes their place. Random
    numbers are drawn as the program draws them. With several processes (`jax.distributed`) each is to make the same
    calls, and gets the same answers.

    For these calls only, JAX computes in float64, or in float32 if the program does. Raises ImportError where JAX is
    not installed.

    >>> from tinygrad_edu import Value
    >>> from tinygrad_edu.replay import record
    >>> w = Value(2.0)
    >>> on_devices = OnDevices(record(lambda x: w * x, shapes=((),), params=[w]), batch=4)
    >>> mean, gradient = on_devices.value_and_grad(np.array([1.0, 3.0]))
    >>> mean, gradient, on_devices(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    (4.0, array([2.]), array([ 2.,  4.,  6.,  8., 10.]))
    """

    def __init__(self, program: Program, batch: int) -> None:
        self._m = pure.jax_arrays()
        import jax
        from jax.sharding import Mesh, NamedSharding, PartitionSpec

        self.program = program
        self.params, self.returns_one, self.noises = program.params, program.returns_one, program.noises
        mesh = Mesh(np.array(jax.devices()), ("batch",))
        split, whole = [PartitionSpec(*axes) for axes in (["batch"], [])]  # type: ignore[no-untyped-call]  # in JAX
        self._split, self._everywhere = NamedSharding(mesh, split), NamedSharding(mesh, whole)
        self.size = -(-batch // mesh.size) * mesh.size
        self._values = jax.jit(lambda *given: self._evaluate(*given)[:1], out_shardings=self._everywhere)
        self._values_and_grad = jax.jit(self._evaluate, donate_argnums=0, out_shardings=self._everywhere)

    def _evaluate(self, theta: Any, weights: Any, *arrays: Any) -> tuple[Any, Any]:
        """What JAX compiles: the value of each example, and the gradient."""
        import jax

        inputs = len(self.program.shapes)
        # Else some devices multiply matrices of float32 with fewer digits, three on graphics cards.
        with jax.default_matmul_precision("highest"):
            values, gradient = pure.evaluate(
                self.program.instructions, self._m, theta, arrays[:inputs], arrays[inputs:], weights
            )
        return self._m.broadcast_to(values[0], weights.shape), gradient

    def twin(self, theta: FloatArray, noises: Sequence[Noise] = ()) -> OnDevices:
        """The same program, compiled already, with parameters, and perhaps noise, of its own."""
        twin = object.__new__(OnDevices)
        twin.__dict__ |= self.__dict__ | {"program": self.program.twin(theta, noises)}
        twin.noises = twin.program.noises
        return twin

    def twins(self, theta: FloatArray, noises: Sequence[Noise] = ()) -> list[tuple[Any, int | None]]:
        """Its twin: there is one way in which it runs. In single precision also one of double precision, by NumPy."""
        if not self.program.is_single:
            return [(self.twin(theta, noises), None)]
        return [(self.program.twin(theta, noises), None), (self.twin(theta.astype(np.float32), noises), None)]

    @property
    def theta(self) -> FloatArray:
        """The parameters, which are those of the program."""
        return self.program.theta

    def __call__(self, *arrays: Any) -> FloatArray:
        """The function of each example, of shape (batch,)."""
        return np.concatenate([values for (values,) in self._runs(arrays, self._values)])

    def value_and_grad(self, *arrays: Any, out: FloatArray | None = None) -> tuple[float, FloatArray]:
        """The mean of the function over the examples, and its gradient, in a new array or in `out`, as of a program."""
        if out is not None:
            check_out(out, self.program.theta)
        values, gradient = self.values_and_grad(*arrays)
        if out is None:
            return float(values.mean()), gradient
        np.copyto(out, gradient)
        return float(values.mean()), out

    def values_and_grad(self, *arrays: Any) -> tuple[FloatArray, FloatArray]:
        """The function of each example, and the gradient of its mean."""
        pieces = list(self._runs(arrays, self._values_and_grad))
        return np.concatenate([values for values, _ in pieces]), np.sum([gradient for _, gradient in pieces], axis=0)

    def _runs(self, arrays: Sequence[Any], compiled: Callable[..., Any]) -> Iterator[tuple[FloatArray, ...]]:
        """What was compiled, for each piece of the examples; nothing of what was added to fill one."""
        import jax

        number = self.program.theta.dtype
        given = [np.asarray(array, dtype=number) for array in arrays]
        check_arrays(given, self.program.shapes)
        count = len(given[0])
        given += [drawn(draw, (1, count))[0].astype(number) for draw in self.noises]
        for start in range(0, count, self.size):
            pieces = [array[start : start + self.size] for array in given]
            used = len(pieces[0])
            weights = np.zeros(self.size, number)
            weights[:used] = 1.0 / count
            with jax.enable_x64(not self.program.is_single):
                theta = self._put(self.program.theta, self._everywhere)
                split = [self._put(array, self._split) for array in (weights, *map(self._filled, pieces))]
                values, *gradient = map(np.array, compiled(theta, *split))
            yield values[:used], *gradient

    def _filled(self, piece: FloatArray) -> FloatArray:
        """As many examples as were compiled for, the last ones copies of the first."""
        missing = self.size - len(piece)
        return np.concatenate([piece, np.repeat(piece[:1], missing, axis=0)]) if missing else piece

    def _put(self, array: FloatArray, sharding: Any) -> Any:
        """The array on the devices; each process puts the parts that are on its own."""
        import jax

        return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])
