"""How hard Hypothesis tries: `pytest --hypothesis-profile=nightly` tries fifty times as many examples."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("usual", max_examples=100, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)  # for many runs, as in mutation testing
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile("usual")
