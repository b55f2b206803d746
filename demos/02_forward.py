# %% [markdown]
"""
# 2. Feed-forward: one network, three views

You will see one network compute one answer in three ways: as single numbers, neuron by neuron; as matrices whose
entries are `Value`s; and as matrices that the library found by itself in the scalar code. The answers and the gradients
are the same; what they cost is not.
"""

# %%
from functools import partial

import numpy as np
from common import Demo, seconds, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import MLP, Value, array, fsum, record

demo = Demo(__doc__)

# %% [markdown]
# ## View 1: single numbers
# Two inputs, three hidden neurons, one output. Data flow one way only: each layer is asked once, and passes its
# answers on. The first picture is that of a textbook, with the numbers of this example; the second is the whole
# computation.

# %%
title("View 1: single numbers")
model = MLP(2, [3, 1], "sigmoid", output_activation="sigmoid", seed=0)
example = [Value(0.5), Value(0.6)]
numbers = example
for k, layer in enumerate(model.layers):
    numbers = layer(numbers)
    print(f"layer {k}: {layer.describe():16} gives", [round(value.data, 6) for value in numbers])
(answer,) = numbers
answer.label = "answer"
answer.backward()
gradients = [np.array([p.grad for p in model.parameters()])]
demo.draw(model, "02_model.svg", example=[0.5, 0.6])
demo.draw(answer, "02_network.svg")

# %% [markdown]
# ## View 2: matrices of `Value`s
# The weights of a layer, one row per neuron, are a matrix: `array` makes a NumPy array of them. Each entry of `X @ W1`
# is a weighted sum, one node, and `np.exp` is `exp` of each entry. So the textbook's code runs as it stands, and still
# knows its derivatives.

# %%
title("View 2: matrices of Values")


def sigmoid(z: np.ndarray) -> np.ndarray:
    """As every textbook writes it."""
    return 1 / (1 + np.exp(-z))


W1, W2 = (array([neuron.weights for neuron in layer.neurons]).T for layer in model.layers)
b1, b2 = (array([neuron.bias for neuron in layer.neurons]) for layer in model.layers)
X = np.array([[0.5, 0.6]])
A1 = sigmoid(X @ W1 + b1)
A2 = sigmoid(A1 @ W2 + b2)
shapes = {"X": X, "W1": W1, "b1": b1, "A1": A1, "W2": W2, "b2": b2, "A2": A2}
print("shapes:", ", ".join(f"{name} {each.shape}" for name, each in shapes.items()))
print("answer", A2[0, 0].data)
model.zero_grad()
A2[0, 0].backward()
gradients.append(np.array([p.grad for p in model.parameters()]))

# %% [markdown]
# ## View 3: the matrices that were in the scalar code
# `record` calls the network once, looks at the graph of single numbers, finds sums of products that share their
# weights, and writes a program of matrix operations. `batch` is an axis that the scalar code never had.

# %%
title("View 3: the scalar code, re-rolled")
program = record(lambda x: model(x)[0], shapes=(2,), params=model.parameters())
print(program)
print("answer", program(X)[0])
gradients.append(program.value_and_grad(X)[1])
print(
    "\nLargest difference between the gradients of the three views:", float(np.ptp(np.array(gradients), axis=0).max())
)

# %% [markdown]
# ## What the three cost
# A larger network, 2-16-16-1, and more and more examples at once; forward and backward. Scalars pay for each number on
# its own, so that twice the examples take twice the time. The matrices hardly notice until there are hundreds.

# %%
title("Forward and backward: time per example")
large = MLP(2, [16, 16, 1], "relu", seed=0)
large_program = record(lambda x: large(x)[0], shapes=(2,), params=large.parameters())
layers = [(array([n.weights for n in layer.neurons]).T, array([n.bias for n in layer.neurons]))
          for layer in large.layers]  # fmt: skip


def scalars(batch: np.ndarray) -> None:
    """View 1."""
    fsum(large(x)[0] for x in batch).backward()


def arrays_of_values(batch: np.ndarray) -> None:
    """View 2."""
    for weights, bias in layers[:-1]:
        batch = np.maximum(0, batch @ weights + bias)
    (batch @ layers[-1][0] + layers[-1][1]).sum().backward()


points = np.random.default_rng(0).normal(size=(1000, 2))
sizes = [1, 10] if demo.quick else [1, 10, 100, 1000]
views = {"neurons": scalars, "arrays of Values": arrays_of_values, "re-rolled": large_program.value_and_grad}
times = {
    name: [seconds(partial(run, points[:n])) / n for n in sizes if n <= 100 or name == "re-rolled"]
    for name, run in views.items()
}
table(
    ["examples at once", *map(str, sizes)], [[name, *[f"{1e6 * t:.1f} µs" for t in row]] for name, row in times.items()]
)
figure, axis = plt.subplots(figsize=(6, 3.4))
for name, row in times.items():
    axis.loglog(sizes[: len(row)], [1e6 * t for t in row], "o-", label=name)
axis.set(title="2-16-16-1, forward and backward", xlabel="examples at once", ylabel="µs per example")
axis.legend()
demo.save(figure, "02_cost.png")

# %% [markdown]
# ## Exercises
# 1. How many nodes has the graph of the network 2-3-1, leaves and operations? Count first; then ask
#    `len(topological_order(answer))`, from `tinygrad_edu.backprop`.
# 2. How many multiplications does 2-3-1 need for one example, and 2-16-16-1? Does the time of view 1 grow like that?
# 3. In code: two layers as matrices. Fill in `demos/exercises/02_forward.py`; `tinygrad-edu exercise 2` says what is
#    wrong with it.

# %%
demo.done("read the listing of a deeper network: print(record(...)); then 03_initialization.py")
