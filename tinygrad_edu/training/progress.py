"""The live display of a training run, for people at a terminal.

May import: `terminal`; `callbacks` of this folder.
"""

from __future__ import annotations

from tinygrad_edu.terminal import BarColumn, Column, Console, Progress, TextColumn, TimeRemainingColumn
from tinygrad_edu.training.callbacks import Callback, RunView

__all__ = ["Display", "is_watched"]

#: All numbers of an epoch fit beside the bar of a terminal with so many columns, the usual ones.
_WIDE = 80


def is_watched(console: Console) -> bool:
    """Whether someone looks at this console: a terminal, not a file, a pipe or a log."""
    return console.is_terminal and not console.is_dumb_terminal


class Display(Callback):
    """One line that is redrawn: epoch, bar, losses, gradient norm, learning rate, time left."""

    sees_weights = False

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True, table_column=Column(min_width=5, no_wrap=True)),
            console=console,
            expand=True,
        )

    def on_start(self, run: RunView) -> None:
        """Say what computes the gradients, and begin to draw."""
        self.console.print(run.history.engine, highlight=False, markup=False)
        self.progress.start()
        self.task = self.progress.add_task(
            "", total=run.epochs, completed=run.epoch, epoch=run.epoch, epochs=run.epochs, numbers=""
        )

    def on_iteration_end(self, run: RunView) -> None:
        """Move the bar."""
        done = run.epoch - 1 + run.batch / run.batches_per_epoch
        self.progress.update(self.task, completed=done, epoch=run.epoch)

    def on_epoch_end(self, run: RunView) -> None:
        """Show the numbers of the epoch."""
        history = run.history
        numbers = [
            f"loss {history.loss[-1]:.3g}",
            *[f"validation {loss:.3g}" for loss in history.validation_loss[-1:]],
            f"gradient {history.gradient_norm[-1]:.3g}",
            f"rate {history.learning_rate[-1]:.3g}",
        ]
        room = len(numbers) if self.console.width >= _WIDE else 1  # fewer numbers, rather than pieces of them
        self.progress.update(self.task, completed=run.epoch, numbers="  ".join(numbers[:room]))

    def on_end(self, run: RunView) -> None:
        """Say why it ended before its time, if it did."""
        self.close()
        if run.history.stopped:
            self.console.print(run.history.stopped, highlight=False, markup=False)

    def close(self) -> None:
        """Give the terminal back."""
        self.progress.stop()
