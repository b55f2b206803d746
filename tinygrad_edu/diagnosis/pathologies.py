"""The pathologies that `diagnose` looks for, each with its cure, and `Finding`: one of them, found somewhere.

To add one, give it a line in `PATHOLOGIES`, and write the check that finds it: in `network_checks` if the numbers of a
network show it, in `history_checks` if the record of a run does. `examination` calls the checks.

May import: the standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PATHOLOGIES", "Finding"]

#: What can be found, and what to do about it.
PATHOLOGIES = {
    "non-finite numbers": "use a smaller learning rate, clip the gradient (clip_norm=1.0), scale the inputs, and "
    "prefer losses of logits to logarithms of probabilities",
    "broken symmetry": "initialize the weights at random (init='xavier_uniform' or 'he_normal'), so that each neuron "
    "can become something else; zero is for biases only",
    "probabilities for logits": "let the last layer be linear: the loss makes the probabilities itself; or take a loss "
    "of probabilities",
    "dead units": "use leaky_relu, a smaller learning rate, or He initialization with biases of 0",
    "saturated units": "use smaller initial weights (Xavier), scale the inputs to about -1 to 1, or use relu or "
    "leaky_relu",
    "vanishing gradients": "use relu or leaky_relu instead of sigmoid or tanh, a better initialization (He, Xavier), "
    "normalization, or fewer layers",
    "exploding gradients": "clip the gradient (clip_norm=1.0), use a smaller learning rate and smaller initial "
    "weights, and scale inputs and targets",
    "overfitting": "use early stopping, dropout, weight decay, a smaller network, or more data",
    "learning rate too large": "divide the learning rate by 10, or clip the gradient",
    "learning rate too small": "multiply the learning rate by 10, or use Adam",
}


@dataclass(frozen=True)
class Finding:
    """One pathology that was found: which, where, with what evidence; `epoch` is when a `Watch` first saw it.

    `other_cure` stands where the table's has been taken already.

    >>> Finding("dead units", "layers.0", "2 of 4 units answer 0 to all 10 examples").cure
    'use leaky_relu, a smaller learning rate, or He initialization with biases of 0'
    """

    pathology: str
    where: str
    evidence: str
    epoch: int | None = None
    other_cure: str = ""

    @property
    def cure(self) -> str:
        """What to do about it: as the table says, but where that is done already."""
        return self.other_cure or PATHOLOGIES[self.pathology]

    def __str__(self) -> str:
        when = "" if self.epoch is None else f" (since epoch {self.epoch})"
        return f"{self.pathology} in {self.where}{when}: {self.evidence}. Cure: {self.cure}."
