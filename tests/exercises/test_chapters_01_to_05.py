"""Chapters 1 to 5: solutions pass, and each typical mistake is called by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercises.answers import said

RETURN_LIMIT = "return math.sqrt(6 / (n_in + n_out))"
RETURN_SLOPE = "return s + x * s * (1 - s)"
RETURN_GRADIENT = "return [e / total - (k == target) for k, e in enumerate(exponentials)]"


@pytest.mark.parametrize("number", range(1, 6))
def test_the_solution_is_right(number: int, tmp_path: Path) -> None:
    assert said(number, tmp_path) == ""


@pytest.mark.parametrize(
    ("number", "old", "new", "sentence"),
    [
        (1, "error = target - answer", "error = answer - target", "walks the wrong way"),
        (1, "bias + error", "bias", "The bias stays where it is"),
        (1, "error = target - answer", "error = 2 * target - 1", "It moves where the answer was right, too"),
        (1, "total = bias", "total = 0", "The bias is not part of its answer"),
        (1, "total > 0", "total >= 0", "exactly 0 the answer is 0"),
        (1, "error * x for", "error for", "you leave the input out"),
        (2, "return 1 / (1 + np.exp(-(hidden @ W2 + b2)))", "return hidden @ W2 + b2", "The output has no sigmoid"),
        (2, "hidden = 1 / (1 + np.exp(-(X @ W1 + b1)))", "hidden = X @ W1 + b1", "The hidden layer has no sigmoid"),
        (2, " + b", " + 0 * b", "The biases are missing"),
        (2, "np.exp(-(", "np.exp((", "a minus in its exponent"),
        (2, "(hidden @ W2 + b2)))", "(hidden @ W2 + b2))).T", "Rows and columns are exchanged"),
        (3, RETURN_LIMIT, "return math.sqrt(6 / n_in)", "it forgets that the layer after counts, too"),
        (3, RETURN_LIMIT, "return math.sqrt(2 / (n_in + n_out))", "That is the standard deviation"),
        (3, RETURN_LIMIT, "return 6 / (n_in + n_out)", "the root is missing"),
        (3, RETURN_LIMIT, "return 6**0.5 / (n_in**0.5 + n_out**0.5)", "the sum comes before the root"),
        (3, RETURN_LIMIT, "return -math.sqrt(6 / (n_in + n_out))", "the sign is the wrong one"),
        (3, RETURN_LIMIT, "return 0.5 * math.sqrt(6 / (n_in + n_out))", "it is 0.5 times what it should be"),
        (4, RETURN_SLOPE, "return s", "as if only the first factor depended on x"),
        (4, RETURN_SLOPE, "return x * s * (1 - s)", "as if only the second factor depended on x"),
        (4, RETURN_SLOPE, "return s * (1 - s)", "is not the product of the derivatives"),
        (4, RETURN_SLOPE, "return silu(x)", "That is silu itself"),
        (4, RETURN_SLOPE, "return s + x * x * (1 - x)", "takes it from what σ was given"),
        (4, RETURN_SLOPE, "return s - x * s * (1 - s)", "are added, not subtracted"),
        (4, RETURN_SLOPE, "return 0.0", "It is 0 in every case"),
        (4, RETURN_SLOPE, "return s + x * s * (1 - s) * (x > 0)", "4 of 6 cases are right"),
        (4, RETURN_SLOPE, "pass", "is there a `return`"),
        (4, RETURN_SLOPE, "return float('nan')", "nan or inf has come out"),
        (5, "(k == target)", "0", "These are the probabilities"),
        (5, "e / total - (k == target)", "(k == target) - e / total", "The sign is the wrong one"),
        (5, "e / total - (k == target)", "(e / total - 1) * (k == target)", "Only the target's logit has a slope here"),
        (5, "e / total - (k == target)", "-total / max(e, 1e-300) * (k == target)", "-1/p; the softmax comes before"),
        (5, "top = max(logits)", "top = 0", "fails with OverflowError"),
    ],
)
def test_a_mistake_is_called_by_its_name(number: int, old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in said(number, tmp_path, old, new)


def test_it_says_what_was_given_and_what_differences_say(tmp_path: Path) -> None:
    first, second = said(4, tmp_path, RETURN_SLOPE, "return s").splitlines()
    assert first == "slope_of_silu(1.0) gives 0.731059; finite differences say 0.927671."
    assert second.endswith("the product rule has two terms.")
