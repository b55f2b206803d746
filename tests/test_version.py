"""The version stands in one place, and everybody says the same."""

from importlib.metadata import metadata

import tinygrad_edu
from tinygrad_edu.version import __version__


def test_what_is_installed_says_the_same():
    assert tinygrad_edu.__version__ == __version__ == metadata("tinygrad_edu")["Version"]
