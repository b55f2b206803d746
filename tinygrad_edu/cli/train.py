"""`tinygrad-edu train`: a network learns one of four classic problems, on the command line.

May import: `files`, `arguments`, `texts`, `terminal`, `nn`, `optim`, `training`, `diagnosis`, `plotting`; `exit_codes`
and `problems` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.arguments import whole_number
from tinygrad_edu.cli.exit_codes import FAILED, INTERRUPTED
from tinygrad_edu.cli.problems import PROBLEMS, Split
from tinygrad_edu.diagnosis.examination import diagnose
from tinygrad_edu.files import write_whole
from tinygrad_edu.nn.layers import MLP
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.optim.names import OPTIMIZERS, optimizer_called
from tinygrad_edu.optim.optimizers import Optimizer
from tinygrad_edu.terminal import Table, text_of
from tinygrad_edu.texts import short_number
from tinygrad_edu.training.data import Array
from tinygrad_edu.training.engines import ENGINES
from tinygrad_edu.training.history import History
from tinygrad_edu.training.loop import fit
from tinygrad_edu.training.prediction import predict
from tinygrad_edu.training.saving import imported_safetensors, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Trained", "add_train", "figures_of"]

#: Lines of the table of epochs: enough to see a curve, few enough to leave the first line on the screen.
_SHOWN_EPOCHS = 8


@dataclass(frozen=True)
class Trained:
    """A run that is over: the problem's name, its data, the model and what happened."""

    name: str
    data: Split
    model: MLP
    history: History

    def predicted(self, X: Array) -> NDArray[np.intp]:
        """The number of the most probable class of each example, shape (n,)."""
        classes: NDArray[np.intp] = predict(self.model, X).argmax(axis=1)
        return classes


def add_train(commands: Any) -> None:
    """Declare `train` and its options."""
    problems = "; ".join(f"{name}: {problem.what}" for name, problem in PROBLEMS.items())
    parser: argparse.ArgumentParser = commands.add_parser(
        "train",
        help="train a network on xor, moons, iris or digits",
        description=f"Train a multi-layer perceptron and say how well it did. {problems}.",
        epilog="for example: tinygrad-edu train digits --layers 32,16 --activation tanh --out runs/digits",
    )
    add = parser.add_argument
    add("problem", choices=list(PROBLEMS), help="what to learn")
    add(
        "--layers",
        type=_layer_sizes,
        metavar="SIZES",
        help="sizes of the hidden layers, such as 16,16, or none for no layer",
    )
    add("--activation", default="relu", metavar="NAME", help="of the hidden layers: relu, tanh, sigmoid, ... (relu)")
    add(
        "--optimizer",
        type=str.lower,
        choices=list(OPTIMIZERS),
        default="adam",
        help="how a gradient becomes a step (adam)",
    )
    add("--lr", "--learning-rate", type=float, metavar="RATE", help="how large the steps are (what suits the problem)")
    add("--epochs", type=int, metavar="N", help="how often to go through the data (what suits the problem)")
    add("--batch-size", type=int, metavar="N", help="examples per step (32, or all if there are fewer)")
    add("--seed", type=int, default=0, help="decides weights, shuffling and what is held back (%(default)s)")
    add("--engine", choices=ENGINES, default="auto", help="what computes the gradients (auto)")
    add("--out", type=Path, metavar="FOLDER", help="write the model, its history and pictures there")
    parser.set_defaults(run=_train)


def _layer_sizes(text: str) -> list[int]:
    """The sizes of hidden layers as they are written on the command line."""
    if text == "none":
        return []
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = [0]
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"layers are sizes with commas between, such as 16,16, not {text!r}")
    return sizes


def _train(arguments: argparse.Namespace) -> int:
    """Train as asked, with what suits the problem where nothing was asked, and say how it went."""
    problem = PROBLEMS[arguments.problem]
    whole_number(arguments.seed, "seed", least=0)
    data = problem.load(arguments.seed)
    layers = problem.layers if arguments.layers is None else arguments.layers
    rate = problem.lr if arguments.lr is None else arguments.lr
    sizes = [*layers, len(data.classes)]
    model = MLP(data.X.shape[1], sizes, arguments.activation, seed=arguments.seed)
    optimizer = optimizer_called(arguments.optimizer, model.parameters(), rate)
    if arguments.out is not None:
        _import_what_writes()  # before the training, of which nothing would be left
        arguments.out.mkdir(parents=True, exist_ok=True)
    print(f"{arguments.problem}: {problem.what}; {len(data.y)} examples to learn from, {len(data.y_test)} to test on")
    print(
        f"network: {' -> '.join(map(str, [data.X.shape[1], *sizes]))}, {arguments.activation}, "
        f"{len(model.parameters())} parameters; {arguments.optimizer}, learning rate {short_number(rate)}"
    )
    epochs = problem.epochs if arguments.epochs is None else arguments.epochs
    history = _fitted(model, data, optimizer, epochs, arguments)
    trained = Trained(arguments.problem, data, model, history)
    _report(trained)
    if arguments.out is not None:
        _write_results(arguments.out, trained)
    return _exit_code(history)


def _fitted(model: MLP, data: Split, optimizer: Optimizer, epochs: int, arguments: argparse.Namespace) -> History:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the diagnosis at the end says it in full
        return fit(
            model,
            data.X,
            data.y,
            cross_entropy,
            optimizer,
            epochs,
            arguments.batch_size,
            validation_data=(data.X_test, data.y_test) if len(data.y_test) else None,
            seed=arguments.seed,
            engine=arguments.engine,
        )


def _exit_code(history: History) -> int:
    """Whether the run came to its end."""
    if history.stopped.startswith("interrupted"):
        return INTERRUPTED
    return FAILED if history.stopped else 0


def _report(trained: Trained) -> None:
    """The curve in numbers, how many it gets right, and what is wrong with it."""
    data, history = trained.data, trained.history
    print(_epochs_table(history))
    print(history.summary())
    predicted = trained.predicted(data.X)
    right = float((predicted == data.y).mean())
    if len(data.y_test):
        tested = float((trained.predicted(data.X_test) == data.y_test).mean())
        print(f"accuracy: {tested:.1%} of {len(data.y_test)} examples it has never seen ({right:.1%} of those it has)")
    else:
        print(f"accuracy: {right:.1%} of {len(data.y)} examples")
        for example, label in zip(data.X, predicted, strict=True):
            print(f"  {', '.join(map(short_number, example))} -> {data.classes[label]}")
    findings = list(diagnose(trained.model, data.X, data.y, cross_entropy, history=history))
    print("\n".join(f"diagnosis: {finding}" for finding in findings) or "diagnosis: no problem found")


def _epochs_table(history: History) -> str:
    """Some of the epochs as a table, the first and the last among them."""
    table = Table(box=None, padding=0)
    for name, width in (("epoch", 7), ("loss", 12), ("held back", 12), ("gradient", 12)):
        table.add_column(name, justify="right", width=width)
    shown = np.linspace(0, history.epochs - 1, min(_SHOWN_EPOCHS, history.epochs)).astype(int)
    for index in shown.tolist():
        held_back = f"{history.validation_loss[index]:.4g}" if history.validation_loss else "-"
        table.add_row(str(index + 1), f"{history.loss[index]:.4g}", held_back, f"{history.gradient_norm[index]:.3g}")
    return text_of(table)


def _write_results(folder: Path, trained: Trained) -> None:
    """Write the model, its history and figures of the run into a folder that exists."""
    save(trained.model, folder / "model.safetensors")
    write_whole(folder / "history.json", json.dumps(trained.history.to_dict(), indent=1) + "\n")
    figures = figures_of(trained)
    for name, figure in figures.items():
        figure.savefig(folder / name)
    print(f"wrote {', '.join(['model.safetensors', 'history.json', *figures])} to {folder}")


def _import_what_writes() -> None:
    """Raise ImportError, with what to install, where a library is missing that results are written with."""
    from tinygrad_edu.plotting.style import figure_class

    imported_safetensors()
    figure_class()


def figures_of(trained: Trained) -> dict[str, Figure]:
    """Figures of a run by the names of their files.

    They show the loss, what was taken for what, and what the network made of its inputs: the decision regions where
    there are two inputs, and the weights of the first layer for the digits. There is no loss to show where training
    broke off in the first epoch. Raises ImportError without matplotlib.
    """
    from tinygrad_edu.plotting import plot_confusion, plot_decision_regions, plot_loss, plot_weights

    data, figures = trained.data, {}
    if trained.history.epochs:
        figures["loss.png"] = plot_loss(trained.history)
    X, y = (data.X_test, data.y_test) if len(data.y_test) else (data.X, data.y)
    matrix = np.zeros((len(data.classes), len(data.classes)), dtype=int)
    np.add.at(matrix, (y.astype(int), trained.predicted(X)), 1)
    figures["confusion.png"] = plot_confusion(matrix, data.classes)
    if X.shape[1] == 2:
        figures["regions.png"] = plot_decision_regions(trained.predicted, X, y.astype(int))
    if trained.name == "digits":
        figures["weights.png"] = plot_weights(trained.model.layers[0], (8, 8))
    return figures
