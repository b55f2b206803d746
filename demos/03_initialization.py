# %% [markdown]
"""
# 3. Initialization: how a network starts decides whether it can learn

You will see ten layers of neurons, started in six ways, and what reaches each layer: the activations on the way there,
the gradients on the way back. Then a network that starts with equal weights and never gets out of that.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import MLP, SGD, fsum
from tinygrad_edu.nn.losses import mean_squared_error

demo = Demo(__doc__)
WIDTH, DEPTH = (10, 10) if demo.quick else (32, 10)
EXAMPLES = 5 if demo.quick else 20

# %% [markdown]
# ## Six ways to start
# Each layer should hand on a signal as large as the one it was given, forwards and backwards. For `n` inputs and `n`
# outputs Glorot and Bengio ask for weights of variance 1/n: uniform up to √(6/(n_in + n_out)). A table that one finds
# in tutorials says √6/√n instead, which forgets that n_in + n_out is about 2n: twice the variance. It is among the six.

# %%
STARTS = {
    "zero": lambda n_in, n_out, generator: 0.0,
    "too small (std 0.01)": lambda n_in, n_out, generator: generator.normal(0.0, 0.01),
    "too large (std 1)": lambda n_in, n_out, generator: generator.normal(0.0, 1.0),
    "the mistaken table": lambda n_in, n_out, generator: generator.uniform(-1.0, 1.0) * (6 / n_in) ** 0.5,
    "Xavier": "xavier_uniform",
    "He": "he_normal",
}


def signals(activation: str, init: object) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each layer, all of its activations, and the gradients of the loss by them."""
    model = MLP(WIDTH, [WIDTH] * DEPTH, activation, output_activation=activation, init=init, seed=1)
    inputs = np.random.default_rng(0).normal(size=(EXAMPLES, WIDTH))
    outputs_of_layers = []
    for x in inputs:
        outputs = [x]
        for layer in model.layers:
            outputs.append(layer(outputs[-1]))
        outputs_of_layers.append(outputs[1:])
    targets = np.random.default_rng(2).normal(size=WIDTH)
    fsum(o * t for outputs in outputs_of_layers for o, t in zip(outputs[-1], targets, strict=True)).backward()
    layers = list(zip(*outputs_of_layers, strict=True))
    return (
        [np.array([value.data for outputs in layer for value in outputs]) for layer in layers],
        [np.array([value.grad for outputs in layer for value in outputs]) for layer in layers],
    )


# %%
figure, axes = plt.subplots(2, 3, figsize=(13, 6), sharex=True)
for column, activation in enumerate(["linear", "tanh", "relu"]):
    title(f"{DEPTH} layers of {WIDTH} {activation} neurons: root mean square, first layer -> last layer")
    rows = []
    for name, init in STARTS.items():
        sizes = [[float(np.sqrt(np.mean(part**2))) for part in parts] for parts in signals(activation, init)]
        rows.append([name, sizes[0][0], sizes[0][-1], sizes[1][0], sizes[1][-1]])
        for row, layers in enumerate(sizes):
            shown = [size or np.nan for size in layers]  # a logarithmic axis has no zero
            axes[row, column].semilogy(range(1, DEPTH + 1), shown, "o-", markersize=4, label=name)
    table(["start", "activation", "-> last", "gradient", "<- last"], rows)
    axes[0, column].set_title(f"{activation}: activations, on the way forward →")
    axes[1, column].set(title=f"{activation}: gradients, on the way back ←", xlabel="layer", xticks=range(1, DEPTH + 1))
for axis in axes[:, 0]:
    axis.set_ylabel("root mean square")
for axis in axes.flat:
    axis.set_ylim(1e-6, 1e6)
figure.legend(
    *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, title="zero: nothing arrives"
)
demo.save(figure, "03_signal_per_layer.png")

# %% [markdown]
# Too small: both signals die within a few layers. Too large: they grow a hundred thousandfold, or, where tanh stops
# them, all neurons sit at ±1. Xavier holds the linear layers level, which is what its derivation assumes, and tanh
# nearly; He doubles the variance, because relu throws half of the signal away. The mistaken table has He's variance
# too: no harm with relu, but with linear layers both signals grow by √2 at each layer, 32 times in all. With tanh the
# mistake hides, since saturation pushes back, and its price is saturated neurons:

# %%
figure, axes = plt.subplots(1, 4, figsize=(13, 2.8), sharex=True)
for axis, name in zip(axes, ["too large (std 1)", "the mistaken table", "Xavier", "too small (std 0.01)"], strict=True):
    last = signals("tanh", STARTS[name])[0][-1]
    axis.hist(last, bins=np.linspace(-1, 1, 41))
    axis.set(title=f"{name}: {np.mean(np.abs(last) > 0.9):.0%} beyond ±0.9", xlabel="tanh of the last layer")
demo.save(figure, "03_saturation.png")

# %% [markdown]
# ## Why not simply zero?
# Neurons that start equal get equal gradients, and stay equal: a hidden layer of four is a hidden layer of one. With
# tanh and all zeros it is worse: the outputs of the hidden layer are 0, so its outgoing weights get no gradient
# either. Only the bias of the output can move.

# %%
title("Learning y = x² from equal and from random weights")
points = np.linspace(-1, 1, 9)
rows = []
for name, init in {"zero": "zeros", "all 0.5": lambda *_: 0.5, "Xavier": "xavier_uniform"}.items():
    model = MLP(1, [4, 1], init=init, seed=3)
    optimizer = SGD(model.parameters(), lr=0.3)
    for _ in range(30 if demo.quick else 300):
        loss = mean_squared_error([model([x])[0] for x in points], points**2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    hidden = [tuple(round(p.data, 6) for p in neuron.parameters()) for neuron in model.layers[0].neurons]
    rows.append([name, loss.data, len(set(hidden))])
table(["start", "loss", "different hidden neurons"], rows, width=26)

# %% [markdown]
# ## Exercises
# 1. A layer of 32 linear neurons with weights of standard deviation 0.01 multiplies the variance of a signal by 32 ·
#    0.01². What is left of its root mean square after ten layers? The first table knows.
# 2. Let four hidden neurons start with equal weights, but with the biases 0, 1, 2 and 3. How many different ones are
#    there after training? Predict, then try.
# 3. In code: how far Xavier's weights may reach. Fill in `demos/exercises/03_initialization.py`; `tinygrad-edu exercise
#    3` says what is wrong with it.

# %%
demo.done("make the network deeper (DEPTH), or give relu the leak: leaky_relu. Then 04_activations.py")
