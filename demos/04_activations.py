# %% [markdown]
"""
# 4. Activations: what bends the line, and where the gradient goes to die

You will see every activation with its derivative; in which part of its inputs each one passes (almost) no gradient on;
and what is left of a gradient after ten layers. Last, why a network without activations is a single layer.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import MLP, Value, grad
from tinygrad_edu.nn.activations import common_activations
from tinygrad_edu.plotting import plot_activations

demo = Demo(__doc__)
ELEMENTWISE = [name for name in common_activations() if name not in ("linear", "softmax")]


# %% [markdown]
# Nothing here knows a derivative: each curve of slopes is what the reverse sweep says, point by point. Try it with
# any method of `Value` that has one input, or with a function of your own.

# %%
demo.save(plot_activations(ELEMENTWISE, reach=6.0), "04_activations.png")


def slopes_of(activation: str) -> np.ndarray:
    """The slope of an activation at many places from -6 to 6."""
    inputs = [Value(x) for x in np.linspace(-6, 6, 61 if demo.quick else 481)]
    return np.array([grad(getattr(x, activation)(), [x])[0] for x in inputs])


title("Where gradients vanish")
rows = []
for name in ELEMENTWISE:
    steepness = np.abs(slopes_of(name))
    rows.append([name, float(steepness.max()), float(np.mean(steepness < 0.01)), float(steepness.max() ** 10)])
table(["activation", "largest slope", "share of [-6, 6] below 0.01", "best case of 10 in a row"], rows, width=28)

# %% [markdown]
# Even where it is steepest, ten sigmoids in a row leave one millionth of the gradient. tanh can be as steep as 1, at 0,
# so weights matter; relu passes either everything or nothing. Now with random inputs and weights, in a real network:

# %%
title("What is left of the gradient at the first of ten layers, compared with the last")
rows = []
for activation in ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu"]:
    model = MLP(8, [8] * 10 + [1], activation, seed=0)
    for x in np.random.default_rng(1).normal(size=(3 if demo.quick else 20, 8)):
        model(x)[0].backward()
    size = [np.sqrt(np.mean([p.grad**2 for p in layer.parameters()])) for layer in model.layers]
    rows.append([activation, float(size[0] / size[-2])])
table(["activation", "first / tenth"], rows, width=16)
figure, axis = plt.subplots(figsize=(6, 2.8))
bars = axis.barh([row[0] for row in rows], [row[1] for row in rows])
axis.bar_label(bars, fmt="%.2g", padding=4)
axis.set(xscale="log", title="gradient of the weights: first layer / tenth layer", xlim=(1e-7, 30))
axis.invert_yaxis()
demo.save(figure, "04_gradient_left.png")

# %% [markdown]
# ## Without an activation, layers collapse
# W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂): five linear layers draw one straight line. The slope of the output is then
# the same everywhere, which we ask of the network itself.

# %%
title("The slope of a network, at five places")
for activation in ["linear", "tanh"]:
    model = MLP(1, [4, 4, 4, 4, 1], activation, seed=5)
    slopes = []
    for number in [-2.0, -1.0, 0.0, 1.0, 2.0]:
        x = Value(number)
        slopes.append(grad(model([x])[0], [x])[0])
    print(f"{activation:7}" + "".join(f"{slope:12.6f}" for slope in slopes))

# %% [markdown]
# ## Exercises
# 1. tanh(x) = 2σ(2x) - 1. How large is its largest slope, if that of σ is ¼? The table says.
# 2. Which two of the activations have a negative slope somewhere? Look at their formulas first, then at the picture.
# 3. In code: the slope of silu. Fill in `demos/exercises/04_activations.py`; `tinygrad-edu exercise 4` says what is
#    wrong with it.

# %%
demo.done("try relu with a bias of -1 in every neuron, or sin as an activation; then 05_losses.py")
