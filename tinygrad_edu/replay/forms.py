"""Forms: what the declarations of operations on many inputs run on, when the inputs are arrays.

`dot`, `fsum`, `mean`, `norm`, `logsumexp` and `choose` declare in `ops` what they and their derivatives are for whole
arrays (`Op.on_arrays`). What they are handed is the builder and, in addition, how the rows of the arrays belong
together.

    Runs      "runs": the terms of many sums, a run of rows for each
    Matrices  "matrices": the rows of an array are the rows and columns of a matrix
    Stacks    "matrices", too: they are those of several matrices, and each example has its own
    Tables    "tables": options in a table, and places in it

May import: `builder`, `choices`, `known`, `products` and `sums` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.choices import Choose, ChooseTransposed, Places
from tinygrad_edu.replay.known import Known
from tinygrad_edu.replay.products import Factor, MatMul, StackedMatMul
from tinygrad_edu.replay.sums import SegmentMax

__all__ = ["Form", "Matrices", "MatrixVar", "Runs", "StackVar", "Stacks", "Tables"]


class Form:
    """The builder as a number system for whole arrays."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.builder, name)

    def inputs(self, *arrays: Var) -> Sequence[Any]:
        """The arrays as the declaration should see them."""
        return arrays

    def output(self, array: Var) -> Any:
        """The output, or its gradient, as the declaration should see it."""
        return array

    def gradient(self, position: int, given: Any) -> Any:
        """The gradient of the input of this position, as that lies, from what the declaration says."""
        return given


class Runs(Form):
    """Runs of consecutive rows, which have the given lengths."""

    def __init__(self, builder: Builder, lengths: tuple[int, ...]) -> None:
        super().__init__(builder)
        self.lengths = lengths

    def total(self, terms: Var) -> Var:
        """The sum of each run."""
        return self.builder.segment_sum(terms, self.lengths)

    def count(self, terms: Var) -> Any:
        """How many terms each run has: one number, where they are all as long."""
        same = len(set(self.lengths)) == 1
        return Known(self.lengths[0]) if same else self.builder.constants(self.lengths)

    def largest(self, terms: Var) -> Var:
        """The largest of each run, nan where there is one."""
        return self.builder.write(SegmentMax(self.lengths), [terms], len(self.lengths), terms.batched)

    def spread(self, totals: Var, terms: Var) -> Var:
        """For each term the number of its run."""
        return self.builder.segment_expand(totals, self.lengths)


class MatrixVar:
    """A variable as a matrix of so many rows: `@` and `.T` are what they are in NumPy."""

    def __init__(self, var: Var, rows: int, transposed: bool = False) -> None:
        self.var = var
        self.rows = rows
        self.transposed = transposed

    @property
    def T(self) -> MatrixVar:  # noqa: N802 - what NumPy calls it
        """The transpose."""
        return MatrixVar(self.var, self.rows, not self.transposed)

    @property
    def shape(self) -> tuple[int, int]:
        """Its rows and columns, those of one example."""
        columns = self.var.rows // self.rows
        return (columns, self.rows) if self.transposed else (self.rows, columns)

    def __matmul__(self, other: MatrixVar) -> Var:
        # The examples are columns too. Those of a transposed right factor are rows, so the product sums over them.
        batched = other.var.batched and not other.transposed
        instruction = MatMul(self.rows, self.transposed, other.rows, other.transposed)
        return self.var.builder.write(instruction, [self.var, other.var], self.shape[0] * other.shape[1], batched)


class Matrices(Form):
    """A matrix of weights (outputs, inputs), and one of inputs (inputs, positions and examples)."""

    def __init__(self, builder: Builder, n_out: int, n_in: int) -> None:
        super().__init__(builder)
        self.n_out = n_out
        self.n_in = n_in

    def inputs(self, *arrays: Var) -> Sequence[MatrixVar]:
        """Both as matrices."""
        weights, values = arrays
        return MatrixVar(weights, self.n_out), MatrixVar(values, self.n_in)

    def output(self, array: Var) -> MatrixVar:
        """A row for each output."""
        return MatrixVar(array, self.n_out)


class StackVar:
    """A variable as so many matrices for each example: `@` and `.T` are what they are in NumPy."""

    def __init__(self, var: Var, count: int, factor: Factor) -> None:
        self.var = var
        self.count = count
        self.factor = factor

    @property
    def T(self) -> StackVar:  # noqa: N802 - what NumPy calls it
        """The transpose of each."""
        return StackVar(self.var, self.count, self.factor.T)

    @property
    def shape(self) -> tuple[int, int]:
        """The rows and columns of each."""
        rows, columns = self.factor.rows, self.var.rows // (self.count * self.factor.rows)
        return (columns, rows) if self.factor.transposed else (rows, columns)

    def __matmul__(self, other: StackVar) -> Var:
        instruction = StackedMatMul(self.count, self.factor, other.factor)
        rows = self.count * self.shape[0] * other.shape[1]
        return self.var.builder.write(instruction, [self.var, other.var], rows, self.var.batched or other.var.batched)


class Stacks(Form):
    """Matrices of weights and matrices of inputs, as many of each for every example, and their products."""

    def __init__(self, builder: Builder, count: int, factors: Sequence[Factor], product: Factor) -> None:
        super().__init__(builder)
        self.count = count
        self.factors = factors
        self.product = product

    def inputs(self, *arrays: Var) -> Sequence[StackVar]:
        """All as matrices."""
        return [StackVar(array, self.count, factor) for array, factor in zip(arrays, self.factors, strict=True)]

    def output(self, array: Var) -> StackVar:
        """The products; where nobody needs a number, its gradient is a hole."""
        return StackVar(array, self.count, self.product)

    def gradient(self, position: int, given: Var) -> Var:
        """Transposed, where the input is."""
        if not self.factors[position].transposed:
            return given
        assert isinstance(given.instruction, StackedMatMul)
        return self.builder.write(given.instruction.transposed, given.operands[::-1], given.rows, given.batched)


class Tables(Form):
    """Options, and the places of the chosen ones among them, as `instruction` found them."""

    def __init__(self, builder: Builder, instruction: Places) -> None:
        super().__init__(builder)
        self.instruction = instruction

    def take(self, options: Var, places: Var) -> Var:
        """What stands at the places."""
        return self.builder.write(Choose(), [places, options], places.rows, True)

    def put(self, upstream: Var, places: Var, options: Var) -> Var:
        """The transpose of `take`: an array like the options, of what is added up at the places."""
        instruction = ChooseTransposed(self.instruction, options.rows)
        return self.builder.write(instruction, [places, upstream], options.rows, options.batched)
