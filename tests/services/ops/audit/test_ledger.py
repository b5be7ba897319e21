"""The provider's books: a refund goes under a key of its own, and not at all where people have paid it by hand."""

from __future__ import annotations

import pytest

from ops.audit.facts import gathering
from ops.audit.ledger import ledger_check
from tests.support.audit import entry_of, found
from tests.support.audit_services import movement
from tests.support.builders import refunds as p


@pytest.mark.parametrize(
    ("key", "faults"),
    [
        ("rfd_1/0", 0),
        ("rfd_1/12", 0),
        (None, 0),
        ("rfd_2/0", 1),
        ("rfd_1", 1),
        ("rfd_1/0/0", 1),
        ("rfd_1/x", 1),
        ("rfd_1/", 1),
        ("", 1),
    ],
)
def test_a_movement_under_the_key_of_another_refund_is_a_fault(key: str | None, faults: int) -> None:
    """Given a refund in the provider's books, when its key is not made of its own id, then the audit says so; a report
    need not name keys.
    """
    with gathering() as facts:
        facts.move(movement("refund", "1.00", "rfd_1", idempotency_key=key))
        facts.move(movement("capture", "80.00", idempotency_key=key))
        facts.finish()
        assert found(ledger_check(facts, asked=True, at_rest=True)).get("other_key", 0) == faults


PAID = (p.captured(), p.requested(), p.approved(), p.failed(6, None), p.sent_to_manual(6))


@pytest.mark.parametrize(
    ("by_hand", "books", "faults"),
    [
        (True, [], {}),
        (False, [], {"missing": 1}),
        (False, ["25.00"], {}),
        (True, ["25.00"], {"twice": 1}),
        (True, ["80.00"], {"twice": 1, "different": 1, "over_cap": 1}),
    ],
)
def test_t31a_what_was_paid_by_hand_is_in_nobodys_books_here_or_was_paid_twice(
    by_hand: bool, books: list[str], faults: dict[str, int]
) -> None:
    """Given a refund of 25.00 out of 100.00 that was issued by hand or by the provider, when the provider's books hold
    it, then the audit finds what went twice, and what went above the payment.
    """
    with gathering() as facts:
        for n, event in enumerate((*PAID, p.issued(manual=by_hand)), 1):
            facts.add("refund", entry_of(event, n, "payment-o1", n), settled=True)
        facts.move(movement("capture", "100.00", order_id="o1", payment_id="o1"))
        for amount in books:
            facts.move(movement("refund", amount, "rfd_9a31", order_id="o1", payment_id="o1"))
        facts.finish()
        assert found(ledger_check(facts, asked=True, at_rest=True)) == faults
