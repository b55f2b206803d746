"""Images and sequences: a convolutional network, an LSTM and a language model: rows of `replay`.

Each step computes the mean loss and all gradients, in float64 and on one thread; a step of the language model moves its
parameters with Adam, too. The rivals are PyTorch, eager, with its own layers, and our own scalars without replay.
Before they are timed as in `networks`, they must agree: loss and gradient to 1e-9.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from networks import AddRow, best

from tinygrad_edu import Layer, Module, Value, choose, dot, fsum, logsumexp, record
from tinygrad_edu.nn import LSTM, Conv2d, MaxPool2d, Sequential, flatten
from tinygrad_edu.nn.losses import cross_entropy, mean_squared_error
from tinygrad_edu.optim import Adam

# A convolutional network ----------------------------------------------------------------------------------


def convolution(add_row: AddRow, batch: int = 32) -> None:
    """28 × 28 pixels, 8 filters of 3 × 3, ReLU, the largest of each 2 × 2 square, and a layer of 10, cross-entropy."""
    import torch

    generator = np.random.default_rng(0)
    images, labels = generator.random((batch, 1, 28, 28)), generator.integers(0, 10, batch)
    model = Sequential(
        Conv2d(1, 8, 3, activation="relu", seed=0), MaxPool2d(2), flatten, Layer(8 * 13 * 13, 10, "linear", seed=1)
    )
    program, native = (
        record(lambda x, y: cross_entropy(model(x), y), ((1, 28, 28), ()), model.parameters(), native=is_native)
        for is_native in (False, True)
    )
    rival = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(1352, 10)
    ).double()
    rows = program.theta[:80].reshape(8, 10), program.theta[80:].reshape(10, 1353)
    for part, row in zip((rival[0], rival[4]), rows, strict=True):
        put(part.weight, row[:, :-1])
        put(part.bias, row[:, -1])
    x, y, entropy = torch.tensor(images), torch.tensor(labels), torch.nn.CrossEntropyLoss()

    def torch_step() -> Any:
        rival.zero_grad()
        loss = entropy(rival(x), y)
        loss.backward()
        return loss.item()

    def gradient() -> Any:
        return np.concatenate([with_bias(part.weight, part.bias) for part in (rival[0], rival[4])])

    for ours in (program, native):
        agree(ours.value_and_grad(images, labels), torch_step(), gradient())
    *both, theirs = best([*[partial(ours.value_and_grad, images, labels) for ours in (program, native)], torch_step])
    work = f"CNN on 28 × 28, 8 filters, batch {batch}"
    add_row(work, both[0], "PyTorch eager", theirs, "≤ 0.70 × its time")
    add_row(f"{work}, native", both[1], "PyTorch eager", theirs, "")


# A recurrent network --------------------------------------------------------------------------------------


class LastState(Module):
    """An LSTM, and a neuron that looks at its last state."""

    def __init__(self, n_inputs: int, hidden: int) -> None:
        self.recurrent, self.head = LSTM(n_inputs, hidden, seed=0), Layer(hidden, 1, "linear", seed=1)
        self.label_parameters()

    def __call__(self, sequence: Any) -> Any:
        """What the neuron says after the last step."""
        return self.head(self.recurrent(sequence)[0][-1])


def recurrence(add_row: AddRow, batch: int, target: str, steps: int = 32, n_inputs: int = 8, hidden: int = 16) -> None:
    """An LSTM along a sequence, a neuron on its last state, and the squared error."""
    import torch

    generator = np.random.default_rng(0)
    sequences, targets = generator.normal(size=(batch, steps, n_inputs)), generator.normal(size=(batch, 1))
    model = LastState(n_inputs, hidden)
    program = record(
        lambda sequence, target: mean_squared_error(model(sequence), target),
        ((steps, n_inputs), (1,)),
        model.parameters(),
    )
    lstm, head = torch.nn.LSTM(n_inputs, hidden, batch_first=True).double(), torch.nn.Linear(hidden, 1).double()
    gates = program.theta[: -hidden - 1].reshape(4 * hidden, n_inputs + hidden + 1)  # PyTorch's order: i, f, g, o
    put(lstm.weight_ih_l0, gates[:, :n_inputs])
    put(lstm.weight_hh_l0, gates[:, n_inputs:-1])
    put(lstm.bias_ih_l0, gates[:, -1])
    put(lstm.bias_hh_l0, np.zeros(4 * hidden))  # PyTorch has a second one
    put(head.weight, program.theta[None, -hidden - 1 : -1])
    put(head.bias, program.theta[-1:])
    x, y = torch.tensor(sequences), torch.tensor(targets)

    def torch_step() -> Any:
        lstm.zero_grad()
        head.zero_grad()
        loss = torch.nn.functional.mse_loss(head(lstm(x)[0][:, -1]), y)
        loss.backward()
        return loss.item()

    def gradient() -> Any:
        both = torch.cat([lstm.weight_ih_l0.grad, lstm.weight_hh_l0.grad, lstm.bias_ih_l0.grad[:, None]], dim=1)
        return np.concatenate([both.numpy().ravel(), with_bias(head.weight, head.bias)])

    agree(program.value_and_grad(sequences, targets), torch_step(), gradient())
    ours, theirs = best([lambda: program.value_and_grad(sequences, targets), torch_step])
    work = f"LSTM, {steps} steps, {n_inputs} -> {hidden}, batch {batch}"
    add_row(work, ours, "PyTorch eager", theirs, target)


# A language model -----------------------------------------------------------------------------------------


class Language:
    """The model of microgpt in our scalars: 1 layer, 16 dimensions, 4 heads, no biases."""

    product = staticmethod(dot)

    def __init__(self, tokens: int, width: int = 16, heads: int = 4, block: int = 16, layers: int = 1) -> None:
        generator = random.Random(42)
        sizes = {"token": (tokens, width), "position": (block, width), "head": (tokens, width)}
        for k in range(layers):
            sizes |= {f"{name}{k}": (width, width) for name in ("query", "key", "value", "out")}
            sizes |= {f"up{k}": (4 * width, width), f"down{k}": (width, 4 * width)}
        self.heads, self.block, self.width, self.layers, self.sizes = heads, block, width, layers, sizes
        self.tables = {
            name: [[Value(generator.gauss(0, 0.08)) for _ in range(n)] for _ in range(m)]
            for name, (m, n) in sizes.items()
        }
        self.parameters = [p for table in self.tables.values() for row in table for p in row]

    def through(self, name: str, x: list[Value]) -> list[Value]:
        """The matrix of that name times x."""
        return [self.product(row, x) for row in self.tables[name]]

    def loss(self, tokens: Any) -> Value:
        """Mean cross-entropy of each token given those before it."""
        seen: list[tuple[list[Any], list[Any]]] = [([], []) for _ in range(self.layers)]
        losses = []
        columns = list(zip(*self.tables["token"], strict=True))
        for position in range(len(tokens) - 1):
            looked_up = [choose(tokens[position], column) for column in columns]
            x = normed([a + b for a, b in zip(looked_up, self.tables["position"][position], strict=True)])
            for k, (keys, values) in enumerate(seen):
                x = [a + b for a, b in zip(self.attended(k, normed(x), keys, values), x, strict=True)]
                raised = [v.relu() for v in self.through(f"up{k}", normed(x))]
                x = [a + b for a, b in zip(self.through(f"down{k}", raised), x, strict=True)]
            logits = self.through("head", x)
            losses.append(logsumexp(logits) - choose(tokens[position + 1], logits))
        return fsum(losses) / len(losses)

    def attended(self, k: int, x: list[Value], keys: list[Any], values: list[Any]) -> list[Value]:
        """What the heads of layer k find at this position and those before it, whose keys and values are given."""
        query = self.through(f"query{k}", x)
        keys.append(self.through(f"key{k}", x))
        values.append(self.through(f"value{k}", x))
        found: list[Value] = []
        size = self.width // self.heads
        for head in range(0, self.width, size):
            part = slice(head, head + size)
            scores = [self.product(query[part], key[part]) / size**0.5 for key in keys]
            total = logsumexp(scores)
            shares = [(score - total).exp() for score in scores]
            found += [self.product(shares, [value[j] for value in values]) for j in range(head, head + size)]
        return self.through(f"out{k}", found)


class PlainLanguage(Language):
    """The same model without a node for a dot product: each is written out in × and +, as in microgpt's file."""

    @staticmethod
    def product(weights: Any, inputs: Any) -> Value:
        """w₀x₀ + w₁x₁ + ..."""
        products = [w * x for w, x in zip(weights, inputs, strict=True)]
        return sum(products[1:], products[0])


def normed(x: list[Value]) -> list[Value]:
    """x / root mean square of x."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [v * scale for v in x]


class TorchLanguage:
    """The same model in PyTorch, all positions at once, with its own attention and norm, and its own Adam."""

    def __init__(self, model: Language, theta: Any) -> None:
        import torch

        self.model = model
        ends = np.cumsum([m * n for m, n in model.sizes.values()])[:-1]
        shaped = zip(model.sizes.items(), np.split(theta, ends), strict=True)
        self.tables = {name: torch.tensor(part.reshape(shape), requires_grad=True) for (name, shape), part in shaped}
        self.optimizer = torch.optim.Adam(self.tables.values(), lr=0.001)

    def loss(self, tokens: Any) -> Any:
        """Mean cross-entropy of each token given those before it; tokens has shape (batch, positions + 1)."""
        from torch.nn import functional

        tables, shape = self.tables, (self.model.width,)
        norm = partial(functional.rms_norm, normalized_shape=shape, eps=1e-5)
        x = norm(functional.embedding(tokens[:, :-1], tables["token"]) + tables["position"][: tokens.shape[1] - 1])
        for k in range(self.model.layers):
            x = x + self.attended(k, norm(x))
            raised = functional.relu(functional.linear(norm(x), tables[f"up{k}"]))
            x = x + functional.linear(raised, tables[f"down{k}"])
        logits = functional.linear(x, tables["head"])
        return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    def attended(self, k: int, x: Any) -> Any:
        """What the heads of layer k find."""
        from torch.nn import functional

        parts = [functional.linear(x, self.tables[f"{name}{k}"]) for name in ("query", "key", "value")]
        query, key, value = (part.unflatten(-1, (self.model.heads, -1)).transpose(1, 2) for part in parts)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return functional.linear(found.transpose(1, 2).flatten(2), self.tables[f"out{k}"])

    def step(self, tokens: Any) -> float:
        """A step with Adam, and the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss(tokens)
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def gradient(self) -> Any:
        """The gradient of the last step, in the order of our parameters."""
        return np.concatenate([table.grad.numpy().ravel() for table in self.tables.values()])


def replayed_step(model: Language, length: int) -> tuple[Any, Callable[[Any], float]]:
    """The program of the model for texts of that length, and a step of it with Adam."""
    program, optimizer = record(model.loss, ((length,),), model.parameters), Adam(model.parameters, lr=0.001)

    def step(tokens: Any) -> float:
        loss, gradient = program.value_and_grad(tokens)
        optimizer.update(program.theta, gradient, out=program.theta)
        return loss

    return program, step


def small_language(add_row: AddRow, length: int, target: str) -> None:
    """Microgpt's model on one text: replayed, against the same scalars run one by one."""
    tokens = np.random.default_rng(0).integers(0, 27, length + 1)
    model, plain = Language(27), PlainLanguage(27)
    program, step = replayed_step(model, length + 1)
    recorded = program.value_and_grad(tokens[None])
    eager = [eager_step(rival, tokens.tolist()) for rival in (model, plain)]
    for rival, rival_step in zip((model, plain), eager, strict=True):
        agree(recorded, rival_step(), [p.grad for p in rival.parameters])
    ours, dots, scalars = best([lambda: step(tokens[None]), *eager], rounds=10)
    work = f"microgpt's model, {length} letters, Adam"
    add_row(work, ours, "eager, dots", dots, "", True)
    add_row(work, ours, "eager, × and +", scalars, target, True)


def eager_step(model: Language, tokens: list[int]) -> Callable[[], float]:
    """A step of the model with Adam, scalar by scalar; it gives the loss before the step."""
    optimizer = Adam(model.parameters, lr=0.001)

    def step() -> float:
        optimizer.zero_grad()
        loss = model.loss(tokens)
        loss.backward()
        optimizer.step()
        return loss.data

    return step


def large_language(add_row: AddRow, batch: int, target: str, block: int = 32) -> None:
    """Two layers of 32 dimensions on texts of 32 letters, against PyTorch."""
    import torch

    tokens = np.random.default_rng(0).integers(0, 27, (batch, block + 1))
    model = Language(27, width=32, block=block, layers=2)
    program, step = replayed_step(model, block + 1)
    rival, letters = TorchLanguage(model, program.theta), torch.tensor(tokens)
    recorded = program.value_and_grad(tokens)
    agree(recorded, rival.step(letters), rival.gradient())
    ours, theirs = best([lambda: step(tokens), lambda: rival.step(letters)])
    work = f"2 layers, 32 dims, block {block}, batch {batch}, Adam"
    add_row(work, ours, "PyTorch eager", theirs, target, True)


# All of them ----------------------------------------------------------------------------------------------


def put(parameter: Any, numbers: Any) -> None:
    """Write numbers into a parameter of PyTorch."""
    import torch

    with torch.no_grad():
        parameter.copy_(torch.tensor(numbers).reshape(parameter.shape))


def with_bias(weight: Any, bias: Any) -> Any:
    """The gradient of a layer of PyTorch in our order: the weights of a neuron, and its bias."""
    rows = weight.grad.numpy().reshape(len(weight), -1)
    return np.column_stack([rows, bias.grad.numpy()]).ravel()


def agree(ours: tuple[float, Any], loss: float, gradient: Any) -> None:
    """Loss and gradient are those of the rival, to 1e-9."""
    np.testing.assert_allclose(ours[0], loss, rtol=1e-9)
    np.testing.assert_allclose(ours[1], gradient, rtol=1e-9, atol=1e-12)


def sequences(add_row: AddRow) -> None:
    """A row for each network and batch size."""
    import torch

    torch.set_num_threads(1)
    convolution(add_row)
    for batch, target in {1: "≤ 0.40", 32: "≤ 0.48", 256: "≤ 0.67"}.items():
        recurrence(add_row, batch, f"{target} × its time")
    small_language(add_row, 7, "")
    small_language(add_row, 16, "≥ 1,000 × faster")
    for batch, target in {1: "≥ 2 × faster", 16: ""}.items():
        large_language(add_row, batch, target)
