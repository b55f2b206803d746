"""What each feature adds, by hand and as people read it."""

from __future__ import annotations

import pytest

from tinygrad_edu import Value, fsum
from tinygrad_edu.training.feature_effects import FeatureEffect, FeatureEffects


def explained(count: int) -> FeatureEffects:
    inputs = [Value(float(k), f"feature {k}") for k in range(count)]
    root = fsum([x * (k - 2.0) for k, x in enumerate(inputs)])
    return FeatureEffects.of("yes", {"p(no)": 0.25, "p(yes)": 0.75}, "p(yes)", root, inputs)


def test_the_product_of_slope_and_number() -> None:
    found = explained(4)
    assert found.features[3] == FeatureEffect("feature 3", 3.0, 1.0)
    assert [each.product for each in found.features] == [0.0, -1.0, 0.0, 3.0]
    assert [each.feature for each in found.strongest(2)] == ["feature 3", "feature 1"]
    assert found.root.data == 2.0
    with pytest.raises(AttributeError):
        found.prediction = "no"  # type: ignore[misc]  # what is tested


def test_it_reads_as_a_table() -> None:
    text = str(explained(4))
    assert text.splitlines()[0].strip() == "prediction yes: p(no) 0.25, p(yes) 0.75"
    assert "∂p(yes)/∂feature" in text
    rows = [line for line in text.splitlines() if "feature 3" in line]
    assert [cell.strip() for cell in rows[0].strip("│").split("│")] == ["feature 3", "3", "1", "+3"]
    assert "less" not in text
    assert "… and 8 features that contribute less" in str(explained(20))
