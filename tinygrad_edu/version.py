"""Which version this is; `pyproject.toml` and the command line read it here.

May import: nothing.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
