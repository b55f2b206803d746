"""Why an estimator answered as it did: what each feature of one example adds to the output, to first order.

May import: `terminal`, `value`, `gradients`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tinygrad_edu.gradients import grad
from tinygrad_edu.terminal import RenderableType, Table, Text, text_of
from tinygrad_edu.value import Value

__all__ = ["FeatureEffect", "FeatureEffects"]

#: More features than these do not fit on a screen.
_SHOWN = 12


class FeatureEffect(NamedTuple):
    """One feature: its number, the derivative of the output by it, and their product."""

    feature: str
    number: float
    gradient: float

    @property
    def product(self) -> float:
        """gradient × number: how much the output would fall if the feature were 0, as far as it is a straight line."""
        return self.gradient * self.number


@dataclass(frozen=True)
class FeatureEffects:
    """What `estimator.explain(row)` finds.

    `prediction` is what `predict` says, `outputs` every output by its name (the probability of each class, or the
    number of each target). `explained` is the name of the output whose derivatives follow, `root` the `Value` of that
    output at the end of its graph, to draw or to step through, and `features` a `FeatureEffect` for each feature.

    >>> x = Value(2.0, "x")
    >>> found = FeatureEffects.of(3.0, {"y": 6.0}, "y", x * 3.0, [x])
    >>> found.features[0].gradient, found.features[0].product
    (3.0, 6.0)
    """

    prediction: Any
    outputs: Mapping[str, float]
    explained: str
    features: tuple[FeatureEffect, ...]
    root: Value = field(repr=False)

    @classmethod
    def of(
        cls, prediction: Any, outputs: Mapping[str, float], explained: str, root: Value, inputs: Sequence[Value]
    ) -> FeatureEffects:
        """The contributions of the inputs to the root of a graph that was computed from them."""
        gradients = grad(root, inputs)
        rows = [FeatureEffect(x.label, x.data, slope) for x, slope in zip(inputs, gradients, strict=True)]
        return cls(prediction, dict(outputs), explained, tuple(rows), root)

    def strongest(self, count: int = _SHOWN) -> list[FeatureEffect]:
        """The features that contribute most, the strongest first."""
        return sorted(self.features, key=lambda each: -abs(each.product))[:count]

    def __rich__(self) -> RenderableType:
        said = ", ".join(f"{name} {number:.4g}" for name, number in self.outputs.items())
        title = f"prediction {self.prediction}: {said}"
        table = Table(title=title, title_justify="left", caption_justify="left")
        table.add_column("feature")
        for heading in ("number", f"∂{self.explained}/∂feature", "gradient × number"):
            table.add_column(heading, justify="right")
        for each in self.strongest():
            table.add_row(Text(each.feature), f"{each.number:.4g}", f"{each.gradient:.4g}", f"{each.product:+.4g}")
        hidden = len(self.features) - _SHOWN
        if hidden > 0:
            table.caption = f"… and {hidden} features that contribute less"
        return table

    def __str__(self) -> str:
        return text_of(self)
