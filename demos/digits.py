"""Handwritten digits, read by a network made of single numbers.

You will see a network of 2,410 `Value`s learn to read real handwriting: 1,797 images of 8 × 8 pixels that come with
scikit-learn. Then its mistakes, its gradient checked against finite differences, and one of its neurons as a graph.

    python demos/digits.py [--quick] [--out FOLDER]
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from tinygrad_edu import MLP, SGD, Value, dot, draw, fsum, gradcheck, no_grad
from tinygrad_edu.nn.losses import cross_entropy

HIDDEN, BATCH, LEARNING_RATE = 32, 16, 0.3
console = Console()


def load(quick):
    """Images with pixels from 0 to 1, split into a part to learn from and a part never seen in training."""
    images, labels = load_digits(return_X_y=True)
    split = train_test_split(images / 16.0, labels, test_size=0.2, stratify=labels, random_state=0)
    train_images, test_images, train_labels, test_labels = split
    kept = slice(320 if quick else None)
    return train_images[kept], train_labels[kept], test_images, test_labels


def mean_loss(model, images, labels):
    """The loss of one batch: one graph from every pixel of every image to a single number."""
    return fsum([cross_entropy(model(image), label) for image, label in zip(images, labels, strict=True)]) / len(labels)


def train(model, images, labels, epochs):
    """Go through the images `epochs` times, in batches and in random order; the losses of all batches, by epoch."""
    generator = np.random.default_rng(0)
    optimizer = SGD(model.parameters(), LEARNING_RATE)
    batches = -(-len(images) // BATCH)
    losses = np.zeros((epochs, batches))
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("learning to read", total=losses.size)
        for epoch in range(epochs):
            optimizer.learning_rate = LEARNING_RATE * (1 - epoch / epochs)
            for k, chosen in enumerate(np.array_split(generator.permutation(len(images)), batches)):
                optimizer.zero_grad()
                loss = mean_loss(model, images[chosen], labels[chosen])
                loss.backward()
                optimizer.step()
                losses[epoch, k] = loss.data
                progress.update(task, advance=1, description=f"epoch {epoch + 1}/{epochs}, loss {loss.data:.3f}")
    return losses


def predict(model, images):
    """The digit with the largest output, for each image."""
    with no_grad():
        return np.array([np.argmax(model(image)) for image in images])


def show_mistakes(labels, predictions):
    """Print how often each digit was taken for which."""
    table = Table(title="How often a digit (row) was read as another (column)")
    for heading in ["", *map(str, range(10))]:
        table.add_column(heading, justify="right")
    for digit, counts in enumerate(confusion_matrix(labels, predictions)):
        cells = [f"[red]{count}[/]" if count else "[dim]·[/]" for count in counts]
        cells[digit] = f"[bold green]{counts[digit]}[/]"
        table.add_row(f"[bold]{digit}[/]", *cells)
    console.print(table)


def check_gradient(model, image, label):
    """Compare backpropagation with finite differences, for the loss of one image as a function of its pixels."""
    result = gradcheck(lambda *pixels: cross_entropy(model(pixels), label), image)
    console.print(f"\nA [bold]{label}[/] that it has never seen: the derivative of its loss by each pixel, two ways")
    print(result)
    if not result:
        raise SystemExit("The gradient is wrong; the table above says where.")


def draw_neuron(neuron, image, file, strongest=4):
    """Draw one neuron as it looks at an image: its strongest inputs one by one, and all the others as one number."""
    weights = np.array([weight.data for weight in neuron.weights])
    order = np.argsort(-np.abs(weights * image))
    top, others = order[:strongest], order[strongest:]
    pixels = [Value(image[k], f"pixel {k // 8},{k % 8}") for k in top]
    rest = Value(weights[others] @ image[others], f"the other {len(others)} pixels")
    output = (dot([neuron.weights[k] for k in top], pixels, neuron.bias) + rest).tanh()
    output.label = "output"
    neuron.zero_grad()
    output.backward()
    draw(output, file)


def plot_losses(losses, file):
    """Plot the loss of every batch, and its mean over each epoch."""
    epochs, batches = losses.shape
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot((np.arange(losses.size) + 1) / batches, losses.ravel(), color="#9ecae1", linewidth=0.8, label="one batch")
    axes.plot(np.arange(epochs) + 0.5, losses.mean(axis=1), color="#08519c", marker="o", label="mean of an epoch")
    axes.set(xlabel="epoch", ylabel="cross-entropy", yscale="log", title="Learning to read digits")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file)


def main(arguments=None):
    """Train, test, check and draw."""
    parser = argparse.ArgumentParser(description="Handwritten digits, read by a network made of single numbers.")
    parser.add_argument("--quick", action="store_true", help="few images and epochs: a look in a few seconds")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="FOLDER", help="where pictures go (out)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)

    images, labels, test_images, test_labels = load(options.quick)
    model = MLP(64, [HIDDEN, 10], "tanh", seed=0)
    console.print(model)
    losses = train(model, images, labels, epochs=4 if options.quick else 10)

    predictions = predict(model, test_images)
    show_mistakes(test_labels, predictions)
    accuracy = np.mean(predictions == test_labels)
    console.print(f"Test accuracy: [bold]{accuracy:.1%}[/] of {len(test_labels)} images it has never seen")
    check_gradient(model, test_images[0], test_labels[0])

    neuron_file, loss_file = options.out / "digits_neuron.svg", options.out / "digits_loss.svg"
    draw_neuron(model.layers[0].neurons[0], test_images[0], neuron_file)
    plot_losses(losses, loss_file)
    print(f"\nWrote {neuron_file}: one neuron, with the chain rule on every edge.")
    print(f"Wrote {loss_file}: the loss while it learned.")
    print("Try next: HIDDEN = 4, or a learning rate of 3, at the top of this file; what does the loss curve say?")


if __name__ == "__main__":
    main()
