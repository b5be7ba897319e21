"""The provider's books: a refund goes under a key of its own."""

from __future__ import annotations

import pytest

from ops.audit.facts import gathering
from ops.audit.ledger import ledger_check
from tests.support.audit import found
from tests.support.audit_services import movement


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
