"""Bank: what becomes of money that was paid back is noted, and changes nothing of what was decided (T32a, S52).

Money that a bank sends back is still the buyer's: it is owed by the refund service, and neither the seller's nor open
to another dispute.
"""

from __future__ import annotations

from dispute.domain.rejections import NotAskedFor
from shared.events.dispute import RefundOutcome
from shared.events.open_enums import Open

OF_THE_BANK = frozenset({RefundOutcome.RETURNED_BY_BANK, RefundOutcome.ISSUED_AGAIN})
"""Words on where the money of a paid refund is."""


def word_on_paid(heard: RefundOutcome, last: Open[RefundOutcome] | None) -> RefundOutcome | None:
    """What is noted of a refund that was paid, and of which this was noted `last`: its money came back, or it went once
    more. No other word makes it unpaid: a log that was restored may tell all of it again.
    """
    if heard == RefundOutcome.RETURNED_BY_BANK:
        return heard
    went_once_more = heard == RefundOutcome.ISSUED and last == RefundOutcome.RETURNED_BY_BANK
    return RefundOutcome.ISSUED_AGAIN if went_once_more else None


def guard_paid(heard: RefundOutcome) -> None:
    """A bank's word on what is not noted as paid is noted once it is: a restore has lost that."""
    if heard in OF_THE_BANK:
        raise NotAskedFor("It is not noted as paid, or a restore has lost that it is.")
