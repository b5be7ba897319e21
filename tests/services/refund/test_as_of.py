"""Refunds at a moment in the past: event by event the row is what the refund shows, and what the audit reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops.audit.readings import payments
from refund.domain.decider import decider
from refund.views.as_of import refund_row_of
from refund.views.refunds import refund_row, refund_view
from shared.events.base import Command, Event
from tests.support.audit import entry_of
from tests.support.builders import refunds as p
from tests.support.spec import given

REFUND = "rfd_9a31"
RETRY_AT = p.MONDAY + timedelta(minutes=1)


def in_parts(*commands: Command) -> tuple[Event, ...]:
    """What becomes of a refund that two payments give."""
    paid = given(decider, p.captured(payment_id="card"), p.captured("voucher", "voucher", a=2000))
    outcome = paid.when(p.request(payment_id="card"))
    for command in commands:
        outcome = outcome.when(command)
    return tuple(outcome.after["payment-o1"])


FIRST, SECOND = f"{REFUND}.1", f"{REFUND}.2"
NO_TO_THE_FIRST = [p.decline(attempt, FIRST) for attempt in range(6)]


def given_up_in_part() -> tuple[Event, ...]:
    """Support gives up the first part, and the other one has been paid."""
    made = given(decider, *in_parts(p.issue(SECOND), *NO_TO_THE_FIRST)).when(p.abandon())
    return tuple(made.when(p.agree_to(made)).after["payment-o1"])


@pytest.mark.parametrize(
    "events",
    [
        in_parts(p.decline(0, FIRST), p.issue(SECOND), p.retry(p.BUYER, at=p.MONDAY), p.issue(FIRST, 1)),
        in_parts(*NO_TO_THE_FIRST, p.decline(0, SECOND), p.issue(SECOND, 1), p.by_hand()),
        in_parts(p.issue(FIRST), p.issue(SECOND), p.settle(FIRST), p.settle(SECOND)),
        given_up_in_part(),
        (*p.APPROVED, p.issued()),
        (*p.APPROVED, p.failed(1, RETRY_AT), p.issued()),
        (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6)),
        (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6), p.given_up()),
        (p.captured(), p.refused(), p.given_up()),
        (p.captured(), p.refused(), p.re_requested()),
        (p.captured(), p.requested(replaces="rfd_9a30"), p.approved()),
        (p.captured(), p.requested(return_id="ret_1"), p.approved(), p.issued()),
    ],
)
def test_s64_as_of_an_instant_a_row_is_what_the_refund_was(events: tuple[Event, ...]) -> None:
    told = payments.beginning()
    for n, event in enumerate(events, 1):
        payments.fold(told, entry_of(event, n, "payment-o1", n))
        payment = decider.fold("payment-o1", events[:n])
        if not (refund := payment.refunds.get(REFUND)):
            continue
        row, read = refund_row_of(refund), payments.refund_row(told, REFUND)
        assert read and {name: row[name] for name in row.keys() & read.keys()} == {
            name: read[name] for name in row.keys() & read.keys()
        }
        shown, view = refund_row(row, p.MONDAY), dict(refund_view(payment, REFUND, n, p.BUYER, p.MONDAY))
        later = dict(shown)
        assert later.pop("destination") in (None, view["destination"])
        assert later == {name: view[name] for name in later}
