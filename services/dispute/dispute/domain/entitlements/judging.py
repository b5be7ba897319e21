"""Judging: every entitlement of an order side by side, and the one that is best for the buyer (K11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispute.domain.entitlements.entitlement import Entitlement, Judged, Question
from dispute.domain.entitlements.programme import Cancellation, ProgrammeRight
from dispute.domain.entitlements.returns import DomesticReturn, ExtraReturn, FreeReturn
from dispute.domain.entitlements.statutory import Statutory
from dispute.domain.entitlements.warranty import AdvancedWarranty, ListingWarranty, OneYearWarranty, Warranty
from dispute.domain.orders.law import is_conformity
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import NamedPieces
from shared.events.dispute import Payer
from shared.events.order import Remedy
from shared.rejections import Rejected

BY_TERMS: Sequence[type] = (
    ProgrammeRight,
    FreeReturn,
    ExtraReturn,
    DomesticReturn,
    Cancellation,
    AdvancedWarranty,
    OneYearWarranty,
    ListingWarranty,
)
"""What every order is judged for, in the order in which it is shown; the law's rights follow."""

REMEDIES = list(Remedy)
FOR_EVER = datetime.max.replace(tzinfo=UTC)


def entitlements(question: Question) -> list[Entitlement]:
    """All that this order may have: by its terms, by its listing, and by the law of its country."""
    return [*(kind(question) for kind in BY_TERMS), *map(Statutory, question.terms.law)]


def judge(question: Question, named: Sequence[NamedPieces]) -> list[Judged]:
    """Each entitlement of the order for these pieces."""
    return [_judged(one, question, named) for one in entitlements(question)]


def judge_faults(question: Question, pieces: NamedPieces) -> list[Judged]:
    """Each right against faults for these pieces (K11)."""
    return [_judged(one, question, [pieces]) for one in entitlements(question) if is_against_faults(one)]


def is_against_faults(one: Entitlement) -> bool:
    """One of the three warranties, or what the law calls conformity."""
    return isinstance(one, Warranty) or (isinstance(one, Statutory) and is_conformity(one.right))


def best(found: Iterable[Judged]) -> Judged | None:
    """The granted one that gives the buyer most: money before goods, somebody else's freight before the buyer's, the
    longer time before the shorter.
    """
    return min((one for one in found if one.is_granted), key=_rank, default=None)


def _rank(one: Judged) -> tuple[int, bool, timedelta]:
    first = min(REMEDIES.index(remedy) for remedy in one.entitlement.remedies)
    return first, one.entitlement.payer == Payer.BUYER, FOR_EVER - (one.ends_at or FOR_EVER)


@dataclass(frozen=True, slots=True)
class _Answer:
    pieces: NamedPieces
    refusal: Rejected | None


def _judged(one: Entitlement, question: Question, named: Sequence[NamedPieces]) -> Judged:
    answers = [_answer(one, question, pieces) for pieces in named]
    granted = [answer.pieces for answer in answers if answer.refusal is None]
    if granted:
        return Judged(one, _counted(granted), *_times(one, question, granted, min))
    refusal = answers[0].refusal if answers else None
    return Judged(one, _counted(named), *_times(one, question, named, max), refusal)


def _answer(one: Entitlement, question: Question, pieces: NamedPieces) -> _Answer:
    try:
        return _Answer(one.granted(question, pieces), None)
    except Rejected as refusal:
        return _Answer(pieces, refusal)


def _counted(named: Sequence[NamedPieces]) -> list[tuple[str, int]]:
    return [(pieces.line.line_id, min(pieces.quantity, _size(pieces.groups))) for pieces in named]


def _size(groups: Iterable[PieceGroup]) -> int:
    return sum(group.quantity for group in groups)


def _times(
    one: Entitlement, question: Question, named: Sequence[NamedPieces], last: Callable[[Iterable[datetime]], datetime]
) -> tuple[datetime | None, datetime | None]:
    """From when on for the first of them, and until when: for all that is granted, or for the last that is not."""
    groups = [group for pieces in named for group in pieces.groups]
    begins = list(filter(None, (one.begins(question, group) for group in groups)))
    ends = list(filter(None, (one.ends(question, group) for group in groups)))
    return min(begins, default=None), last(ends) if ends else None
