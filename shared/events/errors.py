"""What an event may ask for that this version does not know."""

from __future__ import annotations

from typing import ClassVar


class NewerVersion(Exception):
    """Something here needs a version that knows more than this one: held back and not guessed at, until that one
    runs.
    """

    code: ClassVar[str] = "newer_version"
    retry_after: ClassVar[int] = 30  # seconds


class UnknownEvent(NewerVersion):
    """No class and no upcaster for this type name: written by a newer version, or not ours."""


class UnknownWord(NewerVersion):
    """A decision depends on a word that this version does not know."""
