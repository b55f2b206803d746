# %% [markdown]
"""
# 8. The training loop: XOR, weight for weight

You will see the classic experiment twice: written by hand in NumPy, and in `Value`s, which reach the same weights to
nine digits and more; what its missing biases cost; and what epoch, batch and iteration mean, on a little more data.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import MLP, SGD, Value, array, save_page
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits, half_squared_error

demo = Demo(__doc__)
EPOCHS = 300 if demo.quick else 10_000
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])

# %% [markdown]
# ## By hand
# Two hidden neurons, one output, sigmoids, no biases; all four examples at once; the learning rate is 0.1. The loss is
# never written down. What the updates descend is half the sum of the squared errors: a mean would divide by four.

# %%
np.random.seed(42)  # the old global generator: it is the one that the experiment was published with
W1_start, W2_start = np.random.uniform(size=(2, 2)), np.random.uniform(size=(2, 1))


def sigmoid(x: object) -> object:
    """For floats, for arrays, and for arrays of `Value`s."""
    return 1 / (1 + np.exp(-x))


def uniform_to_one(n_inputs: int, n_outputs: int, generator: np.random.Generator) -> float:
    """The start of the experiment as an initializer."""
    return generator.uniform()


W1, W2 = W1_start.copy(), W2_start.copy()
for _ in range(EPOCHS):
    hidden = sigmoid(X @ W1)
    output = sigmoid(hidden @ W2)
    output_delta = (y - output) * output * (1 - output)
    hidden_delta = (output_delta @ W2.T) * hidden * (1 - hidden)
    W2 += 0.1 * hidden.T @ output_delta
    W1 += 0.1 * X.T @ hidden_delta

# %% [markdown]
# ## In `Value`s
# The same forward pass on arrays of `Value`s, and the loss. No backward pass: it is found.

# %%
V1 = array([[Value(w, f"W1[{i},{j}]") for j, w in enumerate(row)] for i, row in enumerate(W1_start)])
V2 = array([[Value(w, f"W2[{i}]")] for i, (w,) in enumerate(W2_start)])
optimizer = SGD([*V1.flat, *V2.flat], lr=0.1)
history = []
for _ in range(EPOCHS):
    loss = half_squared_error(sigmoid(sigmoid(X @ V1) @ V2), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.data)

title(f"XOR without biases, after {EPOCHS:,} epochs")
rows = [[v.label, f"{w:.12f}", f"{v.data:.12f}", f"{abs(w - v.data):.1e}"]
        for v, w in zip([*V1.flat, *V2.flat], [*W1.flat, *W2.flat], strict=True)]  # fmt: skip
table(["", "by hand", "Values", "apart"], rows, width=18)
print("it answers", np.round(output.ravel(), 4), "where", y.ravel(), "is asked")

# %% [markdown]
# ## What the missing biases cost
# At (0,0) every hidden neuron says sigmoid(0) = ½, whatever its weights: that answer hangs on ½(v₁ + v₂) alone, and
# (1,1) must be told apart from it. Below, the same network from the same starts, with and without: a parameter that the
# optimizer does not know stays at its 0.

# %%
title("Without and with biases")
figure, axis = plt.subplots(figsize=(8, 3.4))
axis.semilogy(history, "k:", label="as published: no biases, rate 0.1")
for biases, color in ((False, "C1"), (True, "C0")):
    for seed in range(1 if demo.quick else 3):
        model = MLP(2, [2, 1], "sigmoid", output_activation="sigmoid", init=uniform_to_one, seed=seed)
        known = [p for p in model.parameters() if biases or not p.label.endswith("bias")]
        optimizer = SGD(known, lr=1.0)
        curve = []
        for _ in range(EPOCHS // 2):
            loss = half_squared_error([model(x)[0] for x in X], y.ravel())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            curve.append(loss.data)
        name = f"{'with' if biases else 'no'} biases, rate 1"
        axis.semilogy(curve, color=color, label=name if seed == 0 else None)
        print(f"{name}, start {seed}: loss {curve[-1]:.5f}, answers", [round(model(x)[0].data, 3) for x in X])
axis.set(title="XOR", xlabel="epoch", ylabel="½ Σ error²")
axis.legend(fontsize=8, loc="lower right")
demo.save(figure, "08_xor.png")

# %% [markdown]
# ## The loop, one step at a time
# The page has the network with biases, the loss of one corner, and the four corners as examples. "Learn" there takes
# one step of gradient descent, or a thousand; every weight, gradient and the curve of the loss follow.

# %%
model = MLP(2, [2, 1], "sigmoid", output_activation="sigmoid", init=uniform_to_one, seed=0)
x1, x2, target = Value(0.0, "x1"), Value(1.0, "x2"), Value(1.0, "target")
loss = half_squared_error(model([x1, x2])[0], target)
loss.label = "loss"
save_page(loss, demo.path("08_xor.html"), data=([x1, x2, target], X, y))

# %% [markdown]
# ## Epoch, batch, iteration
# An epoch is one pass through all examples, a batch the examples of one update, an iteration one update. 60 examples in
# batches of 10 make 6 iterations an epoch. Small batches update more often, from noisier gradients, for the same work.

# %%
title("60 examples of noisy XOR, 20 epochs each")
generator = np.random.default_rng(0)
corners = generator.integers(0, 2, size=(60, 2))
points, labels = corners + generator.normal(scale=0.15, size=(60, 2)), corners[:, 0] ^ corners[:, 1]
epochs, rows = 2 if demo.quick else 20, []
figure, axis = plt.subplots(figsize=(7, 3.4))
for batch_size in (60, 10, 1):
    model = MLP(2, [8, 1], "tanh", seed=1)
    optimizer = SGD(model.parameters(), lr=0.3)
    losses, iterations = [], 0
    for _ in range(epochs):
        total = 0.0
        for batch in np.split(generator.permutation(60), 60 // batch_size):
            loss = binary_cross_entropy_with_logits([model(points[i])[0] for i in batch], labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.data * batch_size / 60
            iterations += 1
        losses.append(total)
    axis.plot(range(1, epochs + 1), losses, "o-", markersize=3, label=f"batches of {batch_size}")
    rows.append([f"{batch_size}", iterations // epochs, iterations, losses[-1]])
axis.set(title="mean loss of each epoch", xlabel="epoch", ylim=(0, None))
axis.xaxis.get_major_locator().set_params(integer=True)
axis.legend()
table(["batch size", "iterations per epoch", "iterations", "loss"], rows, width=22)
demo.save(figure, "08_batches.png")

# %% [markdown]
# ## Exercises
# 1. 60 examples in batches of 7: how many iterations are an epoch, and how large is the last batch?
# 2. What does the network without biases answer at (0, 0) if its sigmoids are replaced by tanh, whatever its weights?
# 3. In code: the training loop. Fill in `demos/exercises/08_training_loop.py`; `tinygrad-edu exercise 8` says what is
#    wrong with it.

# %%
demo.done("`fit` writes this loop for you, with early stopping and a progress display: 09_predictions.py")
