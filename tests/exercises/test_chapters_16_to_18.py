"""Chapters 16 to 18: solutions pass, and each typical mistake is called by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercises.answers import said, solution

from tinygrad_edu.op import RULE_BOOK

BY_A = "return (1.0 + a / m.sqrt(a * a + b)) / 2.0"
BY_B = "return 1.0 / (4.0 * m.sqrt(a * a + b))"
STEP = "point - np.linalg.solve(hessian(f, point), gradient)"


@pytest.mark.parametrize("number", range(16, 19))
def test_the_solution_is_right(number: int, tmp_path: Path) -> None:
    assert said(number, tmp_path) == ""


@pytest.mark.parametrize(
    ("number", "old", "new", "sentence"),
    [
        (16, BY_A, "return 1.0 + a / m.sqrt(a * a + b)", "The factor ½ is missing"),
        (16, BY_A, "return (1.0 + 0.5 / m.sqrt(a * a + b)) / 2.0", "The inner derivative is missing"),
        (16, BY_A, "return a / m.sqrt(a * a + b) / 2.0", "a itself, has the slope 1"),
        (16, BY_A, BY_B, "That is the derivative by b"),
        (16, BY_A, "return (1.0 + 2.0 * a / m.sqrt(a * a + b)) / 2.0", "a factor 2 is too many"),
        (16, BY_A, "return y", "finite differences say"),
        (16, BY_B, "return 0.5 / m.sqrt(a * a + b)", "There are two factors ½"),
        (16, BY_B, BY_A, "That is the derivative by a"),
        (16, BY_B, "return (1.0 + 0.5 / m.sqrt(a * a + b)) / 2.0", "does not depend on b"),
        (16, BY_B, "import math; return 0.25 / math.sqrt(a * a + b)", "they cannot be declared"),
        (
            16,
            "return (a + m.sqrt(a * a + b)) / 2.0",
            "return (a + m.sqrt(a * a + b)) / 3.0",
            "not as it was handed out",
        ),
        (17, STEP, "point + np.linalg.solve(hessian(f, point), gradient)", "It goes the other way"),
        (17, STEP, "point - gradient", "the Hessian is not in it"),
        (17, STEP, "point - hessian(f, point) @ gradient", "it has to be solved for"),
        (17, STEP, "point - gradient / np.diag(hessian(f, point))", "Only the diagonal of the Hessian is used"),
        (17, STEP, "gradient", "the inverse of the Hessian leads to"),
        (18, "return order", "return order[::-1]", "the order is upside down"),
        (18, "return order", "return order[:-1]", "is missing"),
        (18, "return order", "return [*order, order[-1]]", "more than once"),
        (18, "return order", "return [*order, Value(5.0)]", "is no part of the graph"),
        (18, "return order", "return [node.data for node in order]", "where a list of Values is asked for"),
        (18, "stack.append((node, True))", "order.append(node)", "comes first"),
    ],
)
def test_a_mistake_is_called_by_its_name(number: int, old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in said(number, tmp_path, old, new)


def test_two_leaves_of_one_number_are_told_apart(tmp_path: Path) -> None:
    told = said(
        18, tmp_path, "order, seen, stack = [], set()", "order, seen, stack = [], []", "seen.add", "seen.append"
    )
    assert "a is missing; twin has the same number, and `in` a list asks whether numbers are equal" in told


def test_a_function_that_calls_itself_is_told_that_python_allows_no_such_depth(tmp_path: Path) -> None:
    file = "def topological_order(root):\n"
    recursive = (
        "    order, seen = [], set()\n"
        "    def visit(node):\n"
        "        if node not in seen:\n"
        "            seen.add(node)\n"
        "            for value in node.inputs:\n"
        "                visit(value)\n"
        "            order.append(node)\n"
        "    visit(root)\n"
        "    return order\n"
    )
    assert "calls itself without end" in said(18, tmp_path, solution(18), file + recursive)


def test_a_node_before_its_inputs_is_named(tmp_path: Path) -> None:
    assert "stands before" in said(18, tmp_path, "    return order", "    return order[1:] + order[:1]")


def test_nothing_stays_in_the_rule_book(tmp_path: Path) -> None:
    said(16, tmp_path)
    assert "squareplus_of_exercise" not in RULE_BOOK
