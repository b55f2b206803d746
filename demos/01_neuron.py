# %% [markdown]
"""
# 1. One neuron, and what a single one cannot learn

You will see one neuron compute its answer, and each of its derivatives written on the graph of the computation; why a
step at its end makes learning by gradients impossible; and a perceptron that learns AND and OR within a few epochs but
walks in a circle for ever when it is shown XOR.
"""

# %%
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import Neuron, Stepper, Value, grad

demo = Demo(__doc__)

# %% [markdown]
# A neuron weighs its inputs, adds a bias, and bends the sum by an activation. This one decides whether to cycle to
# work: rain speaks against it, sunshine for it.

# %%
title("One neuron")
neuron = Neuron(2, "sigmoid")
neuron.weights[0].data, neuron.weights[1].data, neuron.bias.data = -2.0, 1.5, 0.25
rain, sun = Value(0.8, "rain"), Value(0.5, "sun")
cycle = neuron([rain, sun])
cycle.label = "cycle"
cycle.backward()
(weighted_sum,) = cycle.inputs
print(f"z = -2 · 0.8 + 1.5 · 0.5 + 0.25 = {weighted_sum.data:.4f}, cycle = sigmoid(z) = {cycle.data:.4f}")
names = Stepper(cycle).names  # as the picture has them
table(["", "value", "∂cycle/∂"], [[names[v], v.data, v.grad] for v in [rain, sun, *neuron.parameters()]])
print("Each derivative is the slope of the sigmoid, y(1 - y), times what stands on the other side of the product:")
slope = cycle.data * (1 - cycle.data)
print(f"∂cycle/∂w₂ = {slope:.4f} · {sun.data} = {slope * sun.data:.4f}")
demo.draw(cycle, "01_neuron.svg")
demo.draw(cycle, "01_neuron_each_product.svg", expand=True)

# %% [markdown]
# ## A step cannot be learned by gradients
# The first artificial neurons answered yes or no, by a step. Look at its slope: nothing says in which direction the
# weights should move. A sigmoid is a step that was made soft, and its slope is the price and the gain.

# %%
title("The step's limit")
numbers = [-6 + 0.05 * k for k in range(241)]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for axis, activation in zip(axes, ["step", "sigmoid"], strict=True):
    inputs = [Value(x) for x in numbers]
    outputs = [getattr(x, activation)() for x in inputs]
    slopes = [grad(y, [x])[0] for x, y in zip(inputs, outputs, strict=True)]
    axis.plot(numbers, [y.data for y in outputs], label=activation)
    axis.plot(numbers, slopes, "--", label="its derivative")
    axis.set(title=f"{activation}: largest slope {max(slopes):g}", xlabel="weighted sum z")
    axis.legend()
    print(f"{activation:8} largest slope {max(slopes):g}")
demo.save(figure, "01_step_and_sigmoid.png")


# %% [markdown]
# ## The perceptron
# Rosenblatt (1958) needed no derivative: whenever the answer is wrong, add the inputs to the weights, or subtract
# them. If a line separates the two classes, this finds one after finitely many mistakes. XOR has no such line: (0,1)
# and (1,0) ask for w₂ + b > 0 and w₁ + b > 0, so w₁ + w₂ + 2b > 0; but (0,0) and (1,1) ask for b ≤ 0 and
# w₁ + w₂ + b ≤ 0, so w₁ + w₂ + 2b ≤ 0. The weights must then come back to where they were, and from there on they
# repeat themselves.


# %%
def train_perceptron(examples: dict, epochs: int) -> tuple[Neuron, list[int], str]:
    """Rosenblatt's rule; returns the neuron, the mistakes of each epoch, and how it ended."""
    perceptron = Neuron(2, "step", init="zeros")
    mistakes, visited = [], {}
    for epoch in range(1, epochs + 1):
        wrong = 0
        for inputs, target in examples.items():
            error = target - perceptron(inputs).data
            wrong += error != 0
            for weight, x in zip(perceptron.weights, inputs, strict=True):
                weight.data += error * x
            perceptron.bias.data += error
        mistakes.append(wrong)
        if wrong == 0:
            return perceptron, mistakes, f"learned in epoch {epoch}"
        position = tuple(p.data for p in perceptron.parameters())
        if position in visited:
            return perceptron, mistakes, f"after epoch {epoch} where it was after epoch {visited[position]}: a circle"
        visited[position] = epoch
    return perceptron, mistakes, "not finished"


# %%
title("A perceptron learns AND and OR, but not XOR")
corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
tasks = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.8), sharey=True)
for axis, (name, targets) in zip(axes, tasks.items(), strict=True):
    neuron, mistakes, ending = train_perceptron(dict(zip(corners, targets, strict=True)), epochs=100)
    print(f"{name:4} mistakes per epoch {mistakes}: {ending}")
    grid = [k / 60 for k in range(-30, 91)]
    answers = [[neuron([x, y]).data for x in grid] for y in grid]
    axis.contourf(grid, grid, answers, levels=[-0.5, 0.5, 1.5], colors=["C1", "C0"], alpha=0.25)
    for (x, y), target in zip(corners, targets, strict=True):
        axis.plot(x, y, "o" if target else "X", color="C0" if target else "C1", markersize=11)
    wrong = sum(neuron(x).data != target for x, target in zip(corners, targets, strict=True))
    axis.set(title=f"{name}: {wrong} of 4 wrong", xlabel="x₁", xticks=[0, 1], yticks=[0, 1], aspect="equal")
axes[0].set_ylabel("x₂")
demo.save(figure, "01_perceptron.png")

# %% [markdown]
# ## Exercises
# 1. Before you run the first part: which sign has ∂cycle/∂rain, and what does it say about rain? Which of the two
#    weights has the larger derivative, and why?
# 2. Will a perceptron learn NAND (0 only for (1, 1)), and "x₁, whatever x₂ is"? Predict, then add both to `tasks`.
# 3. In code: Rosenblatt's rule. Fill in `demos/exercises/01_neuron.py`; `tinygrad-edu exercise 1` says what is wrong
#    with it.

# %%
demo.done("how neurons become layers: 02_forward.py. A second layer learns XOR: 08_training_loop.py")
