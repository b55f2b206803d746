# %% [markdown]
"""
# 7. Gradient descent: the way down, for several learning rates and optimisers

You will see a line fitted to real data by walking down the surface of its loss: too slowly, well, in zigzag, and off
the map. The second derivatives say beforehand which learning rate is too large. Then four optimisers race on the same
surface, and down a curved valley.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes

from tinygrad_edu import SGD, Value, grad, hessian
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.training import Adam, RMSProp

demo = Demo(__doc__)
STEPS = 20 if demo.quick else 100

# %% [markdown]
# The data: the body mass index of 442 people with diabetes, and how their illness went on during the year after (Efron
# et al., 2004). A line has two parameters, so that its loss is a landscape one can look at. The index is not centred on
# purpose: slope and offset then depend on each other, and the valley becomes long and narrow.

# %%
data = load_diabetes(scaled=False)
people = slice(0, 40 if demo.quick else 120)
bmi = (data.data[people, 2] - 20.0) / 5.0
illness = data.target[people] / 100.0


def line_loss(slope: Value, offset: Value) -> Value:
    """How far the line slope · bmi + offset is from the data."""
    return mean_squared_error([slope * x + offset for x in bmi], illness)


def walk(loss: object, start: tuple[float, float], optimizer: object, steps: int) -> np.ndarray:
    """The places visited on the way down, shape (steps + 1, 2)."""
    place = [Value(number) for number in start]
    moves, path = optimizer(place), [start]
    for _ in range(steps):
        for value, gradient in zip(place, grad(loss(*place), place), strict=True):
            value.grad = gradient
        moves.step()
        path.append(tuple(value.data for value in place))
        if max(map(abs, path[-1])) > 1e3:
            break
    return np.array(path)


def heights(loss: object, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The loss on a grid: arrays go through the same scalar code, since operators work on them as well."""
    return np.array([[loss(Value(x), Value(y)).data for x in across] for y in up])


def show(axis: object, surface: tuple, paths: dict[str, np.ndarray], best: tuple[float, float]) -> None:
    """Paths on a map of the loss; darker is lower."""
    axis.contourf(*surface, levels=16, cmap="Greys_r", alpha=0.5)
    for name, path in paths.items():
        axis.plot(*path.T, ".-", markersize=4, linewidth=1, label=name)
    axis.plot(*best, "k*", markersize=12)
    axis.set(xlim=(surface[0].min(), surface[0].max()), ylim=(surface[1].min(), surface[1].max()))
    axis.legend(fontsize=8, loc="upper right")


# %% [markdown]
# ## How large may a step be?
# Along a direction in which the loss curves with λ, a step of gradient descent multiplies the distance to the minimum
# by 1 - ηλ. That shrinks while η < 2/λ; the direction that curves most decides. `hessian` differentiates twice and
# gives all λ.

# %%
title("Learning rates")
curvature = hessian(line_loss, (0.0, 0.0))
low, high = np.linalg.eigvalsh(curvature)
limit = 2.0 / high
best = tuple(np.polyfit(bmi, illness, 1))
print(f"curvatures {low:.3f} and {high:.3f}: learning rates below 2/{high:.3f} = {limit:.3f} converge")
start = (-0.6, 2.6)
rates = {"far too small": 0.03 * limit, "good": 0.5 * limit, "zigzag": 0.95 * limit, "too large": 1.03 * limit}
paths = {f"{name}: {rate:.3f}": walk(line_loss, start, lambda p, rate=rate: SGD(p, rate), STEPS)
         for name, rate in rates.items()}  # fmt: skip


def ending(path: np.ndarray, loss: object) -> list[object]:
    """Steps taken, the last place, and the loss there."""
    return [len(path) - 1, float(path[-1][0]), float(path[-1][1]), loss(*map(Value, path[-1])).data]


table(["learning rate", "steps", "slope", "offset", "loss"], [[n, *ending(p, line_loss)] for n, p in paths.items()])
print(f"best line: slope {best[0]:.4g}, offset {best[1]:.4g}, loss {line_loss(*map(Value, best)).data:.4g}")

# %%
across, up = np.linspace(-1.2, 1.6, 12 if demo.quick else 40), np.linspace(-2.0, 3.6, 12 if demo.quick else 40)
surface = across, up, np.log(heights(line_loss, across, up))
figure, axes = plt.subplots(2, 2, figsize=(10, 7), sharex=True, sharey=True)
for axis, (name, path) in zip(axes.flat, paths.items(), strict=True):
    show(axis, surface, {name: path}, best)
figure.supxlabel("slope")
figure.supylabel("offset")
demo.save(figure, "07_learning_rates.png")


# %% [markdown]
# ## Optimisers
# Momentum remembers where it was going, and so crosses the valley less and runs along it more. RMSProp and Adam divide
# by the usual size of each parameter's gradient: a parameter that hears little takes steps as large as one that hears
# much. The second surface is Rosenbrock's (1960): the valley is easy to find and hard to follow.


# %%
def rosenbrock(x: Value, y: Value) -> Value:
    """(1 - x)² + 100 (y - x²)², with its minimum 0 at (1, 1)."""
    return (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2


across, up = np.linspace(-2, 2, 12 if demo.quick else 80), np.linspace(-1, 3, 12 if demo.quick else 80)
valley = across, up, np.log(heights(rosenbrock, across, up) + 1e-3)
races = [
    ("a line through the data", line_loss, surface, start, best, STEPS, {
        "SGD": lambda p: SGD(p, 0.5 * limit), "with momentum": lambda p: SGD(p, 0.2 * limit, momentum=0.8),
        "RMSProp": lambda p: RMSProp(p, 0.05), "Adam": lambda p: Adam(p, 0.2)}),
    ("Rosenbrock's valley", rosenbrock, valley, (-1.2, 1.0), (1.0, 1.0), 10 * STEPS, {
        "SGD": lambda p: SGD(p, 0.0015), "with momentum": lambda p: SGD(p, 0.0005, momentum=0.9),
        "RMSProp": lambda p: RMSProp(p, 0.005), "Adam": lambda p: Adam(p, 0.05)}),
]  # fmt: skip
figure, axes = plt.subplots(2, 2, figsize=(11, 7), height_ratios=[3, 2])
for (axis, below), (name, loss, ground, begin, goal, steps, optimizers) in zip(axes.T, races, strict=True):
    title(f"Optimisers: {name}, {steps} steps")
    paths = {each: walk(loss, begin, optimizer, steps) for each, optimizer in optimizers.items()}
    table(["optimiser", "steps", "x", "y", "loss"], [[each, *ending(path, loss)] for each, path in paths.items()])
    show(axis, ground, paths, goal)
    axis.set_title(name)
    for path in paths.values():
        below.semilogy([loss(*map(Value, place)).data for place in path], linewidth=1.5)
    below.set(title="loss", xlabel="step")
demo.save(figure, "07_optimisers.png")

# %%
demo.done("centre the data (bmi - bmi.mean()) and look at the curvatures again; then 08_training_loop.py")
