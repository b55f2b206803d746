"""Diagnosis: what goes wrong in training, with the evidence and the cure.

Each check looks for one pathology and says nothing about a healthy network. The thresholds are far from what healthy
networks show: a layer that gets a thousandth of the gradient, a unit that never answers.

    Glorot, X., Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural networks. AISTATS.
    Pascanu, R., Mikolov, T., Bengio, Y. (2013). On the difficulty of training recurrent neural networks. ICML.

May import: `texts`, `terminal`, `op`, `modes`, `nn`, `training`; `observation` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_edu.diagnosis.observation import Observation, always_zero, observe
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.op import RULE_BOOK
from tinygrad_edu.terminal import Table, Text, text_of
from tinygrad_edu.texts import counted
from tinygrad_edu.training.callbacks import Callback, RunView
from tinygrad_edu.training.checks import targets_for
from tinygrad_edu.training.data import Data, checked
from tinygrad_edu.training.engines import Loss, outputs_of, takes_batches
from tinygrad_edu.training.history import History

__all__ = ["PATHOLOGIES", "Diagnosis", "Finding", "Watch", "diagnose"]

#: A layer whose gradient is this much smaller than that of the last one does not learn with it.
VANISHED = 1e-3
#: A gradient this many times as long as the weights it belongs to throws them anywhere.
EXPLODED = 1e3
#: A unit whose slope is this share of the largest that its activation has is saturated ...
FLAT = 0.02
#: ... when that is so for this share of the examples.
MOSTLY = 0.9
#: Chance leaves a sixth of the rectifiers of a second layer silent, at any seed; this share of a layer is too much.
TOO_MANY_DEAD = 0.25
#: A network whose loss is this share of the loss on shuffled targets has learned; flat units do no harm then.
LEARNED = 0.1

#: What can be found, and what to do about it.
PATHOLOGIES = {
    "non-finite numbers": "use a smaller learning rate, clip the gradient (clip_norm=1.0), scale the inputs, and "
    "prefer losses of logits to logarithms of probabilities",
    "broken symmetry": "initialize the weights at random (init='xavier_uniform' or 'he_normal'), so that each neuron "
    "can become something else; zero is for biases only",
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
    """One pathology: which, where, the evidence, and the cure; `epoch` is when a `Watch` first saw it.

    >>> Finding("dead units", "layers.0", "2 of 4 units answer 0 to all 10 examples").cure
    'use leaky_relu, a smaller learning rate, or He initialization with biases of 0'
    """

    pathology: str
    where: str
    evidence: str
    epoch: int | None = None

    @property
    def cure(self) -> str:
        """What to do about it."""
        return PATHOLOGIES[self.pathology]

    def __str__(self) -> str:
        when = "" if self.epoch is None else f" (since epoch {self.epoch})"
        return f"{self.pathology} in {self.where}{when}: {self.evidence}. Cure: {self.cure}."


@dataclass(frozen=True)
class Diagnosis:
    """The findings, worst first, and the gradient of each layer that they were judged by.

    `gradients` maps each layer, the first one first, to the root mean square gradient of its parameters. `notes` are
    worth knowing but no problem: a few dead units, as nearly every network with relu has them. It prints as a report;
    `healthy` says whether nothing was found; iterating gives the findings.

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
    loss: Loss = mean_squared_error,
    *,
    history: History | None = None,
    sample: int = 100,
) -> Diagnosis:
    """Look for what keeps a network from learning, in its numbers on the examples X, y and in the record of its run.

    Looks at up to `sample` of the examples, with the model in `eval()`: for non-finite numbers (the first, by name),
    neurons that are copies of each other, dead and saturated units (named, with the share of examples), vanishing and
    exploding gradients (by layer). With the `history` of its training also for overfitting and for a learning rate too
    large or too small. Nothing about the model changes, but its gradients are 0 afterwards. Raises ValueError or
    TypeError for data that does not fit the model, or is itself not finite.

    >>> from tinygrad_edu.nn import MLP
    >>> diagnosis = diagnose(MLP(1, [4, 1], init="zeros"), [[-1.0], [1.0]], [0.0, 1.0])
    >>> print(diagnosis.findings[0].pathology, "in", diagnosis.findings[0].where)
    broken symmetry in layers.0
    """
    data = targets_for(model, loss, checked(X, y))
    return _diagnosis(model, data, sample, loss, history)


def _sampled(data: Data, sample: int) -> Data:
    """Examples spread evenly over the data, which may be sorted."""
    rows = np.unique(np.linspace(0, len(data) - 1, min(sample, len(data))).astype(int))
    return Data(data.X[rows], data.y[rows])


@np.errstate(over="ignore", invalid="ignore")  # numbers that are too large are what we look for
def _diagnosis(model: Module, everything: Data, sample: int, loss: Loss, history: History | None) -> Diagnosis:
    data = _sampled(everything, sample)
    seen = observe(model, data, loss)
    gradients = {layer: seen.gradient_size(layer) for layer in seen.layers}
    findings, notes = list(_non_finite(seen)), []
    if not findings:  # else nothing that is computed means anything
        findings += _symmetry(model, seen)
        dead = list(_dead(model, everything, seen))
        findings += [finding for finding, share in dead if share >= TOO_MANY_DEAD]
        notes += [finding for finding, share in dead if share < TOO_MANY_DEAD]
        if not _has_learned(model, data, loss, seen):
            findings += _saturated(seen)
            findings += _vanishing(gradients, explained=bool(findings))
        findings += _exploding(model, seen)
    if history is not None:
        findings += _overfitting(history)
        findings += _learning_rate(history)
    return Diagnosis(tuple(findings), tuple(notes), gradients)


# What the numbers show ------------------------------------------------------------------------------------


def _non_finite(seen: Observation) -> Iterator[Finding]:
    if seen.first_non_finite:
        yield Finding("non-finite numbers", "the network", f"the first is that {seen.first_non_finite}")


def _symmetry(model: Module, seen: Observation) -> Iterator[Finding]:
    """Neurons of one layer with equal weights and equal gradients stay equal for ever."""
    places = {p: index for index, p in enumerate(model.parameters())}
    for path, module in model.named_modules():
        if not isinstance(module, Layer) or len(module.neurons) < 2:
            continue
        rows = [neuron.parameters() for neuron in module.neurons]
        numbers = np.array([[p.data for p in row] for row in rows])
        gradients = np.array([[seen.gradient[places[p]] for p in row] for row in rows])
        if np.ptp(numbers, axis=0).any() or not np.allclose(gradients, gradients[0], rtol=1e-9, atol=0.0):
            continue
        what = "all weights are 0" if not numbers[:, :-1].any() else "all have the same weights"
        yield Finding(
            "broken symmetry",
            path or "the layer",
            f"its {len(rows)} neurons are copies of each other ({what}) and get equal gradients, so they stay copies",
        )


def _dead(model: Module, everything: Data, seen: Observation) -> Iterator[tuple[Finding, float]]:
    """Rectifiers that answer 0 to every example pass no gradient, and so stay as they are; with their share."""
    suspects = [path for path, unit in seen.units.items() if unit.activation == "relu" and not any(unit.outputs)]
    if suspects and not takes_batches(model):
        suspects = always_zero(model, everything.X, suspects)
    what = f"answer 0 to all {len(everything)} examples"
    yield from _by_layer("dead units", what, dict.fromkeys(suspects, 1.0), seen)


def _saturated(seen: Observation) -> Iterator[Finding]:
    """Units at the flat end of their activation pass hardly any gradient."""
    outputs = list(seen.layers)[-1]  # which are meant to be certain
    steepest = {path: _largest_slope(unit.activation) for path, unit in seen.units.items()}
    shares = {
        path: float(np.mean(np.abs(unit.slopes) < FLAT * steepest[path]))
        for path, unit in seen.units.items()
        if steepest[path] and unit.layer != outputs
    }
    saturated = {path: share for path, share in shares.items() if share >= MOSTLY}
    what = f"have no slope left for {MOSTLY:.0%} of the examples or more"
    for finding, _ in _by_layer("saturated units", what, saturated, seen):
        yield finding


def _largest_slope(activation: str) -> float:
    """The steepest that a saturating activation gets; 0 for any other."""
    operation = RULE_BOOK.get(activation)
    return 0.0 if operation is None or operation.largest_slope is None else operation.largest_slope


def _by_layer(
    pathology: str, what: str, shares: dict[str, float], seen: Observation
) -> Iterator[tuple[Finding, float]]:
    """One finding for each layer with such units, which names them with their share of the examples.

    Beside it stands their share of the units of the layer.
    """
    layers: dict[str, list[str]] = {}
    for path in shares:
        layers.setdefault(seen.units[path].layer, []).append(path)
    for layer, paths in layers.items():
        of = sum(unit.layer == layer for unit in seen.units.values())
        named = ", ".join(f"{path} ({shares[path]:.0%})" for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
        yield Finding(pathology, layer, f"{len(paths)} of {of} units {what}: {named}"), len(paths) / of


def _vanishing(gradients: dict[str, float], explained: bool) -> Iterator[Finding]:
    """The first layer gets next to nothing of the gradient that the last one gets."""
    names = list(gradients)
    first, last = gradients[names[0]], gradients[names[-1]]
    if first >= VANISHED * last or (first == 0.0 and explained):  # dead or equal units say more
        return
    evidence = (
        f"its root mean square gradient is {first:.2g}, which is {first / last:.1g} of the {last:.2g} in {names[-1]}"
    )
    yield Finding("vanishing gradients", names[0], evidence)


def _exploding(model: Module, seen: Observation) -> Iterator[Finding]:
    """A gradient beside which the weights are nothing."""
    numbers = np.array([p.data for p in model.parameters()])
    for layer, places in seen.layers.items():
        length, weight = float(np.linalg.norm(seen.spread[places])), float(np.linalg.norm(numbers[places]))
        if length > EXPLODED * max(weight, 1.0):
            yield Finding(
                "exploding gradients",
                layer,
                f"its gradient has the length {length:.2g}, and its weights together {weight:.2g}",
            )
            return


def _has_learned(model: Module, data: Data, loss: Loss, seen: Observation) -> bool:
    """Whether the loss is far below what the same outputs would get for other examples' targets."""
    with no_grad(), in_mode(model, training=False):
        outputs = outputs_of(model, data.X.tolist())
        order = np.random.default_rng(0).permutation(len(data))
        shuffled = [loss(output, target).data for output, target in zip(outputs, data.y[order].tolist(), strict=True)]
    return bool(np.mean(seen.losses) < LEARNED * np.mean(shuffled))


# What the history shows -----------------------------------------------------------------------------------


def _overfitting(history: History) -> Iterator[Finding]:
    """The validation loss has turned for good, while the training loss went on falling."""
    validation, training, best = history.validation_loss, history.loss, history.best_epoch
    if len(validation) < best + 3 or history.stopped.startswith("stopped early"):
        return
    recent, lowest = float(np.mean(validation[-3:])), validation[best - 1]
    rise = 0.1 * max(abs(lowest), validation[0] - lowest)  # less is noise
    if recent > lowest + rise and training[-1] < 0.9 * training[best - 1]:
        yield Finding(
            "overfitting",
            "the run",
            f"the validation loss was lowest in epoch {best}, {lowest:.3g}, and is {validation[-1]:.3g} in epoch "
            f"{history.epochs}, while the training loss fell on from {training[best - 1]:.3g} to {training[-1]:.3g}",
        )


def _learning_rate(history: History) -> Iterator[Finding]:
    losses = np.array(history.loss)
    if "not finite" in history.stopped or "loss is" in history.stopped:
        yield Finding("learning rate too large", "the run", f"it {history.stopped}")
    elif len(losses) < 5:
        return
    elif losses[-1] > losses[0]:
        rose = f"the loss rose from {losses[0]:.3g} in epoch 1 to {losses[-1]:.3g} in epoch {len(losses)}"
        yield Finding("learning rate too large", "the run", rose)
    elif _jumps(losses):
        jumped = f"the loss went up in {(np.diff(losses) > 0).mean():.0%} of the epochs, by a tenth and more, "
        yield Finding("learning rate too large", "the run", f"{jumped}and is {losses[-1]:.3g} after {losses[0]:.3g}")
    elif _creeps(losses):
        fell = f"in {len(losses)} epochs the loss fell from {losses[0]:.4g} to {losses[-1]:.4g} only"
        yield Finding("learning rate too small", "the run", f"{fell}, and as fast at the end as in the beginning")


def _jumps(losses: Any) -> bool:
    """Up and down by more than a tenth, without getting anywhere."""
    changes = np.diff(losses)
    restless = (changes > 0).mean() > 0.3 and np.abs(changes).mean() > 0.1 * losses.mean()
    return bool(restless and losses[-1] > 0.5 * losses[0])


def _creeps(losses: Any) -> bool:
    """Down nearly always, by little, and with no sign of arriving."""
    if len(losses) < 10:
        return False
    changes = np.diff(losses)
    third = max(1, len(changes) // 3)
    little = losses[-1] > 0.9 * losses[0]
    return bool(little and (changes < 0).mean() > 0.8 and changes[-third:].mean() < 0.5 * changes[:third].mean())


# Watching a run -------------------------------------------------------------------------------------------


class Watch(Callback):
    """A callback that diagnoses the network as it trains, every so many epochs.

    `findings` are what it has seen so far, each with the epoch in which it was first seen; `diagnosis` is the last one,
    which takes the whole history into account.

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
        self.diagnosis = _diagnosis(run.model, run.data, self.sample, run.loss, run.history)
        known = {(finding.pathology, finding.where) for finding in self.findings}
        for finding in self.diagnosis:
            if (finding.pathology, finding.where) not in known:
                self.findings.append(replace(finding, epoch=run.epoch))
