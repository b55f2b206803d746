# %% [markdown]
"""
# 12. A convolutional network, in scalars

You will see a network that slides a few neurons over an image, on 1,797 real handwritten digits; it beats a fully
connected network of as many parameters, most of all when the digits are moved by a pixel. Then its filters, and what
they answer to one digit.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tinygrad_edu import MLP, Layer
from tinygrad_edu.nn import Conv2d, MaxPool2d, Sequential, flatten
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import fit, predict

demo = Demo(__doc__)
EPOCHS, SEEDS = (3, 1) if demo.quick else (30, 3)

# %% [markdown]
# ## Two networks of as many parameters
# A convolution is a layer that is given every 3 × 3 patch of the image in turn. Its neurons have 9 weights each instead
# of 64, and an edge that they have learned in one corner they know everywhere. Pooling keeps the largest answer of
# each 2 × 2 square: where exactly the edge was does not matter.

# %%
images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 1, 8, 8) / 16.0
train_images, test_images, train_labels, test_labels = train_test_split(
    images, labels, test_size=0.25, stratify=labels, random_state=0
)
if demo.quick:
    train_images, train_labels = train_images[:200], train_labels[:200]


def convolutional(seed: int) -> Sequential:
    """8 filters of 3 × 3, the largest of each 2 × 2 square, and one layer: 80 + 1,290 parameters."""
    return Sequential(
        Conv2d(1, 8, kernel_size=3, padding=1, activation="relu", seed=seed), MaxPool2d(2), flatten,
        Layer(8 * 4 * 4, 10, "linear", seed=seed + 100),
    )  # fmt: skip


def fully_connected(seed: int) -> Sequential:
    """18 neurons that see the whole image, and one layer: 1,170 + 190 parameters."""
    return Sequential(flatten, MLP(64, [18, 10], "relu", seed=seed))


title("The two networks")
print(convolutional(0))
print(fully_connected(0))
demo.draw(convolutional(0), "12_network.svg", example=train_images[0])


# %%
def moved(pictures: np.ndarray, down: int, right: int) -> np.ndarray:
    """The pictures moved by some pixels; what comes in from outside is empty."""
    padded = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return padded[:, :, 1 - down : 9 - down, 1 - right : 9 - right]


def accuracy(model: Sequential, pictures: np.ndarray) -> float:
    """The share of test digits that it reads right."""
    return float(np.mean(np.argmax(predict(model, pictures), axis=1) == test_labels))


title(f"Learning to read {len(train_images)} digits, {EPOCHS} epochs, tested on {len(test_images)} others")
rows, curves, models = [], {}, {}
for name, build in {"convolutional": convolutional, "fully connected": fully_connected}.items():
    results = []
    for seed in range(SEEDS):
        model = build(seed)
        optimizer = Adam(model.parameters(), lr=0.01)
        history = fit(model, train_images, train_labels, loss=cross_entropy, optimizer=optimizer, epochs=EPOCHS,
                      batch_size=32, validation_data=(test_images, test_labels), progress=False)  # fmt: skip
        shifts = [accuracy(model, moved(test_images, *way)) for way in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        results.append([accuracy(model, test_images), float(np.mean(shifts)), sum(history.seconds)])
        curves.setdefault(name, []).append(history.validation_loss)
        models.setdefault(name, model)
    print(f"{name:16} test accuracy", ", ".join(f"{result[0]:.2%}" for result in results))
    mean = np.mean(results, axis=0)
    rows.append([name, len(model.parameters()), f"{mean[0]:.2%}", f"{mean[1]:.2%}", f"{mean[2]:.1f} s"])
table(["network", "parameters", "test", "moved by 1", "training"], rows)
print("how the gradients were computed:", history.engine)

# %%
figure, axis = plt.subplots(figsize=(6.5, 3.2))
for color, (name, runs) in zip(("C0", "C1"), curves.items(), strict=True):
    for k, run in enumerate(runs):
        axis.semilogy(range(1, EPOCHS + 1), run, color=color, label=name if k == 0 else None, linewidth=1.2)
axis.set(title="digits: loss on the test images", xlabel="epoch", ylabel="cross-entropy")
axis.legend()
demo.save(figure, "12_loss.png")

# %% [markdown]
# ## What the filters look for
# Purple counts for a filter, orange against it: edges in several directions, corners, strokes. Below, what each filter
# answers to one digit, before pooling. One that answers nothing anywhere has died: 10_pitfalls.py is about that, too.

# %%
conv = models["convolutional"].layers[0]
digit = test_images[np.argmax(test_labels == 3)]
maps = [[[pixel.data for pixel in row] for row in channel] for channel in conv(digit)]
figure, axes = plt.subplots(2, 9, figsize=(11, 2.8))
for axis in axes.flat:
    axis.set(xticks=[], yticks=[])
axes[0, 0].axis("off")
axes[1, 0].imshow(digit[0], cmap="Grays")
axes[1, 0].set_title("image")
for k, neuron in enumerate(conv.filters):
    weights = np.array([weight.data for weight in neuron.weights]).reshape(3, 3)
    axes[0, k + 1].imshow(weights, cmap="PuOr", vmin=-abs(weights).max(), vmax=abs(weights).max())
    axes[0, k + 1].set_title(f"filter {k}")
    axes[1, k + 1].imshow(maps[k], cmap="Grays")
demo.save(figure, "12_filters.png")

# %% [markdown]
# ## Exercises
# 1. How many parameters has a second layer Conv2d(8, 8, kernel_size=3)? Count, then print it.
# 2. Move a digit to the right by one pixel (`moved`): what happens to the eight maps before pooling, and what to those
#    after it? Predict, then draw the last figure again.
# 3. In code: sliding a window. Fill in `demos/exercises/12_cnn.py`; `tinygrad-edu exercise 12` says what is wrong with
#    it.

# %%
demo.done("a second Conv2d(8, 8, 3) after the pooling, or AvgPool2d in place of MaxPool2d; then 13_rnn.py")
