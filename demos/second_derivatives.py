# %% [markdown]
"""
# Second derivatives: the backward pass is a graph, too

You will see the graph that the backward pass itself is, differentiate it again, and use what comes out: Newton's
method, which knows how the slope changes, fits real measurements in a handful of steps where gradient descent, which
knows the slope only, needs hundreds.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tinygrad_edu import Value, dot, fsum, grad, gradcheck, hessian, record
from tinygrad_edu.drawing.palette import GRAY

demo = Demo(__doc__)

# %% [markdown]
# ## The backward pass, drawn
# `grad(..., create_graph=True)` runs the same reverse sweep as `backward()`, but on `Value`s: every upstream × local is
# then a node. For y = tanh(w·x) the slope by w is (1 - y²)·x, and that is what the picture shows, with y and its own
# past inside it.

# %%
w, x = Value(0.8, "w"), Value(1.5, "x")
y = (w * x).tanh()
y.label = "y"
(slope,) = grad(y, [w], create_graph=True)
slope.label = "∂y/∂w"
demo.draw(y, "second_derivatives_forward.svg")
demo.draw(slope, "second_derivatives_backward.svg")

# %% [markdown]
# Being a graph, it has derivatives of its own, and they have theirs. Difference quotients of each order check the next.

# %%
title("tanh(w·x) and its derivatives by w, at w = 0.8 and x = 1.5")
rows, order = [], y


def nth_derivative(n: int, at: float) -> float:
    """The nth derivative of tanh(1.5 w), by n sweeps."""
    v = Value(at)
    derivative = (v * 1.5).tanh()
    for _ in range(n):
        (derivative,) = grad(derivative, [v], create_graph=True)
    return derivative.data


for n in range(1, 5):
    step = 1e-5
    difference = (nth_derivative(n - 1, 0.8 + step) - nth_derivative(n - 1, 0.8 - step)) / (2 * step)
    rows.append([f"order {n}", nth_derivative(n, 0.8), difference])
table(["", "by sweeps", "by differences"], rows, width=16)

# %% [markdown]
# ## A real fit
# Of 569 tumours we take two measurements, the radius of the nuclei and their texture, and fit the probability that
# one is malignant: p = sigmoid(w₁·radius + w₂·texture + b). The loss is the cross-entropy, ln(1 + eᶻ) - y·z.

# %%
data = load_breast_cancer()
X = StandardScaler().fit_transform(data.data[:, :2])
malignant = 1.0 - data.target
if demo.quick:
    X, malignant = X[::4], malignant[::4]


def cost(w1: Value, w2: Value, b: Value, features: list[float], y: float) -> Value:
    """The cross-entropy of one tumour."""
    z = dot([w1, w2], features, b)
    return z.softplus() - y * z


def loss(w1: Value, w2: Value, b: Value) -> Value:
    """The mean cross-entropy over all tumours."""
    return fsum(cost(w1, w2, b, *one) for one in zip(X.tolist(), malignant.tolist(), strict=True)) / len(X)


assert gradcheck(loss, [0.1, -0.2, 0.3])

# %% [markdown]
# Gradient descent will need hundreds of steps, so the cost of one tumour is recorded, and runs on all of them at once.

# %%
weights = [Value(0.0, name) for name in ("w1", "w2", "b")]
program = record(lambda features, y: cost(*weights, features, y), shapes=(2, ()), params=weights)


def descend(rate: float, steps: int) -> list[tuple[np.ndarray, float]]:
    """Gradient descent: along the slope, a step of fixed rate."""
    program.theta, path = np.zeros(3), []
    for _ in range(steps + 1):
        now, gradient = program.value_and_grad(X, malignant)
        path.append((program.theta, now))
        program.theta = program.theta - rate * gradient
    return path


def newton(steps: int) -> list[tuple[np.ndarray, float]]:
    """Newton's method: to where the slope would be 0 if its rate of change, the Hessian, stayed as it is."""
    theta, path = np.zeros(3), []
    for _ in range(steps + 1):
        values = [Value(number) for number in theta]
        now = loss(*values)
        path.append((theta, now.data))
        theta = theta - np.linalg.solve(hessian(loss, theta.tolist()), grad(now, values))
    return path


# %% [markdown]
# How fast may gradient descent go? A rate above 2 / (largest curvature) overshoots more at every step; the Hessian says
# what the largest curvature is, so we need not guess.

# %%
curvatures = np.linalg.eigvalsh(hessian(loss, [0.0, 0.0, 0.0]))
fastest = 2.0 / curvatures.max()
title("Where we start")
print("curvatures along the three main directions: " + ", ".join(f"{c:.4f}" for c in curvatures))
print(f"so a learning rate above {fastest:.2f} may overshoot at first")

steps = 60 if demo.quick else 400
paths = {
    "Newton": newton(8),
    f"gradient descent, rate {fastest:.2g}": descend(fastest, steps),
    "gradient descent, rate 1": descend(1.0, steps),
}
best = paths["Newton"][-1][1]

title("Steps until the loss is within so much of the best")
rows = []
for name, path in paths.items():
    found = []
    for gap in (1e-2, 1e-4, 1e-6, 1e-9):
        enough = [k for k, (_, value) in enumerate(path) if value - best <= gap]
        found.append(enough[0] if enough else f"> {len(path) - 1}")
    rows.append([name, *found])
table(["", "0.01", "0.0001", "0.000001", "1e-9"], rows)

# %% [markdown]
# scikit-learn solves the same problem in its own way. Do we agree?

# %%
reference = LogisticRegression(C=np.inf, tol=1e-10).fit(X, malignant)
theirs = [*reference.coef_[0], reference.intercept_[0]]
title("The weights")
table(
    ["", "radius", "texture", "bias"],
    [["Newton, 8 steps", *map(float, paths["Newton"][-1][0])], ["scikit-learn", *map(float, theirs)]],
)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
for name, path in paths.items():
    gaps = np.maximum([value - best for _, value in path], 1e-16)
    left.plot(range(len(path)), gaps, label=name, marker="o" if name == "Newton" else None, markersize=4)
    weights = np.array([theta for theta, _ in path])
    right.plot(weights[:, 0], weights[:, 1], marker="o" if name == "Newton" else ".", markersize=4)
left.set(yscale="log", xlabel="steps", title="loss above the best", xlim=(0, 60), ylim=(1e-13, 1))
left.legend(loc="lower right")
w1, w2 = np.meshgrid(np.linspace(-0.5, 6.0, 80), np.linspace(-0.5, 2.0, 60))
z = X[:, 0] * w1[..., None] + X[:, 1] * w2[..., None] + paths["Newton"][-1][0][2]
levels = np.mean(np.logaddexp(0.0, z) - malignant * z, axis=-1)
right.contour(w1, w2, levels, levels=best + np.geomspace(1e-3, 1.0, 12), linewidths=0.6, colors=GRAY, zorder=0)
right.set(xlabel="weight of the radius", ylabel="weight of the texture", title="the way through the weights")
demo.save(figure, "second_derivatives_newton.png")

# %%
demo.done("fit with more measurements (the Hessian of n weights costs n sweeps), or draw the second derivative")
