"""What the numbers of a network show: one function for each pathology that they can show.

May import: `op`, `modes`, `nn`, `training`; `observation` and `pathologies` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinygrad_edu.diagnosis.observation import Observation, always_zero
from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.op import RULE_BOOK
from tinygrad_edu.training.data import Data
from tinygrad_edu.training.objective import Loss, outputs_of, takes_batches
from tinygrad_edu.training.saving import layer_of

#: A layer whose gradient is this much smaller than that of the last one does not learn with it.
VANISHED = 1e-3
#: A gradient this many times as long as the weights it belongs to throws them anywhere.
EXPLODED = 1e3
#: A unit whose slope is this share of the largest that its activation has is saturated ...
FLAT = 0.02
#: ... when that is so for this share of the examples.
MOSTLY = 0.9
#: A network whose loss is this share of the loss on shuffled targets has learned; flat units do no harm then.
LEARNED = 0.1


def non_finite_numbers(seen: Observation) -> Iterator[Finding]:
    """The first nan or inf, by name: those after it are its consequences."""
    if seen.first_non_finite:
        yield Finding("non-finite numbers", "the network", f"the first is that {seen.first_non_finite}")


def broken_symmetry(model: Module, seen: Observation) -> Iterator[Finding]:
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


def dead_units(model: Module, everything: Data, seen: Observation) -> Iterator[tuple[Finding, float]]:
    """Rectifiers that answer 0 to every example pass no gradient, and so stay as they are; with their share."""
    suspects = [path for path, unit in seen.units.items() if unit.activation == "relu" and not any(unit.outputs)]
    if suspects and not takes_batches(model):
        suspects = always_zero(model, everything.X, suspects)
    what = f"answer 0 to all {len(everything)} examples"
    yield from _by_layer("dead units", what, dict.fromkeys(suspects, 1.0), seen)


def saturated_units(seen: Observation) -> Iterator[Finding]:
    """Units at the flat end of their activation pass hardly any gradient."""
    outputs = list(seen.layers)[-1]  # which are meant to be certain
    steepest = {path: _largest_slope(unit.activation) for path, unit in seen.units.items()}
    shares = {
        path: float(np.mean(np.abs(unit.slopes) < FLAT * steepest[path]))
        for path, unit in seen.units.items()
        if steepest[path] and _layer_of_unit(path) != outputs
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
        layers.setdefault(_layer_of_unit(path), []).append(path)
    for layer, paths in layers.items():
        of = sum(_layer_of_unit(path) == layer for path in seen.units)
        named = ", ".join(f"{path} ({shares[path]:.0%})" for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
        yield Finding(pathology, layer, f"{len(paths)} of {of} units {what}: {named}"), len(paths) / of


def _layer_of_unit(path: str) -> str:
    return layer_of(f"{path}.bias")


def vanishing_gradients(gradients: dict[str, float], explained: bool) -> Iterator[Finding]:
    """The first layer gets next to nothing of the gradient that the last one gets."""
    names = list(gradients)
    first, last = gradients[names[0]], gradients[names[-1]]
    if first >= VANISHED * last or (first == 0.0 and explained):  # dead or equal units say more
        return
    evidence = (
        f"its root mean square gradient is {first:.2g}, which is {first / last:.1g} of the {last:.2g} in {names[-1]}"
    )
    yield Finding("vanishing gradients", names[0], evidence)


def exploding_gradients(model: Module, seen: Observation) -> Iterator[Finding]:
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


def has_learned(model: Module, data: Data, loss: Loss, seen: Observation) -> bool:
    """Whether the loss is far below what the same outputs would get for other examples' targets."""
    with no_grad(), in_mode(model, training=False):
        outputs = outputs_of(model, data.X.tolist())
        order = np.random.default_rng(0).permutation(len(data))
        shuffled = [loss(output, target).data for output, target in zip(outputs, data.y[order].tolist(), strict=True)]
    return bool(np.mean(seen.losses) < LEARNED * np.mean(shuffled))
