"""The four problems: what there is to learn, and what is held back."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from tinygrad_edu.cli.problems import PROBLEMS


def test_xor_is_its_truth_table_and_holds_nothing_back():
    data = PROBLEMS["xor"].load(0)
    assert [(*map(int, x), int(label)) for x, label in zip(data.X, data.y, strict=True)] == [
        (a, b, a ^ b) for a in (0, 1) for b in (0, 1)
    ]
    assert (len(data.X_test), len(data.y_test)) == (0, 0)


@pytest.mark.parametrize(("name", "examples", "classes"), [("moons", 500, 2), ("iris", 150, 3), ("digits", 1797, 10)])
def test_a_fifth_is_held_back_of_each_class(name, examples, classes):
    data = PROBLEMS[name].load(3)
    assert len(data.y) + len(data.y_test) == examples
    assert len(data.y_test) == pytest.approx(examples / 5, abs=1)
    assert len(data.classes) == classes
    for label in range(classes):
        held, rest = np.count_nonzero(data.y_test == label), np.count_nonzero(data.y == label)
        assert held / (held + rest) == pytest.approx(0.2, abs=0.02)


def test_features_are_scaled_by_what_is_not_held_back():
    data = PROBLEMS["iris"].load(0)
    np.testing.assert_allclose(data.X.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(data.X.std(axis=0), 1.0)
    original = load_iris().data
    rows = np.concatenate([data.X, data.X_test])
    scaled = (original - original.mean(axis=0)) / original.std(axis=0)
    np.testing.assert_allclose(np.corrcoef(rows.T), np.corrcoef(scaled.T), atol=1e-12)
    assert np.abs(data.X_test.mean(axis=0)).max() > 1e-3, "what is held back was scaled by the others"


def test_a_pixel_that_is_always_white_stays_0():
    data = PROBLEMS["digits"].load(0)
    white = np.flatnonzero(load_digits().data.max(axis=0) == 0.0)
    assert len(white) > 0
    assert np.isfinite(data.X).all()
    assert not data.X[:, white].any()


@pytest.mark.parametrize("name", ["moons", "iris"])
def test_the_seed_decides_what_is_held_back(name):
    one, same, other = (PROBLEMS[name].load(seed) for seed in (0, 0, 1))
    assert one.X_test.tolist() == same.X_test.tolist()
    assert one.X_test.tolist() != other.X_test.tolist()


def test_without_scikit_learn_one_sentence_says_what_to_install_and_xor_can_be_trained(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_edu\[learn\]", or train xor'):
        PROBLEMS["iris"].load(0)
    assert len(PROBLEMS["xor"].load(0).y) == 4
