"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test is timed: the first call of a kernel compiles it, whichever test and process that falls into.
settings.register_profile("alvh", deadline=None)
settings.load_profile("alvh")
