# %% [markdown]
"""
# 6. Backpropagation, step by step

You will see the chain rule on one neuron, each step with its numbers; a gradient as a sum over paths in a network of
two layers; the same graph as a picture, as a session in the terminal and as a page to click through. Then a famous
mistake: a backward pass written by hand that takes the slope of the sigmoid at the wrong place, and what comes of it.
"""

# %%
import io

import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import MLP, Neuron, Stepper, Value, array, explain, save_page
from tinygrad_edu.nn.losses import half_squared_error
from tinygrad_edu.stepping.shell import StepperShell

demo = Demo(__doc__)

# %% [markdown]
# ## One neuron
# Backpropagation knows one sentence: what arrives at a node (upstream), times the local derivative of each edge, is
# added to the gradient of the input at the other end. Nothing else happens below.

# %%
title("The chain rule on a neuron")
neuron = Neuron(2, "tanh")
neuron.weights[0].data, neuron.weights[1].data, neuron.bias.data = 0.5, -1.0, 0.25
output = neuron([Value(2.0), Value(0.75)])
names = Stepper(output).names  # as pictures and pages have them
for step in output.backward_steps():
    print(f"step {step.index} of {step.total}: {names[step.node]}, upstream {step.upstream:g}")
    for c in step.contributions:
        print(f"    {names[c.input]:4} {c.before:g} + {c.upstream:.4g} × {c.local:.4g} = {c.after:.4g}")

# %% [markdown]
# ## Two layers
# Here a hidden neuron's weight reaches the loss through every neuron of the next layer: its gradient is the sum over
# all paths, each the product of the local derivatives along it. `explain` lists them.

# %%
title("Two layers: a gradient is a sum over paths")
model = MLP(2, [2, 2], "sigmoid", output_activation="sigmoid", seed=0)
a, b = Value(1.0, "a"), Value(-0.5, "b")
loss = half_squared_error(model([a, b]), [1.0, 0.0])
loss.label = "loss"
loss.backward()
weight = model.layers[0].neurons[0].weights[0]
print(explain(loss, weight))
print(f"weight.grad = {weight.grad:.6g}")
demo.draw(loss, "06_two_layers.svg")

# %% [markdown]
# ## In the terminal, and in the browser
# `debug(loss)` opens a prompt with the words of pdb; here they come from a list, and the session goes to a file.
# `save_page` writes the stepper as one page: arrow keys go forwards and backwards, in time too.

# %%
title("A session in the terminal")
session = io.StringIO()
shell = StepperShell(Stepper(loss), stdout=session)
for words in [
    "goto 14",
    "next",
    "next",
    "next",
    "why b(2)1",
    "break layers.0",
    "continue",
    "check",
    "back",
]:
    session.write(f"(step) {words}\n")
    shell.onecmd(words)
demo.path("06_session.txt").write_text(session.getvalue(), encoding="utf-8")
print(session.getvalue())
save_page(loss, demo.path("06_backpropagation.html"))


# %% [markdown]
# ## A famous mistake
# Many texts save themselves an exponential: with a = sigmoid(z), the slope is a(1 - a). Their function
# `sigmoid_derivative(x) = x * (1 - x)` is right when it is given the activation a, and is then called with z. Both
# versions run and look alike: only a check against differences tells them apart.
# Where z > 1 the mistaken slope is negative, and the network walks up the hill, faster and faster.


# %%
def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


def sigmoid_derivative(activation: np.ndarray) -> np.ndarray:
    """The slope of the sigmoid, from what it returned."""
    return activation * (1 - activation)


def by_hand(X: np.ndarray, y: np.ndarray, W1: np.ndarray, W2: np.ndarray, mistaken: bool) -> tuple:
    """Loss and gradients of a network of two layers without biases, written out."""
    z1 = X @ W1
    a1 = sigmoid(z1)
    z2 = a1 @ W2
    a2 = sigmoid(z2)
    delta2 = (a2 - y) * sigmoid_derivative(z2 if mistaken else a2)
    delta1 = (delta2 @ W2.T) * sigmoid_derivative(z1 if mistaken else a1)
    return 0.5 * np.sum((a2 - y) ** 2), X.T @ delta1, a1.T @ delta2


title("The gradient by W2, three ways")
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([[0], [1], [1], [1.0]])
W1, W2 = (np.random.default_rng(1).normal(size=shape) for shape in ((2, 2), (2, 1)))
V2 = array(W2)
half_squared_error(1 / (1 + np.exp(-(sigmoid(X @ W1) @ V2))), y).backward()
right, wrong = (by_hand(X, y, W1, W2, mistaken)[2].ravel() for mistaken in (False, True))
moved = [W2 + 1e-6 * np.array([[k == 0], [k == 1]]) for k in (0, 1)]
differences = [(by_hand(X, y, W1, there, False)[0] - by_hand(X, y, W1, W2, False)[0]) / 1e-6 for there in moved]
table(["", "Values", "differences", "slope at a", "slope at z"],
      [[f"W2[{k}]", V2[k, 0].grad, differences[k], float(right[k]), float(wrong[k])] for k in (0, 1)])  # fmt: skip

title("Learning OR with the right and with the mistaken backward pass")
figure, axis = plt.subplots(figsize=(6, 3.2))
for mistaken, name in ((False, "slope at a, right"), (True, "slope at z, mistaken")):
    weights, losses = (W1, W2), []
    while len(losses) < (200 if demo.quick else 3000) and max(np.abs(w).max() for w in weights) < 20:
        loss, *gradients = by_hand(X, y, *weights, mistaken)
        weights = [w - 0.3 * gradient for w, gradient in zip(weights, gradients, strict=True)]
        losses.append(loss)
    largest = max(np.abs(w).max() for w in weights)
    print(f"{name:20} epoch {len(losses)}: loss {losses[-1]:.3f}, largest weight {largest:.3g}")
    axis.plot(range(1, len(losses) + 1), losses, label=name)
axis.set(title="OR: ½ Σ error²", xlabel="epoch", xscale="log")
axis.legend()
demo.save(figure, "06_mistake.png")

# %% [markdown]
# ## Exercises
# 1. How many paths lead from w⁽¹⁾₁₁ to the loss? How many would there be with ten output neurons, and how many with one
#    more hidden layer of two? `explain` counts.
# 2. The famous mistake is right by chance where z(1 - z) = σ(z)(1 - σ(z)). How many such z are there between 0 and 1?
# 3. In code: the backward pass. Fill in `demos/exercises/06_backpropagation.py`; `tinygrad-edu exercise 6` says what is
#    wrong with it.

# %%
demo.done("open 06_backpropagation.html and press →; then tinygrad-edu step 'tanh(w*x + b)' w=1 x=2 b=-0.5")
