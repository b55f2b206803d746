"""`fit` on the digits, eagerly and replayed, side by side in one run: `python tests/benchmarks/training.py [EPOCHS]`.

64-32-10, relu, cross-entropy, Adam, 1,437 examples in batches of 32, from the same starting weights; both must agree on
every loss to 1e-9. Processor time is what counts on a machine that has other things to do.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

from tinygrad_edu import MLP, Adam, History, fit
from tinygrad_edu.nn.losses import cross_entropy

EXAMPLES = 1437


def measure(engine: str, epochs: int) -> tuple[History, float, float]:
    """The history of a run, and its seconds by the clock and by the processor."""
    X, y = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], "relu", seed=0)
    clock, processor = time.perf_counter(), time.process_time()
    optimizer = Adam(model.parameters(), 0.003)
    history = fit(
        model, X[:EXAMPLES] / 16, y[:EXAMPLES], cross_entropy, optimizer, epochs, engine=engine, progress=False
    )
    return history, time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Print one line per engine."""
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    results = {engine: measure(engine, epochs) for engine in ("replay", "eager")}
    table = Table("engine", "clock s", "processor s", "last loss", title=f"digits, {epochs} epochs")
    for engine, (history, clock, processor) in results.items():
        table.add_row(engine, f"{clock:.2f}", f"{processor:.2f}", f"{history.loss[-1]:.6f}")
    Console().print(table)
    eager, replay = (np.array(results[engine][0].batch_loss) for engine in ("eager", "replay"))
    apart = np.abs(eager - replay).max()
    print(f"largest difference of {len(eager)} batch losses: {apart:.1e}")
    assert apart < 1e-9


if __name__ == "__main__":
    main()
