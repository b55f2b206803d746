# %% [markdown]
"""
# 13. Recurrent networks: reading letter by letter, and remembering

You will see a network read first names of the US census one letter after the other and change its mind on the way; how
the gradient fades on its way back through time; and a number to remember for 80 steps, which a plain recurrent network
forgets and an LSTM keeps, if its gates are open when it starts.
"""

# %%
from importlib.resources import files

import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import Layer, Module, fsum
from tinygrad_edu.nn import LSTM, RNN, Embedding
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits, mean_squared_error
from tinygrad_edu.training import Adam, fit, predict

demo = Demo(__doc__)

# %% [markdown]
# ## First names
# The package `names` carries the lists of the census of 1990. A name that is in one list only belongs to that class;
# there are 888 men's names, and we take as many women's, the commonest. A recorded program has one length, so shorter
# names begin with dots.

# %%
LENGTH = 11
EPOCHS = 4 if demo.quick else 30


def census(which: str) -> list[str]:
    """The first names of one list, commonest first."""
    text = files("names").joinpath(f"dist.{which}.first").read_text(encoding="ascii")
    return [line.split()[0].lower() for line in text.splitlines()]


def tokens(name: str) -> list[int]:
    """0 for a dot, 1 to 26 for the letters."""
    return [0] * (LENGTH - len(name)) + [ord(letter) - 96 for letter in name]


men, women = census("male"), census("female")
men, women = [name for name in men if name not in set(women)], [name for name in women if name not in set(men)]
people = men + women[: len(men)]
X = np.array([tokens(name) for name in people])
y = np.array([0.0] * len(men) + [1.0] * len(men))
order = np.random.default_rng(0).permutation(len(people))
test, train = order[:300], order[300 : 500 if demo.quick else None]


class Reader(Module):
    """A recurrent network that reads tokens, or numbers, and a neuron that looks at its last state."""

    def __init__(self, kind: type, tokens: int = 0, hidden: int = 12, seed: int = 0) -> None:
        self.embedding = Embedding(tokens, 6, seed=seed) if tokens else None
        self.recurrent = kind(6 if tokens else 1, hidden, seed=seed + 1)
        self.head = Layer(hidden, 1, "linear", seed=seed + 2)
        self.label_parameters()

    def states(self, sequence: list) -> list:
        """The hidden state after each step."""
        steps = [self.embedding(token) if self.embedding else [token] for token in sequence]
        return self.recurrent(steps)[0]

    def __call__(self, sequence: list) -> list:
        """The logit of "yes", from the last state."""
        return self.head(self.states(sequence)[-1])


def train_reader(
    model: Reader, loss: object, inputs: np.ndarray, targets: np.ndarray, epochs: int, rate: float
) -> list:
    """Train with Adam, and return the losses."""
    return fit(model, inputs, targets, loss=loss, epochs=epochs, batch_size=32, clip_norm=1.0, progress=False,
               optimizer=Adam(model.parameters(), rate)).loss  # fmt: skip


def accuracy(model: Reader, inputs: np.ndarray, targets: np.ndarray) -> float:
    """The share of right answers."""
    return float(np.mean((predict(model, inputs)[:, 0] > 0) == (targets > 0.5)))


# %%
title(f"Whose name? {len(train)} names to learn from, {len(test)} others to test")
rows, readers = [], {}
for kind in (RNN, LSTM):
    readers[kind] = Reader(kind, tokens=27)
    losses = train_reader(readers[kind], binary_cross_entropy_with_logits, X[train], y[train], EPOCHS // 2, 0.01)
    shares = [accuracy(readers[kind], X[part], y[part]) for part in (train, test)]
    rows.append([kind.__name__, len(readers[kind].parameters()), losses[-1], *(f"{share:.1%}" for share in shares)])
table(["network", "parameters", "loss", "train", "test"], rows)

# %% [markdown]
# What does it think while it reads? Asked after any letter, it answers as if the name ended there.

# %%
figure, axis = plt.subplots(figsize=(8, 3.6))
reader = readers[LSTM]
for colour, name in enumerate(["joseph", "josephine", "alexander", "alexandra"]):
    states = reader.states(tokens(name))[LENGTH - len(name) :]
    beliefs = [reader.head(state)[0].sigmoid().data for state in states]
    axis.plot(range(1, len(name) + 1), beliefs, color=f"C{colour}", linewidth=1)
    for place, (letter, belief) in enumerate(zip(name, beliefs, strict=True), start=1):
        axis.text(place, belief, letter, color=f"C{colour}", weight="bold", ha="center", va="center", fontsize=13,
                  bbox={"boxstyle": "circle,pad=0.1", "color": "white"})  # fmt: skip
    print(f"{name:10}", "  ".join(f"{letter} {belief:.2f}" for letter, belief in zip(name, beliefs, strict=True)))
axis.set(title="P(a woman's name), letter by letter", xlabel="letters read", ylim=(-0.05, 1.05))
demo.save(figure, "13_reading.png")

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


def rememberer(name: str, length: int, seed: int) -> Reader:
    """A small recurrent network; "LSTM, open" has its gates set for a sequence of this length."""
    model = Reader(RNN if name == "RNN" else LSTM, hidden=6, seed=seed)
    if name == "LSTM, open":
        cell = model.recurrent.cell
        for forget, take in zip(cell.forget_gate.neurons, cell.input_gate.neurons, strict=True):
            forget.bias.data, take.bias.data = np.log(length), -np.log(length)
    return model


lengths, seeds = ([5, 10], 1) if demo.quick else ([10, 20, 40, 80], 2)
results = {"RNN": [], "LSTM": [], "LSTM, open": []}
for name, found in results.items():
    for length in lengths:
        explained = []
        for seed in range(seeds):
            generator, model = np.random.default_rng(length), rememberer(name, length, seed)
            train_reader(model, mean_squared_error, *memories(length, 512, generator), EPOCHS, 0.02)
            inputs, targets = memories(length, 400, generator)
            explained.append(1 - np.mean((predict(model, inputs)[:, 0] - targets) ** 2) / np.var(targets))
        found.append(float(np.mean(explained)))
table(["share of variance explained, steps", *map(str, lengths)], [[name, *found] for name, found in results.items()])

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
for name, found in results.items():
    left.plot(lengths, found, "o-", label=name)
    model, sizes = rememberer(name, lengths[-1], seed=0), []
    for sequence in memories(lengths[-1], 5, np.random.default_rng(1))[0]:
        states = model.states(sequence)
        fsum(states[-1]).backward()
        sizes.append([np.sqrt(np.mean([value.grad**2 for value in state])) for state in states])
    right.semilogy(range(1, lengths[-1] + 1), np.mean(sizes, axis=0), label=name)
left.set(title="remembering the first number", xlabel="steps", ylabel="variance explained", ylim=(-0.1, 1.05))
right.set(title="before training: gradient of the last state by each", xlabel="step")
right.legend()
demo.save(figure, "13_memory.png")

# %%
demo.done(
    "feed one network's outputs to a second one, or put the number anywhere, behind a mark; then 14_transformer.py"
)
