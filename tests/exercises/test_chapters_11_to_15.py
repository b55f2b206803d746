"""Chapters 11 to 15: solutions pass, and each typical mistake is called by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercises.answers import said

TEST = "test = [i for i in range(n) if i % k == part]"
TRAINING = "[i for i in range(n) if i % k != part]"
MASK = "    scores = np.where(np.tri(len(queries), dtype=bool), scores, -np.inf)\n"
WEIGHTS = "weights / weights.sum(axis=1, keepdims=True) @ values"


@pytest.mark.parametrize("number", range(11, 16))
def test_the_solution_is_right(number: int, tmp_path: Path) -> None:
    assert said(number, tmp_path) == ""


@pytest.mark.parametrize(
    ("number", "old", "new", "sentence"),
    [
        (11, TRAINING, "list(range(n))", "would be tested on what it has learned"),
        (11, TRAINING, "[i for i in range(1, n) if i % k != part]", "is neither in the training nor in the test"),
        (11, TRAINING, "2 * [i for i in range(n) if i % k != part]", "a training has an example twice"),
        (11, TEST, "test = list(range(part, part + n // k))", "is in the test of more than one fold"),
        (11, TEST, "test = [i + 1 for i in range(n) if i % k == part]", "0 is in no test"),
        (11, "return pairs", "return pairs[1:]", "returns 4 pairs, where 5 are asked for"),
        (11, "return pairs", "return n", "where a list of pairs (training, test) of lists of numbers is asked for"),
        (11, "return pairs", "return [(t, [*s, n]) for t, s in pairs]", "is in the test of more than one fold"),
        (12, "kernel[u][v] * image", "kernel[height - 1 - u][width - 1 - v] * image", "The kernel is turned over"),
        (12, " + 1)", ")", "The last row and the last column are missing"),
        (12, "image[i + u][j + v]", "image[i + v][j + u]", "fails with IndexError"),
        (13, "    for before, after in zip(states[-2::-1], states[:0:-1], strict=True):",
         "    for before, after in [(states[-2], states[-1])]:", "Only the last step has a share"),
        (13, "by_state * (1 - after**2)", "by_state", "The slope of tanh is missing"),
        (13, "by_state = by_sum * w", "by_state = by_sum", "multiplied by w as well"),
        (13, "return gradient", "return states[-1]", "That is the last state itself"),
        (14, "sigmoid(forget) * cell + sigmoid(write)", "sigmoid(write) * cell + sigmoid(forget)", "are exchanged"),
        (14, "math.tanh(candidate)", "sigmoid(candidate)", "The candidate goes through a sigmoid"),
        (14, "math.tanh(candidate)", "candidate", "The candidate has no activation"),
        (14, "sigmoid(show) * math.tanh(cell), cell", "sigmoid(show) * cell, cell", "takes the cell as it is"),
        (14, "sigmoid(show) * math.tanh(cell), cell", "cell, sigmoid(show) * math.tanh(cell)", "The two results"),
        (14, "sigmoid(forget) * cell", "(1 - sigmoid(forget)) * cell", "not by 1 minus it"),
        (15, MASK, "", "It sees what comes after it"),
        (15, " / np.sqrt(queries.shape[1])", "", "are not divided by √d"),
        (15, "np.sqrt(queries.shape[1])", "queries.shape[1]", "divided by d; it is √d"),
        (15, "axis=1", "axis=0", "The softmax runs over the queries"),
        (15, "np.exp(scores - scores.max(axis=1, keepdims=True))", "np.exp(scores)", "nan or inf has come out"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # which a learner would see printed
def test_a_mistake_is_called_by_its_name(number: int, old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in said(number, tmp_path, old, new)


def test_a_hidden_state_of_the_old_cell(tmp_path: Path) -> None:
    said_of_it = said(
        14, tmp_path, "    cell = ", "    old, cell = cell, ", "math.tanh(cell), cell", "math.tanh(old), cell"
    )
    assert "is made of the old cell" in said_of_it


def test_a_remainder_that_is_in_no_part(tmp_path: Path) -> None:
    edits = [TEST, "test = list(range(part * (n // k), (part + 1) * (n // k)))"]
    assert "9 is in no test" in said(11, tmp_path, *edits, TRAINING, "[i for i in range(n) if i not in test]")


def test_parts_of_sizes_that_differ_by_more_than_1(tmp_path: Path) -> None:
    edits = [TEST, "test = list(range(n // k * part, n if part == k - 1 else n // k * (part + 1)))"]
    edits += [TRAINING, "[i for i in range(n) if i not in test]"]
    assert "they may differ by 1 at most" in said(11, tmp_path, *edits)


def test_a_mask_after_the_softmax(tmp_path: Path) -> None:
    edits = [
        MASK,
        "",
        WEIGHTS,
        f"np.tri(len(queries)) * {WEIGHTS.replace(' @', ') @').replace('weights /', '(weights /')}",
    ]
    assert "The mask comes after the softmax" in said(15, tmp_path, *edits)
