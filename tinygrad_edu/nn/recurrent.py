"""Recurrent networks: a layer that also sees what it said one step before.

A cell makes one step: from the inputs of the step and the state before it to the state after it. `RNN` and `LSTM` run
a cell along a sequence. The loop is plain Python, so the graph of a sequence has the nodes of the cell once for each
step, and the same weights in all of them: backpropagation through time is ordinary backpropagation.

May import: `arguments`, `value`, `arrays`; `activations`, `initializers`, `layers`, `module` and `shapes` of this
folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from tinygrad_edu.arguments import Seed, random_generator, whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.nn.activations import Activation
from tinygrad_edu.nn.initializers import Initializer
from tinygrad_edu.nn.layers import Layer, one_example
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.shapes import values_of_shape
from tinygrad_edu.value import Number, Value

__all__ = ["LSTM", "RNN", "LSTMCell", "LSTMState", "RNNCell"]

#: The state of an LSTM: what it shows (hidden), and what it keeps to itself (cell).
LSTMState: TypeAlias = tuple[ValueArray, ValueArray]

CellState = TypeVar("CellState")  # what a cell hands on to its next step


class RNNCell(Module):
    """One step of a plain recurrent network: hidden' = activation(W · [inputs, hidden] + bias).

    Shapes: inputs (input_size) and hidden (hidden_size) give hidden' (hidden_size). `layer` holds W and the bias: an
    ordinary `Layer` with input_size + hidden_size inputs.

    Raises ValueError for sizes that are no positive whole numbers, and for a wrong number of inputs.

    Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2).

    >>> cell = RNNCell(1, 1, "linear", init=lambda n_inputs, n_outputs, generator: [1.0, 0.5])
    >>> hidden = cell([8.0], cell.initial_state())
    >>> cell([1.0], hidden)
    ValueArray([5.])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        activation: Activation = "tanh",
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        self.input_size = whole_number(input_size, "input_size")
        self.hidden_size = whole_number(hidden_size, "hidden_size")
        self.layer = Layer(self.input_size + self.hidden_size, self.hidden_size, activation, init=init, seed=seed)
        self.label_parameters()

    def initial_state(self) -> ValueArray:
        """The state before the first step: zeros, called h0[0], h0[1], ..."""
        return _zeros("h0", self.hidden_size)

    def __call__(self, inputs: Sequence[Number], state: Sequence[Number]) -> ValueArray:
        """The hidden state after this step."""
        return self.layer(_joined(inputs, self.input_size, state, self.hidden_size))

    def output(self, state: ValueArray) -> ValueArray:
        """The part of the state that goes into the outputs: all of it."""
        return state


class LSTMCell(Module):
    """One step of a long short-term memory: gates decide what the cell forgets, takes in and shows.

    forget, input, output = σ(W · [inputs, hidden] + bias), each with weights of its own;
    candidate = tanh(W · [inputs, hidden] + bias);
    cell' = forget · cell + input · candidate;  hidden' = output · tanh(cell').

    The local derivative of cell' by cell is `forget`. It can stay near 1 for many steps; the gradient of a plain
    recurrent network is multiplied by weights and slopes at each step. Biases start at 0, those of the forget gate at
    1, so that the cell remembers at first.

    Shapes: inputs (input_size); the state is a pair (hidden, cell), each (hidden_size).

    Raises ValueError for sizes that are no positive whole numbers, and for a wrong number of inputs.

    Hochreiter, S., Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8); the forget gate is from
    Gers, F. et al. (2000), its bias from Jozefowicz, R. et al. (2015).

    >>> cell = LSTMCell(1, 1, init="zeros")
    >>> hidden, memory = cell([5.0], ([0.0], [2.0]))
    >>> round(memory[0].data / 2.0, 3)   # forgets by σ(1)
    0.731
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, init: str | Initializer | None = None, seed: Seed = None
    ) -> None:
        self.input_size = whole_number(input_size, "input_size")
        self.hidden_size = whole_number(hidden_size, "hidden_size")
        generator = random_generator(seed)

        def gate(activation: str) -> Layer:
            size = self.input_size + self.hidden_size
            return Layer(size, self.hidden_size, activation, init=init, seed=generator)

        self.input_gate, self.forget_gate = gate("sigmoid"), gate("sigmoid")
        self.candidate, self.output_gate = gate("tanh"), gate("sigmoid")
        for neuron in self.forget_gate.neurons:
            neuron.bias.data = 1.0
        self.label_parameters()

    def initial_state(self) -> LSTMState:
        """The state before the first step: zeros, called h0[0], h0[1], ... and c0[0], c0[1], ..."""
        return _zeros("h0", self.hidden_size), _zeros("c0", self.hidden_size)

    def __call__(self, inputs: Sequence[Number], state: tuple[Sequence[Number], Sequence[Number]]) -> LSTMState:
        """The pair (hidden, cell) after this step."""
        hidden, cell = state
        seen = _joined(inputs, self.input_size, hidden, self.hidden_size)
        memory = array(one_example(cell, self.hidden_size, "the cell state"))
        kept = self.forget_gate(seen) * memory + self.input_gate(seen) * self.candidate(seen)
        return self.output_gate(seen) * np.tanh(kept), kept

    def output(self, state: LSTMState) -> ValueArray:
        """The part of the state that goes into the outputs: the hidden one."""
        return state[0]


class _Recurrent(Module, Generic[CellState]):
    """A cell, run along a sequence."""

    cell: Any

    def __call__(self, sequence: Any, state: CellState | None = None) -> tuple[ValueArray, CellState]:
        """The outputs of every step, shape (steps, hidden_size), and the state after the last."""
        steps = values_of_shape(sequence, ("steps", self.cell.input_size), f"this {type(self).__name__}")
        state_now = self.cell.initial_state() if state is None else state
        outputs = []
        for inputs in steps:
            state_now = self.cell(inputs, state_now)
            outputs.append(self.cell.output(state_now))
        return array(outputs), state_now

    def describe(self) -> str:
        """The numbers of inputs and outputs of each step."""
        return f"{self.cell.input_size} -> {self.cell.hidden_size}"


class RNN(_Recurrent[ValueArray]):
    """A plain recurrent network: an `RNNCell` run along a sequence.

    Shapes: a sequence (steps, input_size) gives outputs (steps, hidden_size) and the last state (hidden_size). To stack
    networks, feed the outputs of one to the next. After `backward()`, the `grad` of each output shows how much of the
    gradient has come back to its step.

    Raises ValueError for sizes that are no positive whole numbers, and for a sequence of another shape.

    >>> rnn = RNN(1, 2, seed=0)
    >>> outputs, state = rnn([[1.0], [0.5], [-1.0]])
    >>> outputs.shape, outputs[-1] is state, (outputs[-1] == state).all()
    ((3, 2), False, np.True_)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        activation: Activation = "tanh",
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        self.cell = RNNCell(input_size, hidden_size, activation, init=init, seed=seed)
        self.label_parameters()


class LSTM(_Recurrent[LSTMState]):
    """A long short-term memory network: an `LSTMCell` run along a sequence.

    Shapes: a sequence (steps, input_size) gives outputs (steps, hidden_size) and the last state, a pair (hidden, cell)
    of (hidden_size) each.

    Raises ValueError for sizes that are no positive whole numbers, and for a sequence of another shape.

    >>> lstm = LSTM(1, 2, seed=0)
    >>> outputs, (hidden, cell) = lstm([[1.0], [0.5], [-1.0]])
    >>> outputs.shape, hidden.shape, cell.shape
    ((3, 2), (2,), (2,))
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, init: str | Initializer | None = None, seed: Seed = None
    ) -> None:
        self.cell = LSTMCell(input_size, hidden_size, init=init, seed=seed)
        self.label_parameters()


def _zeros(name: str, count: int) -> ValueArray:
    return array([Value(0.0, f"{name}[{k}]") for k in range(count)])


def _joined(inputs: Sequence[Number], input_size: int, hidden: Sequence[Number], hidden_size: int) -> list[Value]:
    """The inputs of a step and the hidden state before it, in one list."""
    return [
        *one_example(inputs, input_size, "this cell"),
        *one_example(hidden, hidden_size, "the hidden state"),
    ]
