"""Models and losses that do what a recording cannot follow: trained with the numbers of eager code, or eagerly."""

from __future__ import annotations

import os
from collections import Counter

from training.impure_functions import trial


def test_no_impure_program_is_trained_with_other_numbers_than_eager_code_has() -> None:
    count = int(os.environ.get("TINYGRAD_EDU_PROGRAMS", "500")) // 2
    became = Counter(trial(seed) for seed in range(count))
    assert became["refused"] > became["equal"] > became["raised"] > 0
