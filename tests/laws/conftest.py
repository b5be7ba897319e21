"""Laws run on busy machines, where a slow example is no failure. `LAWS=full` tries a hundred thousand examples of
each.
"""

import os

from hypothesis import settings

settings.register_profile("makewhole", deadline=None)
settings.register_profile("full", deadline=None, max_examples=100_000)
settings.load_profile(os.environ.get("LAWS", "makewhole"))
