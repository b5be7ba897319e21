"""Second person: whether a body agrees to what another person has proposed, or declines it (G15, ADR 28)."""

from __future__ import annotations

from typing import Any

from pydantic import Discriminator

AGREEMENT, REFUSAL = "an_agreement", "a_refusal"
"""Tags of these bodies; no member is called so, and so no pointer holds one."""


def answer_in(body: Any) -> str | None:
    """Which of the two a body is by the member that it has, if it is one."""
    names = body if isinstance(body, dict) else getattr(type(body), "model_fields", ())
    return AGREEMENT if "agree" in names else REFUSAL if "decline" in names else None


def answer_or(tag: str) -> Discriminator:
    """A second person's word, or else what bears this tag, as which also a body is judged that is no object."""
    return Discriminator(lambda body: answer_in(body) or tag)
