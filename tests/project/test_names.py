"""One name for one thing, in American spelling."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "tinygrad_edu"
FILES = sorted(PACKAGE.rglob("*.py"))
#: What British words have where American ones have not.
BRITISH = re.compile(
    r"(optim|initial|regular|normal|general|special|recogn|visual|summar|standard|serial|linear|vector|minim|maxim)is(e|ed|er|ers|es|ing|ation)\b"
    r"|colour|behaviour|neighbour|favour|grey|centre\b|labelled|modelled|cancelled"
)  # fmt: skip


def class_names(texts: list[str]) -> list[str]:
    return [node.name for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]


def used_twice(names: list[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def test_no_two_classes_share_a_name():
    names = class_names([file.read_text("utf-8") for file in FILES])
    assert len(names) > 100
    assert used_twice(names) == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_spelling_is_american(file):
    assert [found[0] for found in BRITISH.finditer(file.read_text("utf-8").lower())] == []


def test_the_checks_see_what_they_should():
    assert used_twice(class_names(["class A: ...\nclass B:\n    class A: ...", "class C: ..."])) == {"A"}
    assert BRITISH.search("an initialisation")
    assert not BRITISH.search("a specialist's regular optimism, in gray")
