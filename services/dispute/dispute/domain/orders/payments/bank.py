"""Bank: what becomes of money that was paid back is noted, and changes nothing of what was decided (T32a, S52).

Money that a bank sends back is still the buyer's: it is owed by the refund service, and neither the seller's nor open
to another dispute.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispute.domain.rejections import NotAskedFor
from shared.events.dispute import RefundOutcome
from shared.events.open_enums import Open

OF_THE_BANK: Mapping[RefundOutcome, tuple[str, ...]] = {
    RefundOutcome.SETTLED: ("S62", "T32"),
    RefundOutcome.OVERDUE: ("S58", "S62", "S63", "T32", "D12"),
    RefundOutcome.RETURNED_BY_BANK: ("S63", "T32a"),
    RefundOutcome.TRIED_AGAIN: ("S63", "T31", "T32a"),
    RefundOutcome.FAILED_AGAIN: ("S63", "T31", "T32a"),
    RefundOutcome.WITH_PEOPLE: ("S63", "T31a", "T32a"),
    RefundOutcome.GIVEN_UP: ("T31a", "T32a"),
    RefundOutcome.ISSUED_AGAIN: ("S57", "S58", "T32a"),
}
"""Words on where the money of a paid refund is, and their rules."""
AS_IT_WENT = frozenset({RefundOutcome.SETTLED, RefundOutcome.OVERDUE})
"""Those that leave how it went as it was noted before."""
NEXT_TRY: Mapping[RefundOutcome, RefundOutcome] = {
    RefundOutcome.TRIED_AGAIN: RefundOutcome.TRIED_AGAIN,
    RefundOutcome.FAILED: RefundOutcome.FAILED_AGAIN,
    RefundOutcome.SENT_TO_MANUAL: RefundOutcome.WITH_PEOPLE,
    RefundOutcome.ABANDONED: RefundOutcome.GIVEN_UP,
    RefundOutcome.ISSUED: RefundOutcome.ISSUED_AGAIN,
}
"""What becomes of money that came back, by what is heard of it."""
CAME_BACK = frozenset({RefundOutcome.RETURNED_BY_BANK, *NEXT_TRY.values()} - {RefundOutcome.ISSUED_AGAIN})
"""Words after which it is still to go."""


def word_on_paid(heard: RefundOutcome, last: Open[RefundOutcome] | None) -> RefundOutcome | None:
    """What is noted of a refund that was paid, and of which this was noted `last`: a bank has credited it, nobody says
    so in time, or it came back, and what becomes of it then. No word makes it unpaid, and what is heard late or twice
    is no news: a log that was restored may tell all of it again.
    """
    if heard == RefundOutcome.RETURNED_BY_BANK:
        return heard
    if last in CAME_BACK:
        return NEXT_TRY.get(heard)
    is_news = last not in (RefundOutcome.SETTLED, heard)
    return heard if heard in AS_IT_WENT and is_news else None


def guard_paid(heard: RefundOutcome) -> None:
    """A bank's word on what is not noted as paid is noted once it is: a restore has lost that."""
    if heard in OF_THE_BANK:
        raise NotAskedFor("It is not noted as paid, or a restore has lost that it is.")
