"""Laws run on busy machines, where a slow example is no failure."""

from hypothesis import settings

from tests.laws.size import examples

settings.register_profile("makewhole", deadline=None, max_examples=examples(100))
settings.load_profile("makewhole")
