"""`diagnose`: an examination of a network and of its training, and the `Diagnosis` that it ends with.

The network is run on some examples, every check looks at what was seen, and the findings are put in order.

May import: `texts`, `terminal`, `nn`, `training`; `history_checks`, `network_checks`,
`observation` and `pathologies` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.diagnosis.history_checks import overfitting, unsuitable_learning_rate
from tinygrad_edu.diagnosis.network_checks import (
    broken_symmetry,
    cost_of_zeros,
    dead_units,
    exploding_gradients,
    has_learned,
    non_finite_numbers,
    probabilities_taken_twice,
    saturated_units,
    vanishing_gradients,
)
from tinygrad_edu.diagnosis.observation import observe
from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.nn.activations import activation_family
from tinygrad_edu.nn.loss_names import loss_called
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.nn.module import Module, checked_module
from tinygrad_edu.terminal import Table, Text, text_of
from tinygrad_edu.texts import counted
from tinygrad_edu.training.checks import targets_for
from tinygrad_edu.training.data import Data, checked
from tinygrad_edu.training.history import History
from tinygrad_edu.training.objective import Loss

__all__ = ["Diagnosis", "diagnose", "examine"]

#: Dead units of a layer are a finding from this share on, and a note below it. Chance leaves about a sixth of the
#: rectifiers of a second layer silent, and up to 22 % of a layer in healthy networks of the tests.
TOO_MANY_DEAD = 0.25


@dataclass(frozen=True)
class Diagnosis:
    """The findings, worst first, and the gradient of each layer that they were judged by.

    `gradients` maps each layer, the first one first, to the root mean square gradient of its parameters. `notes` are
    worth knowing but no problem: a few dead units, which nearly every network with relu has. Printed, it is a report;
    iterated over, it gives the findings.

    >>> from tinygrad_edu.nn import MLP
    >>> diagnosis = diagnose(MLP(1, [4, 1], seed=0), [[-1.0], [1.0]], [0.0, 1.0])
    >>> diagnosis.healthy, diagnosis.pathologies, list(diagnosis.gradients)
    (True, [], ['layers.0', 'layers.1'])
    """

    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    gradients: dict[str, float]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def pathologies(self) -> list[str]:
        """The names of what was found, each once."""
        return list(dict.fromkeys(finding.pathology for finding in self.findings))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        found = [f"{counted(len(self.findings), 'problem')} found" if self.findings else "no problem found"]
        found += [f"- {finding}" for finding in self.findings]
        found += [f"- worth knowing, but no problem: {note.where}, {note.evidence}" for note in self.notes]
        table = Table("layer", "root mean square gradient", "ratio to the last layer", title="\ngradients")
        for layer, size in self.gradients.items():
            last = list(self.gradients.values())[-1]
            table.add_row(layer, f"{size:.3g}", f"{size / last:.3g}" if last else "-")
        return "\n\n".join([*(text_of(Text(part), width=100) for part in found), text_of(table, width=100)])


def diagnose(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss | str = mean_squared_error,
    *,
    history: History | None = None,
    sample: int = 100,
) -> Diagnosis:
    """Look for what keeps a network from learning, in its numbers on the examples X, y and in the record of its run.

    Looks at up to `sample` of the examples, with the model in `eval()`: for non-finite numbers (the first, by name),
    probabilities where the loss takes logits, neurons that are copies of each other, dead and saturated units (named,
    with the share of examples), vanishing and exploding gradients (by layer). With the `history` of its training also
    for overfitting and for a learning rate too large or too small. `loss` is a function or a name, as for `fit`.
    Nothing about the model changes, but its gradients are 0 afterwards. Raises ValueError or TypeError for data that
    does not fit the model, or is itself not finite.

    >>> from tinygrad_edu.nn import MLP
    >>> diagnosis = diagnose(MLP(1, [4, 1], init="zeros"), [[-1.0], [1.0]], [0.0, 1.0])
    >>> print(diagnosis.findings[0].pathology, "in", diagnosis.findings[0].where)
    broken symmetry in layers.0
    """
    loss, model = loss_called(loss), checked_module(model, "diagnose examines")
    data = targets_for(model, loss, checked(X, y))
    return examine(model, data, sample, loss, history)


def _sampled(data: Data, sample: int) -> Data:
    """Examples spread evenly over the data: it may be sorted, and its beginning of one class."""
    rows = np.unique(np.linspace(0, len(data) - 1, min(sample, len(data))).astype(int))
    return Data(data.X[rows], data.y[rows])


@np.errstate(over="ignore", invalid="ignore")  # numbers that are too large are what we look for
def examine(model: Module, everything: Data, sample: int, loss: Loss, history: History | None) -> Diagnosis:
    """The diagnosis on data that has been checked, of which up to `sample` examples are observed."""
    data = _sampled(everything, sample)
    seen = observe(model, data, loss)
    gradients = {layer: seen.gradient_size(layer) for layer in seen.layers}
    findings, notes = list(non_finite_numbers(seen)), []
    if not findings:  # else nothing that is computed means anything
        findings += probabilities_taken_twice(model, data, loss)
        findings += broken_symmetry(model, seen)
        dead = list(dead_units(model, everything, seen))
        findings += [finding for finding, share in dead if share >= TOO_MANY_DEAD]
        notes += [finding for finding, share in dead if share < TOO_MANY_DEAD]
        if not has_learned(model, data, loss, seen):
            findings += saturated_units(seen)
            families = {activation_family(unit.activation) for unit in seen.units.values()}
            findings += vanishing_gradients(gradients, bool(findings), saturating="saturating" in families)
        findings += exploding_gradients(model, seen)
    if history is not None:
        findings += overfitting(history)
        findings += unsuitable_learning_rate(history, cost_of_zeros(model, data, loss))
    return Diagnosis(tuple(findings), tuple(notes), gradients)
