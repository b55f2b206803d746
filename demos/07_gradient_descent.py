# %% [markdown]
"""
# 7. Gradient descent: the way down, for several learning rates and optimizers

You will see a line fitted to real data by walking down the surface of its loss: too slowly, well, in zigzag, and off
the map. The second derivatives say beforehand which learning rate is too large. Then four optimizers race on the same
surface, and down a curved valley. Last, clipping by value and by norm, where the ground is steep.
"""

# %%
import numpy as np
from common import Demo, table, title
from sklearn.datasets import load_diabetes

from tinygrad_edu import SGD, Value, grad, hessian
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.optim import Adam, RMSprop
from tinygrad_edu.optim.clipping import clipped_by_norm, clipped_by_value
from tinygrad_edu.plotting import descend, plot_descent

demo = Demo(__doc__)
STEPS, MAP = (10, 10) if demo.quick else (100, 50)

# %% [markdown]
# The data: the body mass index of 442 people with diabetes, and how their illness went on during the year after (Efron
# et al., 2004). A line has two parameters, so that its loss is a landscape one can look at. The index is not centerd on
# purpose: slope and offset then depend on each other, and the valley becomes long and narrow.

# %%
data = load_diabetes(scaled=False)
people = slice(0, 40 if demo.quick else 120)
bmi = (data.data[people, 2] - 20.0) / 5.0
illness = data.target[people] / 100.0


def line_loss(slope: Value, offset: Value) -> Value:
    """How far the line slope · bmi + offset is from the data."""
    return mean_squared_error([slope * x + offset for x in bmi], illness)


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
paths = {f"{name}: {rate:.3f}": descend(line_loss, start, lambda p, rate=rate: SGD(p, rate), STEPS)
         for name, rate in rates.items()}  # fmt: skip


def ending(path: np.ndarray, loss: object) -> list[object]:
    """Steps taken, the last place, and the loss there."""
    return [len(path) - 1, float(path[-1][0]), float(path[-1][1]), loss(*map(Value, path[-1])).data]


table(["learning rate", "steps", "slope", "offset", "loss"], [[n, *ending(p, line_loss)] for n, p in paths.items()])
print(f"best line: slope {best[0]:.4g}, offset {best[1]:.4g}, loss {line_loss(*map(Value, best)).data:.4g}")

demo.save(
    plot_descent(line_loss, paths, minimum=best, names=("slope", "offset"), resolution=MAP), "07_learning_rates.png"
)

# %% [markdown]
# ## Optimizers
# Momentum remembers where it was going, and so crosses the valley less and runs along it more. RMSprop and Adam divide
# by the usual size of each parameter's gradient: a parameter that hears little takes steps as large as one that hears
# much. The second surface is Rosenbrock's (1960): the valley is easy to find and hard to follow.


# %%
def rosenbrock(x: Value, y: Value) -> Value:
    """(1 - x)² + 100 (y - x²)², with its minimum 0 at (1, 1)."""
    return (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2


races = [
    ("line", line_loss, start, best, STEPS, {
        "SGD": lambda p: SGD(p, 0.5 * limit), "with momentum": lambda p: SGD(p, 0.2 * limit, momentum=0.8),
        "RMSprop": lambda p: RMSprop(p, 0.05), "Adam": lambda p: Adam(p, 0.2)}),
    ("valley", rosenbrock, (-1.2, 1.0), (1.0, 1.0), 10 * STEPS, {
        "SGD": lambda p: SGD(p, 0.0015), "with momentum": lambda p: SGD(p, 0.0005, momentum=0.9),
        "RMSprop": lambda p: RMSprop(p, 0.005), "Adam": lambda p: Adam(p, 0.05)}),
]  # fmt: skip
for name, loss, begin, goal, steps, optimizers in races:
    title(f"Optimizers: {name}, {steps} steps")
    paths = {each: descend(loss, begin, optimizer, steps) for each, optimizer in optimizers.items()}
    table(["optimizer", "steps", "x", "y", "loss"], [[each, *ending(path, loss)] for each, path in paths.items()])
    demo.save(plot_descent(loss, paths, minimum=goal, resolution=MAP), f"07_optimizers_{name}.png")

# %% [markdown]
# ## Clipping: by value, or by norm?
# Where the ground is steep a step can be absurd, so gradients are clipped. Some texts clip each number to ±limit: that
# changes the direction, down to a plain diagonal where all are too large. Clipping the norm shortens the arrow and
# keeps its direction, which is why people use it (Pascanu et al., 2013).

# %%
title("Clipping, down the wall of the valley")
place = [Value(-1.8), Value(2.0)]
gradient = np.array(grad(rosenbrock(*place), place))
clips = {"not clipped": lambda g: g, "by value": lambda g: clipped_by_value(g, 1.0),
         "by norm": lambda g: clipped_by_norm(g, 1.0)}  # fmt: skip


class Clipped(SGD):
    """Plain gradient descent on clipped gradients."""

    def __init__(self, params: list[Value], clip: object) -> None:
        super().__init__(params, lr=0.02)
        self.clip = clip

    def rule(self, theta: np.ndarray, gradient: np.ndarray, out: np.ndarray) -> None:
        """One step of SGD, with the clipped gradient."""
        super().rule(theta, self.clip(gradient), out)


rows, paths = [], {}
for name, clip in clips.items():
    arrow = clip(gradient)
    cosine = float(arrow @ gradient / np.linalg.norm(arrow) / np.linalg.norm(gradient))
    paths[name] = descend(rosenbrock, (-1.8, 2.0), lambda p, clip=clip: Clipped(p, clip), STEPS)
    turned = f"{np.degrees(np.arccos(min(1.0, cosine))):.1f}°"
    rows.append([name, f"({arrow[0]:.3g}, {arrow[1]:.3g})", turned, len(paths[name]) - 1, *map(float, paths[name][-1])])
table(["", "first gradient", "turned by", "steps", "x", "y"], rows, width=17)
demo.save(plot_descent(rosenbrock, paths, minimum=(1.0, 1.0), resolution=MAP), "07_clipping.png")

# %% [markdown]
# ## Exercises
# 1. Multiply the loss by 10. What becomes of the path of gradient descent with the same learning rate, and what of
#    Adam's? Predict, then try.
# 2. With gradients clipped to the norm 1 and a rate of 0.02: how many steps does it take at least from (-1.8, 2) to (1,
#    1)?
# 3. In code: a step of Adam. Fill in `demos/exercises/07_gradient_descent.py`; `tinygrad-edu exercise 7` says what is
#    wrong with it.

# %%
demo.done("center the data (bmi - bmi.mean()) and look at the curvatures again; then 08_training_loop.py")
