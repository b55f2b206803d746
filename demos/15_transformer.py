# %% [markdown]
"""
# 15. A Transformer that invents names

You will see a Transformer, written in single numbers, learn the first names of the US census and invent new ones; where
its heads look; and what the same training step costs when its scalars are run one by one, and when they are recorded
and replayed as matrices.
"""

# %%
import time

import numpy as np
from common import Demo, census, seconds, title
from matplotlib import pyplot as plt

from tinygrad_edu import Layer, Module, Value, fsum, record
from tinygrad_edu.nn import Embedding, LayerNorm, TransformerEncoderLayer, flatten
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.optim import Adam, CosineAnnealingLR

demo = Demo(__doc__)
CONTEXT, WIDTH, HEADS = (8, 8, 2) if demo.quick else (12, 24, 4)
STEPS, BATCH = (20, 16) if demo.quick else (1500, 64)

# %% [markdown]
# ## Names as tokens
# Token 0 is the mark before and after a name, 1 to 26 are the letters. For "ann" the model is given 0 1 14 14 and must
# say 1 14 14 0: at every place, the next one. What lies behind the end of a name is not asked for.

# %%
known = {*census("female"), *census("male")}
names = sorted(name for name in known if len(name) < CONTEXT)
tokens, asked = np.zeros((len(names), CONTEXT + 1)), np.zeros((len(names), CONTEXT))
for row, name in enumerate(names):
    tokens[row, 1 : len(name) + 1] = [ord(letter) - 96 for letter in name]
    asked[row, : len(name) + 1] = 1.0 / (len(name) + 1)
order = np.random.default_rng(0).permutation(len(names))
test, train = order[: len(names) // 10], order[len(names) // 10 :]

# %% [markdown]
# ## The model
# Each place begins as the sum of two rows, one for its letter and one for where it is. One block adds two things to it:
# what attention found at the places before, and what a small network makes of each place on its own. Its source is 60
# lines of scalars, and attention's formula one: `softmax([dot(query, key) * scale for key in keys])`.


# %%
class Transformer(Module):
    """Embeddings of the letters and of their places, a block, and a layer that scores each next token."""

    def __init__(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self.letters, self.places = Embedding(27, WIDTH, seed=generator), Embedding(CONTEXT, WIDTH, seed=generator)
        self.block = TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, "gelu", seed=generator)
        self.norm, self.scores = LayerNorm(WIDTH), Layer(WIDTH, 27, "linear", seed=generator)
        self.label_parameters()

    def __call__(self, sequence: list) -> tuple[list, list]:
        """The logits at every place, and where each head looked."""
        rows = [(self.letters(token), self.places(place)) for place, token in enumerate(sequence)]
        x, weights = self.block([[a + b for a, b in zip(*pair, strict=True)] for pair in rows], is_causal=True)
        return [self.scores(self.norm(place)) for place in x], weights


def name_loss(sequence: list, weights: list) -> Value:
    """The mean cross-entropy of the letters of one name, in nats per letter."""
    logits, _ = model(sequence[:-1])
    costs = [cross_entropy(row, target) for row, target in zip(logits, sequence[1:], strict=True)]
    return fsum(cost * weight for cost, weight in zip(costs, weights, strict=True))


model = Transformer(seed=1)
parameters = model.parameters()

# %% [markdown]
# ## What it costs
# The same scalar code, one name at a time on `Value`s, and recorded once. The numbers are the same.

# %%
title(f"{len(parameters):,} parameters, {len(train)} names to learn from: the cost of a step on {BATCH} names")
program = record(name_loss, shapes=(CONTEXT + 1, CONTEXT), params=parameters)
print(str(program).splitlines()[0])
eager = BATCH * seconds(lambda: name_loss(tokens[0].tolist(), asked[0].tolist()).backward(), times=3)
batch = train[:BATCH]
replay = seconds(lambda: program.value_and_grad(tokens[batch], asked[batch]), times=5)
print(f"eager {1e3 * eager:.0f} ms, replayed {1e3 * replay:.1f} ms: {eager / replay:.0f} times faster")

# %% [markdown]
# ## Learning
# For comparison: a table that counts which letter follows which, the best that a memory of one letter can do.

# %%
title("Learning names")
before, after, inside = tokens[:, :-1].astype(int), tokens[:, 1:].astype(int), asked > 0
pairs = np.full((27, 27), 0.1)
np.add.at(pairs, (before[train][inside[train]], after[train][inside[train]]), 1)
costs = -np.log(pairs / pairs.sum(axis=1, keepdims=True))[before, after]
pairs_loss = np.mean(np.sum(costs * asked, axis=1)[test])

optimizer = Adam(parameters, lr=0.01)
scheduler = CosineAnnealingLR(optimizer, STEPS)
generator, losses, tested, start = np.random.default_rng(2), [], {}, time.perf_counter()
for step in range(1, STEPS + 1):
    batch = generator.choice(train, BATCH, replace=False)
    loss, gradient = program.value_and_grad(tokens[batch], asked[batch])
    program.theta = optimizer.update(program.theta, gradient)
    scheduler.step()
    losses.append(loss)
    if step % (STEPS // 10) == 0:
        tested[step] = np.mean(program(tokens[test], asked[test]))
        print(f"step {step:5}: training loss {np.mean(losses[-100:]):.3f}, test loss {tested[step]:.3f} nats a letter")
program.write_parameters()
print(f"{time.perf_counter() - start:.1f} s; the table of pairs has a test loss of {pairs_loss:.3f}")
figure, axis = plt.subplots(figsize=(7, 3.2))
axis.plot(range(1, STEPS + 1), losses, color="C0", alpha=0.3, linewidth=0.8, label="one batch")
axis.plot(tested.keys(), tested.values(), "o-", color="C1", label="names it has not seen")
axis.axhline(pairs_loss, color="0.5", linestyle=":", label="table of letter pairs")
axis.set(title="a Transformer learns names", xlabel="step", ylabel="nats per letter")
axis.legend()
demo.save(figure, "15_loss.png")

# %% [markdown]
# ## New names
# Begin with the mark, draw a letter from the probabilities, append it, and ask again, until the mark comes back. The
# largest of logits + Gumbel noise is a draw from their softmax.

# %%
title("Twenty names that it made up (* in the census)")
answer = record(lambda sequence: flatten(model(sequence)[0]), shapes=(CONTEXT,), params=parameters)
written = np.zeros((20, CONTEXT + 1))
for place in range(CONTEXT):
    logits = answer(written[:, :CONTEXT]).reshape(20, CONTEXT, 27)[:, place]
    written[:, place + 1] = np.argmax(logits + generator.gumbel(size=logits.shape), axis=1)
made = ["".join(chr(96 + int(token)) for token in row[1:]).split("`")[0] for row in written]
print(", ".join(name + "*" * (name in known) for name in made))

# %% [markdown]
# ## Where the heads look
# Each row is a place in the name, each column a place that it may look at: those before it, and itself.

# %%
name = "katherine"[: CONTEXT - 1]
figure, axes = plt.subplots(1, HEADS, figsize=(3 * HEADS, 3.4))
for head, (axis, rows) in enumerate(zip(axes, model([0, *[ord(letter) - 96 for letter in name]])[1], strict=True)):
    shown = np.array([[weight.data for weight in row] for row in rows])
    axis.imshow(np.where(np.tri(len(shown)), shown, np.nan), cmap="Blues", vmin=0, vmax=1)
    axis.set(title=f"head {head}", xticks=range(len(shown)), yticks=range(len(shown)))
    axis.set(xticklabels=["·", *name], yticklabels=["·", *name])
demo.save(figure, "15_attention.png")

# %% [markdown]
# ## Exercises
# 1. Which loss has a model that knows nothing, and gives each of 27 marks the same probability? Compare with the first
#    losses of the curve.
# 2. Without the causal mask the training loss would fall nearly to 0. Why would that be worth nothing?
# 3. In code: causal attention. Fill in `demos/exercises/15_transformer.py`; `tinygrad-edu exercise 15` says what is
#    wrong with it.

# %%
demo.done("a second block, or a temperature: logits / 0.7; then 16_your_own_operation.py")
