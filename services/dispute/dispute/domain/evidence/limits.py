"""Limits of evidence: which kinds of files a phase takes, how large, how many, and what a reason needs (G7, G12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from dispute.domain.rejections import EvidenceRequired, EvidenceTooLarge, TooManyItems, UnsupportedEvidenceType
from shared.events.base import Message
from shared.events.dispute import Reason
from shared.events.evidence import EvidenceItem, EvidenceKind, EvidencePurpose
from shared.events.order import Terms
from shared.media.types import MediaType

STRICT = "strict"
TYPES: Mapping[str, MediaType] = {
    "jpg": MediaType.JPEG,
    "jpeg": MediaType.JPEG,
    "png": MediaType.PNG,
    "gif": MediaType.GIF,
    "bmp": MediaType.BMP,
}
"""What the terms call a kind of picture."""

_SHOWN = {"kind": None, "purpose": None, "at_least": 1}
_ELSEWHERE = _SHOWN | {"purpose": EvidencePurpose.ADDRESS_MISMATCH}
NEEDS: Mapping[Reason, Mapping[str, Any]] = {
    Reason.NOT_AS_DESCRIBED: _SHOWN,
    Reason.COUNTERFEIT: _SHOWN,
    Reason.DAMAGED: _SHOWN,
    Reason.SHORTAGE: _SHOWN,
    Reason.DEFECTIVE: _SHOWN,
    Reason.WRONG_ITEM: _SHOWN,
    Reason.WRONG_SIZE: _SHOWN,
    Reason.WRONG_ADDRESS: _ELSEWHERE,
}
"""S30: what each reason needs, of any kind where none is named; what is not listed needs nothing."""


class SentFile(Message):
    """A file as it came (`sent_as`, `sent_size`) and what is kept of it."""

    sent_as: str
    sent_size: int
    media_type: str
    size: int
    width: int
    height: int
    seconds: int | None
    sha256: str

    @property
    def kind(self) -> EvidenceKind:
        return EvidenceKind.VIDEO if self.sent_as == MediaType.MP4 else EvidenceKind.IMAGE


def most_bytes(terms: Terms, escalated: bool) -> Mapping[str, int]:
    """How large a file of each type may be that is taken in this phase: a limit itself is too much (S32, K6).

    The policy `union` takes all types in all phases; under `strict` videos are taken while escalated alone, and no gif
    then (S35, S36, K4, K5).
    """
    pictures, videos = terms.evidence_max_bytes - 1, terms.evidence_video_max_bytes - 1
    return _taken(terms.evidence_policy == STRICT, escalated, terms.evidence_image_types, pictures, videos)


@lru_cache(maxsize=256)
def _taken(strict: bool, escalated: bool, kinds: Sequence[str], picture: int, video: int) -> Mapping[str, int]:
    # Asked for in each answer, and programmes are few.
    pictures: dict[str, int] = {TYPES[name]: picture for name in kinds if name in TYPES}
    if strict and escalated:
        pictures.pop(MediaType.GIF, None)
    return pictures if strict and not escalated else {**pictures, MediaType.MP4: video}


def guard_type(terms: Terms, escalated: bool, sent_as: str | None, pointer: str = "/file") -> int:
    """G12: a type that this phase takes; how large its files may be (S33)."""
    taken = most_bytes(terms, escalated)
    if sent_as is None or sent_as not in taken:
        types = sorted(taken)
        fault = {"pointer": pointer, "code": UnsupportedEvidenceType.code, "detail": f"Taken are {', '.join(types)}."}
        raise UnsupportedEvidenceType("No file of this type is taken here.", errors=[fault], types=types)
    return taken[sent_as]


def guard_size(most: int, size: int) -> None:
    """G12: no larger than its type may be; whoever sent it is told to compress it (S34)."""
    if size > most:
        raise EvidenceTooLarge(
            f"A file of this type has at most {most} bytes: compress it, and send it again.",
            max_bytes=most,
            actual_bytes=size,
            hint="compress",
        )


def guard_number(terms: Terms, there: int, more: int = 1) -> None:
    """G12: so many items a party."""
    if there + more > terms.evidence_max_items:
        raise TooManyItems(
            f"A party has at most {terms.evidence_max_items} items.", max_items=terms.evidence_max_items, items=there
        )


def guard_needed(reason: Reason, items: Sequence[EvidenceItem]) -> None:
    """G7: what the reason needs is among the items (S30)."""
    need = NEEDS.get(reason)
    if need is None:
        return
    fitting = [item for item in items if need["purpose"] in (None, item.purpose)]
    if len(fitting) < need["at_least"]:
        what = "proof that the address differs" if need["purpose"] else "at least one picture or video"
        raise EvidenceRequired(f"This reason needs {what}.", needs=[need])
