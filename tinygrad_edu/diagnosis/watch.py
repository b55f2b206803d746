"""`Watch`: a callback that diagnoses a network while it is trained.

May import: `training`; `examination` and `pathologies` of this folder.
"""

from __future__ import annotations

from dataclasses import replace

from tinygrad_edu.diagnosis.examination import Diagnosis, examine
from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.training.callbacks import Callback, RunView

__all__ = ["Watch"]


class Watch(Callback):
    """A callback that diagnoses the network as it trains, every so many epochs and at the end.

    `findings` are what it has seen so far, each with the epoch in which it was first seen; `diagnosis` is the last one,
    which takes the whole history into account. Each look runs `sample` examples as scalar code, which takes about a
    second for a network of 5,000 parameters, many times an epoch of its training: `every=10` looks less often.

    >>> from tinygrad_edu.nn import MLP
    >>> from tinygrad_edu.training import fit
    >>> watch = Watch()
    >>> _ = fit(MLP(1, [4, 1], init="zeros"), [[-1.0], [1.0]], [0.0, 1.0], epochs=2, callbacks=[watch])
    >>> [(finding.epoch, finding.pathology) for finding in watch.findings]
    [(1, 'broken symmetry')]
    """

    def __init__(self, every: int = 1, *, sample: int = 50) -> None:
        if every < 1 or sample < 1:
            raise ValueError(f"every and sample count from 1, and are {every} and {sample}")
        self.every = every
        self.sample = sample
        self.findings: list[Finding] = []
        self.diagnosis: Diagnosis | None = None

    def on_epoch_end(self, run: RunView) -> None:
        """Look, every so many epochs."""
        if run.epoch % self.every == 0:
            self._look(run)

    def on_end(self, run: RunView) -> None:
        """Look once more, at the weights that training ends with."""
        self._look(run)

    def _look(self, run: RunView) -> None:
        self.diagnosis = examine(run.model, run.data, self.sample, run.loss, run.history)
        known = {(finding.pathology, finding.where) for finding in self.findings}
        for finding in self.diagnosis:
            if (finding.pathology, finding.where) not in known:
                self.findings.append(replace(finding, epoch=run.epoch))
