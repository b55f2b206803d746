# %% [markdown]
"""
# Handwritten digits, read by a network made of single numbers

You will see a network of 2,410 `Value`s learn to read real handwriting: 1,797 images of 8 × 8 pixels that come with
scikit-learn. Then its mistakes, its gradient checked against finite differences, and one of its neurons as a graph.
"""

# %%
import time

import numpy as np
from common import Demo, console
from matplotlib import pyplot as plt
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from tinygrad_edu import MLP, Value, dot, fsum, gradcheck, no_grad, record
from tinygrad_edu.nn.losses import cross_entropy

demo = Demo(__doc__)
HIDDEN, BATCH, LEARNING_RATE = 32, 16, 0.3
EPOCHS, KEPT = (4, 320) if demo.quick else (30, None)

# %% [markdown]
# ## The data and the network
# Pixels go from 0 to 1. A fifth of the images is held out: the network never sees them while it learns.

# %%
images, labels = load_digits(return_X_y=True)
images, test_images, labels, test_labels = train_test_split(
    images / 16.0, labels, test_size=0.2, stratify=labels, random_state=0
)
images, labels = images[:KEPT], labels[:KEPT]
model = MLP(64, [HIDDEN, 10], "tanh", seed=0)
console.print(model)

# %% [markdown]
# ## Learning
# The loss of one image is scalar code: 2,410 parameters, one `dot` for each neuron. `record` runs it once and turns it
# into matrix products, so that a batch of images costs what NumPy costs. The learning rate falls in equal steps.


# %%
def loss_of(image: np.ndarray, label: int) -> Value:
    """The loss of one image."""
    return cross_entropy(model(image), label)


program = record(loss_of, shapes=(64, ()), params=model.parameters())
print(program)

generator = np.random.default_rng(0)
losses = np.zeros((EPOCHS, -(-len(images) // BATCH)))
columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
started = time.perf_counter()
with Progress(*columns) as progress:
    task = progress.add_task("learning to read", total=losses.size)
    for epoch in range(EPOCHS):
        learning_rate = LEARNING_RATE * (1 - epoch / EPOCHS)
        for k, batch in enumerate(np.array_split(generator.permutation(len(images)), losses.shape[1])):
            losses[epoch, k], gradient = program.value_and_grad(images[batch], labels[batch])
            program.theta -= learning_rate * gradient
            progress.update(task, advance=1, description=f"epoch {epoch + 1}/{EPOCHS}, loss {losses[epoch, k]:.3f}")
seconds = time.perf_counter() - started
program.write_parameters()  # from the arrays back into the Values

for _ in range(2):  # the first time is a warm-up
    started = time.perf_counter()
    fsum([loss_of(image, label) for image, label in zip(images[:BATCH], labels[:BATCH], strict=True)]).backward()
    eager = (time.perf_counter() - started) * losses.size
model.zero_grad()
console.print(f"{losses.size:,} steps in {seconds:.1f} s; without replay they would take about {eager:.0f} s.")

# %% [markdown]
# ## What it reads
# The largest of the ten outputs is the network's answer.

# %%
with no_grad():
    answers = np.array([np.argmax(model(image)) for image in test_images])

table = Table("", *map(str, range(10)), title="How often a digit (row) was read as another (column)")
for digit, counts in enumerate(confusion_matrix(test_labels, answers)):
    cells = [f"[red]{count}[/]" if count else "[dim]·[/]" for count in counts]
    cells[digit] = f"[bold green]{counts[digit]}[/]"
    table.add_row(f"[bold]{digit}[/]", *cells)
for column in table.columns:
    column.justify = "right"
console.print(table)
console.print(
    f"Test accuracy: [bold]{np.mean(answers == test_labels):.1%}[/] of {len(answers)} images never seen before"
)

# %% [markdown]
# ## Is the gradient right?
# The loss of one image as a function of its 64 pixels: backpropagation beside finite differences, which know no rule.

# %%
image, label = test_images[0], test_labels[0]
print(f"\nThe derivative of the loss by each pixel of a {label} never seen before, two ways")
check = gradcheck(lambda *pixels: cross_entropy(model(pixels), label), image)
print(check)
assert check, "the table says which derivative is wrong"

# %% [markdown]
# ## One neuron
# Its four strongest inputs for this image one by one, and all the others as one number.

# %%
neuron = model.layers[0].neurons[0]
weights = np.array([weight.data for weight in neuron.weights])
order = np.argsort(-np.abs(weights * image))
strongest, others = order[:4], order[4:]
pixels = [Value(image[k], f"pixel {k // 8},{k % 8}") for k in strongest]
rest = Value(weights[others] @ image[others], f"the other {len(others)} pixels")
output = (dot([neuron.weights[k] for k in strongest], pixels, neuron.bias) + rest).tanh()
neuron.zero_grad()
output.backward()
demo.draw(output, "digits_neuron.svg")

# %% [markdown]
# ## The loss while it learned

# %%
figure, axes = plt.subplots(figsize=(7, 4))
axes.plot((np.arange(losses.size) + 1) / losses.shape[1], losses.ravel(), alpha=0.4, linewidth=0.8, label="one batch")
axes.plot(np.arange(EPOCHS) + 0.5, losses.mean(axis=1), marker="o", color="C0", label="mean of an epoch")
axes.set(xlabel="epoch", ylabel="cross-entropy", yscale="log", title="Learning to read digits")
axes.legend()
demo.save(figure, "digits_loss.svg")
demo.done("HIDDEN = 4, or LEARNING_RATE = 3, at the top of this file; what does the loss curve say?")
