"""`predict`: what a model answers to many examples, replayed where it can be recorded.

May import: `origins`, `modes`, `value`, `nn`, `replay`; `comparison`, `data` and `objective` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.module import Module, checked_module, in_mode
from tinygrad_edu.origins import warn_caller
from tinygrad_edu.replay.agreement import compare
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.training.comparison import reason_of, row_name, telling_rows
from tinygrad_edu.training.data import Array, Data, as_numbers
from tinygrad_edu.training.objective import example_of, first_output_of, outputs_of, takes_batches
from tinygrad_edu.value import Value, as_value

__all__ = ["predict", "replayed"]

#: Fewer examples than these are answered one by one before the model is recorded and compared on as many.
_WORTH_RECORDING = 16
#: What has been warned of, by the kinds of model and error: once is enough.
_already_said: set[Any] = set()


def predict(model: Module, X: Any) -> Array:
    """The outputs of a model in evaluation mode for each example of X, shape (n, outputs), flat; no graph is kept.

    Many examples are replayed, which is much faster, where the model can be recorded and eager code gives the same for
    some of them; else a RuntimeWarning says why not, once for each kind of model. A nan in an example is computed with
    as NumPy does, and ends as nan in what depends on it, where `fit` refuses it. Raises TypeError or ValueError for
    examples that the model does not take, and TypeError for what is no model.

    >>> from tinygrad_edu.nn import MLP
    >>> predict(MLP(2, [3], init="zeros"), [[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 3)
    """
    checked_module(model, "predict needs")
    examples = as_numbers(X, "X")
    if examples.ndim == 0:
        raise ValueError(f"predict needs an array of examples, shape (n, ...), not {X!r}")
    with in_mode(model, training=False):
        if len(examples) >= _WORTH_RECORDING and not takes_batches(model):
            try:
                return replayed(lambda x: _flat_row(outputs_of(model, [example_of(x)])[0]), model, examples)
            except Exception as error:  # whatever it was, eager code is the meaning and goes on
                with no_grad():
                    first_output_of(model, examples)  # what the model does not take is no news of recording
                why = reason_of(error)
                _warn_once((type(model), type(error)), f"predict computes one example after the other: {why}")
        with no_grad():
            if examples.ndim == 1 and len(examples):
                first_output_of(model, examples)
            outputs = outputs_of(model, map(example_of, examples))
    return np.array([[as_value(v).data for v in _flat_row(output)] for output in outputs], dtype=np.float64)


def replayed(answer: Callable[[Any], list[Value]], model: Module, examples: Array) -> Array:
    """What `answer` gives for each example, by a program of it that agrees with it on some of them.

    `answer` takes one example, as models do. Raises whatever recording raises.
    """
    rows = telling_rows(Data(examples, np.zeros(len(examples))))
    program = recorded(answer, [examples.shape[1:]], model.parameters(), [examples[rows]])
    compare(program, answer, [examples[rows]], program.theta, changed=0, named=lambda k: row_name(rows[k]))
    return program(examples)


def _warn_once(key: Any, message: str) -> None:
    if key not in _already_said:
        _already_said.add(key)
        warn_caller(message)


def _flat_row(output: Any) -> list[Value]:
    """The outputs for one example as one flat row, whatever their shape."""
    row: list[Value] = np.ravel(np.array(output, dtype=object)).tolist()
    return row
