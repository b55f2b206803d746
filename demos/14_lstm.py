# %% [markdown]
"""
# 14. Long short-term memory: remembering over many steps

You will see a number to be remembered for 80 steps, which a plain recurrent network forgets and an LSTM keeps, if its
gates are open when it starts; and why: the gradient on its way back through those steps, drawn for each.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import Layer, Module, fsum
from tinygrad_edu.nn import LSTM, RNN
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import fit, predict

demo = Demo(__doc__)

# %% [markdown]
# ## Something to remember
# The first number of a sequence is wanted back at its end; the others are noise. Going back through time, the gradient
# of a plain network is multiplied at every step by weights and by slopes of tanh below 1. In an LSTM's cell it is
# multiplied by the forget gate alone. But sigmoid(1) = 0.73, and 0.73 to the power of 80 is 10⁻¹¹: gates that should
# remember for T steps had better start with a bias of ln T (Tallec & Ollivier, 2018), input gates with -ln T.

# %%
title("Remember the first number")


def memories(length: int, count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of random numbers, and the first of each."""
    sequences = generator.uniform(-1, 1, size=(count, length))
    return sequences, sequences[:, 0]


class Rememberer(Module):
    """A small recurrent network, and a neuron that looks at its last state; an open LSTM has gates set to remember."""

    def __init__(self, name: str, length: int, seed: int) -> None:
        self.recurrent = (RNN if name == "RNN" else LSTM)(1, 6, seed=seed + 1)
        self.head = Layer(6, 1, "linear", seed=seed + 2)
        self.label_parameters()
        if name == "LSTM, open":
            cell = self.recurrent.cell
            for forget, take in zip(cell.forget_gate.neurons, cell.input_gate.neurons, strict=True):
                forget.bias.data, take.bias.data = np.log(length), -np.log(length)

    def states(self, sequence: list) -> list:
        """The hidden state after each number."""
        return self.recurrent([[number] for number in sequence])[0]

    def __call__(self, sequence: list) -> list:
        """What it takes the first number to have been."""
        return self.head(self.states(sequence)[-1])


lengths, seeds = ([5, 10], 1) if demo.quick else ([10, 20, 40, 80], 2)
results = {"RNN": [], "LSTM": [], "LSTM, open": []}
for name, found in results.items():
    for length in lengths:
        explained = []
        for seed in range(seeds):
            generator, model = np.random.default_rng(length), Rememberer(name, length, seed)
            fit(model, *memories(length, 512, generator), loss=mean_squared_error, epochs=4 if demo.quick else 30,
                batch_size=32, clip_norm=1.0, optimizer=Adam(model.parameters(), 0.02), progress=False)  # fmt: skip
            inputs, targets = memories(length, 400, generator)
            explained.append(1 - np.mean((predict(model, inputs)[:, 0] - targets) ** 2) / np.var(targets))
        found.append(float(np.mean(explained)))
table(["share of variance explained, steps", *map(str, lengths)], [[name, *found] for name, found in results.items()])

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
for name, found in results.items():
    left.plot(lengths, found, "o-", label=name)
    model, sizes = Rememberer(name, lengths[-1], seed=0), []
    for sequence in memories(lengths[-1], 5, np.random.default_rng(1))[0]:
        states = model.states(sequence)
        fsum(states[-1]).backward()
        sizes.append([np.sqrt(np.mean([value.grad**2 for value in state])) for state in states])
    right.semilogy(range(1, lengths[-1] + 1), np.mean(sizes, axis=0), label=name)
left.set(title="remembering the first number", xlabel="steps", ylabel="variance explained", ylim=(-0.1, 1.05))
right.set(title="before training: gradient of the last state by each", xlabel="step")
right.legend()
demo.save(figure, "14_memory.png")

# %% [markdown]
# ## Exercises
# 1. With the bias ln T a forget gate is open by T / (T + 1). How much of a cell's content is then left after T = 80
#    steps, and how much after very many, T steps for a large T?
# 2. Which bias keeps half of it over 80 steps? Solve σ(b)⁸⁰ = ½, compare it with ln 80, and start with that.
# 3. In code: one step of an LSTM. Fill in `demos/exercises/14_lstm.py`; `tinygrad-edu exercise 14` says what is wrong
#    with it.

# %%
demo.done("put the number anywhere, behind a mark; then 15_transformer.py, which looks back instead of remembering")
