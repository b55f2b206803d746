"""Recurrent networks against their equations in NumPy, and against finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, as_value, fsum, gradcheck
from tinygrad_edu.nn import LSTM, RNN, LSTMCell, RNNCell


def numbers(nested):
    return np.vectorize(lambda number: as_value(number).data)(np.array(nested, dtype=object))


def matrix(layer):
    """The weights and biases of a layer: (n_outputs, n_inputs) and (n_outputs)."""
    return numbers([neuron.weights for neuron in layer.neurons]), numbers([neuron.bias for neuron in layer.neurons])


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def shake(module, generator):
    for parameter in module.parameters():
        parameter.data = generator.normal(scale=0.5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 10**6))
def test_rnn_is_what_its_equation_says(steps, n_in, n_hidden, seed):
    generator = np.random.default_rng(seed)
    rnn = RNN(n_in, n_hidden, seed=generator)
    shake(rnn, generator)
    sequence = generator.normal(size=(steps, n_in))
    weights, bias = matrix(rnn.cell.layer)
    hidden, expected = np.zeros(n_hidden), []
    for x in sequence:
        hidden = np.tanh(weights[:, :n_in] @ x + weights[:, n_in:] @ hidden + bias)
        expected.append(hidden)
    outputs, state = rnn(sequence)
    np.testing.assert_allclose(numbers(outputs), expected, atol=1e-12)
    assert all(value is last for value, last in zip(state, outputs[-1], strict=True))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 10**6))
def test_lstm_is_what_its_equations_say(steps, n_in, n_hidden, seed):
    generator = np.random.default_rng(seed)
    lstm = LSTM(n_in, n_hidden, seed=generator)
    shake(lstm, generator)
    sequence = generator.normal(size=(steps, n_in))
    layers = [lstm.cell.input_gate, lstm.cell.forget_gate, lstm.cell.candidate, lstm.cell.output_gate]
    (wi, bi), (wf, bf), (wc, bc), (wo, bo) = map(matrix, layers)
    hidden, memory, expected = np.zeros(n_hidden), np.zeros(n_hidden), []
    for x in sequence:
        seen = np.concatenate([x, hidden])
        memory = sigmoid(wf @ seen + bf) * memory + sigmoid(wi @ seen + bi) * np.tanh(wc @ seen + bc)
        hidden = sigmoid(wo @ seen + bo) * np.tanh(memory)
        expected.append(hidden)
    outputs, (last_hidden, last_memory) = lstm(sequence)
    np.testing.assert_allclose(numbers(outputs), expected, atol=1e-12)
    np.testing.assert_allclose(numbers(last_hidden), hidden, atol=1e-12)
    np.testing.assert_allclose(numbers(last_memory), memory, atol=1e-12)


@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_gradients_through_time_pass_the_check(kind):
    network = kind(2, 2, seed=3)
    parameters = network.parameters()
    start = [parameter.data for parameter in parameters]
    sequence = np.random.default_rng(0).normal(size=6).tolist()

    def output(*inputs):
        # The parameters of the check take the places of the network's own.
        replaced = iter(inputs[6:])
        for module in network.modules():
            if hasattr(module, "weights"):
                module.weights = [next(replaced) for _ in module.weights]
                module.bias = next(replaced)
        outputs, _ = network(np.array(inputs[:6]).reshape(3, 2))
        return fsum(k * value for k, value in enumerate(outputs[-1], start=1))

    assert gradcheck(output, sequence + start)


@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_a_sequence_may_be_run_in_two_parts(kind):
    network = kind(1, 3, seed=0)
    sequence = [[0.3], [-1.0], [0.7], [0.2]]
    whole, _ = network(sequence)
    first, state = network(sequence[:1])
    second, _ = network(sequence[1:], state)
    np.testing.assert_array_equal(numbers(whole), numbers([*first, *second]))


def test_an_open_forget_gate_carries_the_gradient_and_a_closed_one_stops_it():
    for bias, carried in ((50.0, 1.0), (-50.0, 0.0)):
        cell = LSTMCell(1, 1, init="zeros")
        cell.forget_gate.neurons[0].bias.data = bias
        start = Value(0.5)
        state = ([Value(0.0)], [start])
        for _ in range(30):
            state = cell([0.0], state)
        state[1][0].backward()
        assert start.grad == pytest.approx(carried, abs=1e-12)


def test_forget_biases_start_at_one_and_all_others_at_zero():
    biases = {label: p.data for label, p in LSTM(1, 2).named_parameters() if label.endswith("bias")}
    assert {label for label, bias in biases.items() if bias} == {
        "cell.forget_gate.neurons.0.bias", "cell.forget_gate.neurons.1.bias",
    }  # fmt: skip
    assert set(biases.values()) == {0.0, 1.0}


def test_sizes_and_labels():
    assert len(RNN(3, 4).parameters()) == 4 * (3 + 4 + 1)
    assert len(LSTM(3, 4).parameters()) == 4 * 4 * (3 + 4 + 1)
    assert RNN(1, 1).parameters()[0].label == "cell.layer.neurons.0.weights.0"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RNN(2, 3)([[1.0], [2.0]]), r"this RNN takes one example of shape \(steps, 2\), not of shape \(2, 1\)"),
        (lambda: LSTM(2, 3)([]), r"this LSTM takes one example of shape \(steps, 2\), not of shape \(0\)"),
        (lambda: RNNCell(2, 3)([1.0, 2.0], [0.0]), "the hidden state takes 3 inputs, not 1"),
        (lambda: LSTMCell(1, 1)([1.0], ([0.0], [0.0, 0.0])), "the cell state takes 1 inputs, not 2"),
        (lambda: LSTMCell(1, 0), "hidden_size should be a whole number of at least 1"),
    ],
)
def test_errors_say_what_was_given_and_what_is_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()
