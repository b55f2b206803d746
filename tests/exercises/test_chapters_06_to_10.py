"""Chapters 6 to 10: solutions pass, and each typical mistake is called by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercises.answers import said

SHARE = "value.grad += node.grad * local"
MOVED = "theta - lr * corrected_mean / (np.sqrt(corrected_square) + EPSILON)"
LOOP = """        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
"""
CLIPPED = "[g * max_norm / norm for g in gradient] if norm > max_norm else gradient"


def loop(*lines: str) -> str:
    return "".join(f"        {line}\n" for line in lines)


@pytest.mark.parametrize("number", range(6, 11))
def test_the_solution_is_right(number: int, tmp_path: Path) -> None:
    assert said(number, tmp_path) == ""


@pytest.mark.parametrize(
    ("number", "old", "new", "sentence"),
    [
        (6, SHARE, "value.grad = node.grad * local", "what = gives in place of +="),
        (6, SHARE, "value.grad += local", "Upstream is missing"),
        (6, SHARE, "value.grad += node.grad", "The local derivatives are missing"),
        (6, SHARE, "value.grad -= node.grad * local", "The shares are subtracted"),
        (6, "for node in nodes:", "nodes[0].backward()\n    for node in ():", "the very thing to be written here"),
        (6, SHARE, "pass", "Nothing has arrived at the leaves"),
        (6, "for node in nodes:", "for node in nodes[::-1]:", "or begin at the wrong end"),
        (6, "for node in nodes:", "for node in nodes[:1]:", "does the loop end early"),
        (7, "return theta -", "return theta +", "It climbs"),
        (7, "mean / (1 - BETA1**t), square / (1 - BETA2**t)", "mean, square", "are not corrected"),
        (7, "(np.sqrt(corrected_square) + EPSILON)", "np.sqrt(corrected_square + EPSILON)", "ε stands beside the root"),
        (7, "BETA1, BETA2, EPSILON = 0.9, 0.999", "BETA1, BETA2, EPSILON = 0.999, 0.9", "here they are exchanged"),
        (7, ", mean, square\n", ", corrected_mean, corrected_square\n", "What is returned are the corrected averages"),
        (7, ", mean, square\n", "\n", "where 3 things are asked for: the parameters, the mean, the square"),
        (7, "* gradient**2", "* gradient", "and should be one of g²"),
        (8, "        optimizer.zero_grad()\n", "", "never put back to 0"),
        (8, LOOP, loop("loss = loss_of()", "loss.backward()", "optimizer.zero_grad()", "optimizer.step()",
                       "losses.append(loss.data)"), "The parameters never move"),
        (8, LOOP, loop("loss = loss_of()", "optimizer.step()", "optimizer.zero_grad()", "loss.backward()",
                       "losses.append(loss.data)"), "with the gradients of the epoch before"),
        (8, LOOP, loop("loss = loss_of()", "optimizer.zero_grad()", "optimizer.step()", "loss.backward()",
                       "losses.append(loss.data)"), "The parameters never move"),
        (8, "        optimizer.step()\n", "", "The parameters never move"),
        (8, "    for _ in range(epochs):\n        loss = loss_of()\n",
         "    loss = loss_of()\n    for _ in range(epochs):\n", "The loss is computed once, before the loop"),
        (8, "losses.append(loss.data)", "losses.append(loss_of().data)", "The loss is noted after the step"),
        (8, "losses.append(loss.data)", "losses.append(loss)", "which is not made of numbers alone"),
        (8, "    return losses", "    pass", "is there a `return`"),
        (8, "range(epochs)", "range(epochs + 1)", "has the shape (5,); (4,) is asked for"),
        (9, "(found / len(called) if called else 0.0, found / positives if positives else 0.0)",
         "(found / positives if positives else 0.0, found / len(called) if called else 0.0)", "They are exchanged"),
        (9, "p > threshold", "p >= threshold", "lies on the threshold is not called"),
        (9, "found / positives if positives", "found / len(targets) if positives", "The recall is taken of all cases"),
        (9, " if called else 0.0", "", "fails with ZeroDivisionError: division by zero, in line"),
        (10, CLIPPED, "[max(-max_norm, min(max_norm, g)) for g in gradient]", "which turns the arrow"),
        (10, CLIPPED, "[g * max_norm / (norm or 1) for g in gradient]", "short enough is made longer"),
        (10, "math.sqrt(sum(g * g for g in gradient))", "sum(abs(g) for g in gradient)", "the sum of the sizes"),
        (10, "math.sqrt(sum(g * g for g in gradient))", "max(abs(g) for g in gradient)", "the largest size"),
        (10, "math.sqrt(sum(g * g for g in gradient))", "sum(g * g for g in gradient)", "without the root"),
        (10, "g * max_norm / norm", "g / norm", "It gets the length 1"),
        (10, CLIPPED, "[g * max_norm / norm for g in gradient]", "fails with ZeroDivisionError"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:every gradient is 0")  # which a learner sees printed
def test_a_mistake_is_called_by_its_name(number: int, old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in said(number, tmp_path, old, new)


def test_a_factor_is_named_where_it_is_the_same_everywhere(tmp_path: Path) -> None:
    assert "it is 2 times what it should be" in said(
        10, tmp_path, "return [g *", "return [2 * g *", "else gradient", "else [2 * g for g in gradient]"
    )
