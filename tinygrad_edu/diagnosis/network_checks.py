"""What the numbers of a network show: one check for each pathology that they can show.

A check says nothing about a healthy network. "Healthy" in the comments on the thresholds are those of
`tests/diagnosis`: fresh and trained ones, for curves, moons, irises and digits, with up to six layers.

    Glorot, X., Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural networks. AISTATS.
    Pascanu, R., Mikolov, T., Bengio, Y. (2013). On the difficulty of training recurrent neural networks. ICML.

May import: `op`, `modes`, `value`, `arrays`, `nn`, `training`; `observation` and `pathologies` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tinygrad_edu.arrays import array
from tinygrad_edu.diagnosis.observation import Observation, always_zero
from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.op import RULE_BOOK
from tinygrad_edu.training.checks import probabilities_for_logits
from tinygrad_edu.training.data import Data
from tinygrad_edu.training.objective import Loss, example_of, outputs_of, takes_batches, target_of
from tinygrad_edu.value import Value

__all__ = [
    "broken_symmetry",
    "cost_of_zeros",
    "dead_units",
    "exploding_gradients",
    "has_learned",
    "non_finite_numbers",
    "probabilities_taken_twice",
    "saturated_units",
    "vanishing_gradients",
]

#: A first layer whose gradient is less than this share of the last one's does not learn with it. Healthy networks have
#: an eighth or more while they learn, and eight layers of sigmoid 5e-6.
VANISHED = 1e-3
#: A gradient this many times as long as the weights it belongs to throws them anywhere: an ordinary step of 0.01 times
#: the gradient is ten times the weights. In healthy networks it is up to 7 times as long.
EXPLODED = 1e3
#: A unit whose slope is below this share of the largest that its activation has is flat there: tanh beyond ±2.65.
FLAT = 0.02
#: A unit that is flat for this share of the examples is saturated: it learns from one example in ten. No unit of a
#: fresh healthy network is.
MOSTLY = 0.9
#: A network whose loss is below this share of the loss on shuffled targets has learned. Certain answers are flat, and
#: that does no harm then. Trained healthy networks with flat units are at a hundredth or less.
LEARNED = 0.1
#: Units that a finding names; the others it counts.
_NAMED = 5


def non_finite_numbers(seen: Observation) -> Iterator[Finding]:
    """The first nan or inf, by name: those after it are its consequences."""
    if seen.first_non_finite:
        yield Finding("non-finite numbers", "the network", f"the first is that {seen.first_non_finite}")


def broken_symmetry(model: Module, seen: Observation) -> Iterator[Finding]:
    """Neurons of one layer with equal weights and equal gradients stay equal for ever.

    Equal gradients may differ by rounding, since they are added up in different orders: by 1e-9 of their size.
    """
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


def probabilities_taken_twice(model: Module, data: Data, loss: Loss) -> Iterator[Finding]:
    """Softmax or sigmoid at the end of the model, and in the loss once more: what it can say is flat and timid."""
    mistake = probabilities_for_logits(model, loss, data)
    if mistake:
        yield Finding("probabilities for logits", "the loss", mistake)


def dead_units(model: Module, everything: Data, seen: Observation) -> Iterator[tuple[Finding, float]]:
    """Rectifiers that answer 0 to every example pass no gradient, and so stay as they are.

    Those that answer 0 to the examples observed are tried on all there are. Beside each finding stands the share of the
    layer's units: a few dead ones are no alarm.
    """
    suspects = [path for path, unit in seen.units.items() if unit.activation == "relu" and not any(unit.outputs)]
    if suspects and not takes_batches(model):
        suspects = always_zero(model, everything.X, suspects)
    what = f"answer 0 to all {len(everything)} examples"
    yield from _by_layer("dead units", what, dict.fromkeys(suspects, 1.0), seen)


def saturated_units(seen: Observation) -> Iterator[Finding]:
    """Units at the flat end of their activation pass hardly any gradient.

    The last layer is left out: a network that is sure of its answers has them at the flat end.
    """
    outputs = list(seen.layers)[-1]
    steepest = {path: _largest_slope(unit.activation) for path, unit in seen.units.items()}
    shares = {
        path: float(np.mean(np.abs(unit.slopes) < FLAT * steepest[path]))
        for path, unit in seen.units.items()
        if steepest[path] and seen.units[path].layer != outputs
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
    """One finding for each layer that has such units, and their share of the layer's units.

    `shares` maps the path of each such unit to the share of the examples for which it is so.
    """
    layers: dict[str, list[str]] = {}
    for path in shares:
        layers.setdefault(seen.units[path].layer, []).append(path)
    for layer, paths in layers.items():
        of = sum(unit.layer == layer for unit in seen.units.values())
        named = ", ".join(f"{path} ({shares[path]:.0%})" for path in paths[:_NAMED])
        named += ", ..." if len(paths) > _NAMED else ""
        yield Finding(pathology, layer, f"{len(paths)} of {of} units {what}: {named}"), len(paths) / of


def vanishing_gradients(gradients: dict[str, float], explained: bool, saturating: bool) -> Iterator[Finding]:
    """The first layer gets next to nothing of the gradient that the last one gets.

    If that is nothing at all, and `explained` by other findings (dead units, equal ones), these say more. `saturating`
    says whether some unit has an activation like sigmoid, which another would mend.
    """
    names = list(gradients)
    first, last = gradients[names[0]], gradients[names[-1]]
    if first >= VANISHED * last or (first == 0.0 and explained):
        return
    evidence = (
        f"its root mean square gradient is {first:.2g}, which is {first / last:.1g} of the {last:.2g} in {names[-1]}"
    )
    others = (
        ""
        if saturating
        else "use a smaller learning rate, a better initialization (He), normalization, or fewer layers"
    )
    yield Finding("vanishing gradients", names[0], evidence, other_cure=others)


def exploding_gradients(model: Module, seen: Observation) -> Iterator[Finding]:
    """A gradient beside which the weights are nothing; the first such layer is enough, for the others follow from it.

    Weights shorter than 1 count as 1: those of a layer that begins at 0 are no measure.
    """
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


def has_learned(model: Module, data: Data, loss: Loss, seen: Observation) -> bool:
    """Whether the loss is far below what the same outputs would get for other examples' targets."""
    with no_grad(), in_mode(model, training=False):
        outputs = outputs_of(model, map(example_of, data.X))
        order = np.random.default_rng(0).permutation(len(data))
        targets = map(target_of, data.y[order])
        shuffled = [loss(output, target).data for output, target in zip(outputs, targets, strict=True)]
    return bool(np.mean(seen.losses) < LEARNED * np.mean(shuffled))


def cost_of_zeros(model: Module, data: Data, loss: Loss) -> float:
    """The mean loss of a model that answers 0 to every example; inf where the loss takes no such answers."""
    with no_grad(), in_mode(model, training=False):
        output = outputs_of(model, [example_of(data.X[0])])[0]
        zeros = Value(0.0) if isinstance(output, Value) else array(np.zeros(np.shape(np.array(output, dtype=object))))
        try:
            return float(np.mean([loss(zeros, target_of(row)).data for row in data.y]))
        except (ArithmeticError, TypeError, ValueError):
            return math.inf
