# %% [markdown]
"""
# 13. Recurrent networks: reading names letter by letter

You will see a network read first names of the US census one letter after the other, and change its mind on the way;
and the gradient go back through time, from the answer to the first letter: which letters the answer hangs on.
"""

# %%
import numpy as np
from common import Demo, census, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import Layer, Module
from tinygrad_edu.nn import LSTM, RNN, Embedding
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import fit, predict

demo = Demo(__doc__)

# %% [markdown]
# ## First names
# The package `names` carries the lists of the census of 1990. A name that is in one list only belongs to that class;
# there are 888 men's names, and we take as many women's, the commonest. A recorded program has one length, so shorter
# names begin with dots.

# %%
LENGTH = 11


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
    """A recurrent network that reads letters, and a neuron that looks at its last state."""

    def __init__(self, kind: type) -> None:
        self.embedding = Embedding(27, 6, seed=0)
        self.recurrent = kind(6, 12, seed=1)
        self.head = Layer(12, 1, "linear", seed=2)
        self.label_parameters()

    def states(self, sequence: list) -> list:
        """The hidden state after each letter."""
        return self.recurrent([self.embedding(token) for token in sequence])[0]

    def __call__(self, sequence: list) -> list:
        """The logit of "a woman's name"."""
        return self.head(self.states(sequence)[-1])


# %%
title(f"Whose name? {len(train)} names to learn from, {len(test)} others to test")
rows, readers = [], {}
for kind in (RNN, LSTM):
    reader = readers[kind] = Reader(kind)
    history = fit(reader, X[train], y[train], loss=binary_cross_entropy_with_logits, epochs=2 if demo.quick else 15,
                  batch_size=32, clip_norm=1.0, optimizer=Adam(reader.parameters(), 0.01), progress=False)  # fmt: skip
    right = [np.mean((predict(reader, X[part])[:, 0] > 0) == (y[part] > 0.5)) for part in (train, test)]
    rows.append([kind.__name__, len(reader.parameters()), history.loss[-1], *(f"{share:.1%}" for share in right)])
table(["network", "parameters", "loss", "train", "test"], rows)

# %% [markdown]
# What does it think while it reads? Asked after any letter, it answers as if the name ended there.

# %%
figure, axes = plt.subplots(2, 2, figsize=(8, 4.6), sharey=True, layout="constrained")
reader = readers[RNN]
for axis, name in zip(axes.flat, ["joseph", "josephine", "alexander", "alexandra"], strict=True):
    states = reader.states(tokens(name))[LENGTH - len(name) :]
    beliefs = [reader.head(state)[0].sigmoid().data for state in states]
    axis.axhline(0.5, color="0.6", linewidth=1, linestyle="dotted")
    axis.plot(range(len(name)), beliefs, marker="o")
    axis.set_xticks(range(len(name)), list(name), fontsize=12)
    axis.set(title=f"{name}: {beliefs[-1]:.2f}", ylim=(-0.05, 1.05))
    print(f"{name:10}", "  ".join(f"{letter} {belief:.2f}" for letter, belief in zip(name, beliefs, strict=True)))
figure.supylabel("P(a woman's name), so far", fontsize=11)
demo.save(figure, "13_reading.png")

# %% [markdown]
# ## Back through time
# The graph of a sequence is the cell, once for every letter, with the same weights: backpropagation through time is
# backpropagation. What arrives at the state of each step is the gradient that goes through it; from letter to letter
# it is multiplied by the weights and by slopes of tanh. Mostly the end of a name decides, and it is near.

# %%
title("The gradient of the answer by the state after each letter")
shown = ["josephine", "alexandra", "christina", "frederick"]
figure, axes = plt.subplots(1, 2, figsize=(10, 2.6), sharey=True)
for axis, (kind, reader) in zip(axes, readers.items(), strict=True):
    sizes = np.zeros((len(shown), 9))
    for row, name in enumerate(shown):
        states = reader.states(tokens(name))[-9:]
        reader.head(states[-1])[0].backward()
        sizes[row] = [np.sqrt(sum(value.grad**2 for value in state)) for state in states]
        print(
            f"{kind.__name__:5}",
            "  ".join(f"{letter} {size:.2g}" for letter, size in zip(name, sizes[row], strict=True)),
        )
        for place, letter in enumerate(name):
            dark = sizes[row, place] > 0.5 * sizes[row].max()
            axis.text(place, row, letter, ha="center", va="center", color="white" if dark else "black")
    axis.imshow(sizes / sizes.max(axis=1, keepdims=True), cmap="Blues", aspect="auto")
    axis.set(title=f"{kind.__name__}: gradient back through time", xticks=[], yticks=[])
demo.save(figure, "13_back_through_time.png")

# %% [markdown]
# ## Exercises
# 1. The weight of a plain network of one neuron is ½. How much of the gradient is left after ten steps, at most?
# 2. Reverse all names (`name[::-1]` in `tokens`). Will the plain network do better or worse, and the LSTM? Predict,
#    then train.
# 3. In code: back through time, by hand. Fill in `demos/exercises/13_rnn.py`; `tinygrad-edu exercise 13` says what is
#    wrong with it.

# %%
demo.done("feed one network's outputs to a second one; how long can such a network remember? 14_lstm.py")
