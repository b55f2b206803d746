"""A program run by example: straight lines for one example after the other, instead of arrays for all of them.

It is what `bind` makes of a program for batches that are too small for arrays, and is used in the same way.

May import: `as_python`, `scalars` and `straight` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_edu.replay.as_python import PythonFunction, both_ways, forward_only
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.replay.straight import StraightLines, straight_lines

__all__ = ["ByExample", "Functions"]


class Functions:
    """A program's lines as functions, for all batch sizes; each is compiled when it is first called."""

    def __init__(self, graph: ScalarGraph, n_data: int, n_params: int, differentiated: bool) -> None:
        self._graph = graph
        self._differentiated = differentiated
        self._given = [range(n_data), range(n_data, n_data + n_params)]
        self.n_data = n_data
        self.n_outputs = len(graph.outputs)
        self.is_batched = any(graph.varies[k] for k in graph.outputs)

    @cached_property
    def lines(self) -> StraightLines:
        """The lines that these are functions of."""
        return straight_lines(self._graph, self._given[1], self._differentiated)

    @cached_property
    def forward(self) -> PythonFunction:
        """The outputs, of the inputs and the parameters."""
        return forward_only(self.lines, self._given)

    @cached_property
    def both_ways(self) -> PythonFunction:
        """The output and the gradient, of the inputs, the parameters and the gradient of the output."""
        return both_ways(self.lines, self._given)


class ByExample:
    """A program's numbers for one batch size.

    Copy data to `inputs` and random numbers to `noises`, run `forward` or `everything`, and read `values`, `mean` and
    `gradient`.
    """

    def __init__(
        self, functions: Functions, shapes: Sequence[tuple[int, ...]], n_noises: int, theta: Any, batch: int
    ) -> None:
        self.batch = batch
        self._functions = functions
        self._theta = theta
        self._data = np.empty((batch, functions.n_data))
        ends = np.cumsum([math.prod(shape) for shape in shapes] + [1] * n_noises)
        columns = np.split(self._data, ends[:-1], axis=1) if len(ends) else []
        self.inputs: list[Any] = [column.reshape(batch, *shape) for column, shape in zip(columns, shapes, strict=False)]
        self.noises: list[Any] = [column.T for column in columns[len(shapes) :]]
        self.forward: list[Callable[[], object]] = [self._run_forward]
        self.everything: list[Callable[[], object]] = [self._run_both_ways]
        self._outputs = np.zeros((functions.n_outputs, batch if functions.is_batched else 1))
        self.values = np.broadcast_to(self._outputs, (functions.n_outputs, batch))
        self.mean: Any = np.full((), np.nan)
        self.gradient = np.zeros(len(theta))

    def _run_forward(self) -> None:
        theta = self._theta.tolist()
        for k, row in enumerate(self._rows()):
            self._outputs[:, k] = self._functions.forward(row, theta)

    def _run_both_ways(self) -> None:
        if not self.batch:
            return
        theta, rows = self._theta.tolist(), self._rows()
        seed = [1.0 / len(rows)]
        if len(rows) == 1:
            value, *gradient = self._functions.both_ways(rows[0], theta, seed)
            self._outputs[0, 0] = self.mean[()] = value
            np.add(gradient, 0.0, self.gradient)  # as on the sweep, where what is handed back is added to 0
            return
        results = np.array([self._functions.both_ways(row, theta, seed) for row in rows])
        self._outputs[0] = results[:, 0]
        np.dot(np.full(len(rows), seed[0]), self._outputs[0], self.mean)
        np.add(results[:, 1:].sum(axis=0), 0.0, self.gradient)

    def _rows(self) -> Any:
        """The numbers of each example; one is enough where the examples do not matter."""
        return self._data.tolist() if self._functions.is_batched else [[math.nan] * self._functions.n_data]

    @staticmethod
    def run(calls: Sequence[Callable[[], object]]) -> None:
        """Make the calls, with IEEE results and no warnings."""
        with np.errstate(all="ignore"):
            for call in calls:
                call()
