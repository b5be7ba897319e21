"""Laws run on busy machines, where a slow example is no failure."""

from hypothesis import settings

settings.register_profile("makewhole", deadline=None)
settings.load_profile("makewhole")
