"""How hard Hypothesis tries, and a rule book that every test finds as it was.

`pytest --hypothesis-profile=nightly` tries fifty times as many examples.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

from tinygrad_edu.declaring import forget
from tinygrad_edu.op import RULE_BOOK

settings.register_profile("usual", max_examples=100, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)  # for many runs, as in mutation testing
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile("usual")


@pytest.fixture(autouse=True)
def the_rule_book_is_left_as_it_was():
    before = set(RULE_BOOK)
    yield
    for name in set(RULE_BOOK) - before:
        forget(name)
