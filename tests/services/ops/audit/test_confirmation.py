"""S61 in the audit: each time that a refund is issued the buyer is told once, and that is recorded once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ops.audit.facts import gathering
from ops.audit.sagas import saga_check
from refund.domain.decider import decider
from refund.policies import notify
from shared.events.base import Event
from shared.events.refund import PartStep, RefundConfirmed, RefundPartAbandoned
from tests.support.audit import entry_of, found
from tests.support.builders import refunds as p
from tests.support.policies import recorded
from tests.support.spec import given

PAYMENT = "payment-o1"
ISSUED = (*p.APPROVED, p.issued())


def faults(payment: Sequence[Event], told: Sequence[Event] = ()) -> dict[str, int]:
    """Of the payment's stream and of one notification's."""
    with gathering() as facts:
        for n, event in enumerate(payment, 1):
            facts.add("refund", entry_of(event, n, PAYMENT, n), settled=True)
        for n, event in enumerate(told, 1):
            facts.add("refund", entry_of(event, 100 + n, "notification-ntf_1", n), settled=True)
        facts.finish()
        return {name: count for name, count in found(saga_check(facts)).items() if name in ("untold", "twice")}


def confirmed() -> tuple[Event, RefundConfirmed]:
    """What the word that it is issued leads to: the notification, and its record."""
    [send] = notify(recorded(p.issued(), PAYMENT))
    outcome = given(decider, {PAYMENT: ISSUED}).when(send.command)
    asked, record = outcome.events
    source = f"{PAYMENT}/{len(ISSUED)}"
    return asked.model_copy(update={"source_event": source}), record.model_copy(update={"source_event": source})


def test_s61_an_issued_refund_is_confirmed_once() -> None:
    asked, record = confirmed()
    assert faults((*ISSUED, record), [asked]) == {}
    assert faults(ISSUED, [asked]) == {"untold": 1}
    assert faults((*ISSUED, record, record), [asked]) == {"untold": 1, "twice": 1}


@pytest.mark.parametrize(("state", "untold"), [("issued", 1), ("abandoned", 0)])
def test_s54_t31a_of_each_part_that_is_given_up_the_buyer_is_told_but_of_the_last_one_with_the_refund(
    state: str, untold: int
) -> None:
    step = PartStep(part_id="rfd_9a31.2", refund_state=state)
    assert faults([RefundPartAbandoned(**dict(p.given_up()), part=step)]).get("untold", 0) == untold
