"""What becomes of paid money, in the audit: each word of it is noted on the dispute and on the order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from ops.audit.facts import gathering
from ops.audit.sagas import saga_check
from shared.events.base import Event
from shared.events.dispute import RefundNoted
from shared.events.refund import PartStep
from tests.support.audit import entry_of, found
from tests.support.builders import refunds as p

PAYMENT = "payment-o1"
PART = PartStep(part_id="rfd_9a31.1", refund_state="issued")
LIFE: Sequence[tuple[Event, str | None]] = (
    (p.issued(), "issued"),
    (p.overdue(), "overdue"),
    (p.overdue(again=True), None),
    (p.settled(), "settled"),
    (p.settled(again=True), None),
    (p.sent_back(), "returned_by_bank"),
    (p.retried(sent_back=True), "tried_again"),
    (p.failed(2, p.MONDAY), "failed_again"),
    (p.sent_to_manual(2), "with_people"),
    (p.issued(), "issued_again"),
    (p.settled(), "settled"),
)


def faults(life: Sequence[tuple[Event, str | None]], unnoted: int | None = None) -> dict[str, int]:
    """Of a payment's stream whose events are noted by these words, but for one of them."""
    with gathering() as facts:
        for n, (event, _) in enumerate(life, 1):
            facts.add("refund", entry_of(event, n, PAYMENT, n), settled=True)
        for n, event in enumerate(notes(life, unnoted), 1):
            for at, stream in ((100, f"dispute-{event.dispute_id}"), (200, f"order-{event.order_id}")):
                facts.add("dispute", entry_of(event, at + n, stream, n), settled=True)
        facts.finish()
        seen = found(saga_check(facts))
    return {name: count for name, count in seen.items() if name in ("unnoted", "unsaid", "different", "twice")}


def notes(life: Sequence[tuple[Event, str | None]], unnoted: int | None) -> Iterator[RefundNoted]:
    for n, (event, word) in enumerate(life, 1):
        if word and n - 1 != unnoted:
            told = {name: getattr(event, name) for name in ("refund_id", "order_id", "dispute_id", "amount", "lines")}
            more = {"reason": None, "source_event": f"{PAYMENT}/{n}", "noted_at": p.MONDAY, "rules": ()}
            yield RefundNoted(**told, outcome=word, **more)


def test_t32_t32a_what_is_noted_of_each_word_is_found_right() -> None:
    assert faults(LIFE) == {}


@pytest.mark.parametrize("n", [n for n, (_, word) in enumerate(LIFE) if word and word != "issued_again"])
def test_t32_t32a_each_word_that_is_not_noted_is_missed_on_the_dispute_and_on_the_order(n: int) -> None:
    said_again = n + 1 < len(LIFE) and LIFE[n + 1][1] is None
    assert faults(LIFE, n) == {"unnoted": 4 if said_again else 2}


@pytest.mark.parametrize("word", ["failed_again", "overdue", "given_up"])
def test_t32_a_note_that_says_other_than_its_event_is_found(word: str) -> None:
    assert faults([LIFE[0], (p.settled(), word)]).get("different") == 2


def test_t32_a_part_that_is_settled_before_the_others_and_a_retry_of_what_never_went_are_noted_nowhere() -> None:
    assert faults([LIFE[0], (p.settled(part=PART), None), (p.retried(), None)]) == {}
    assert faults([LIFE[0], (p.settled(part=PART), "settled")])["unsaid"] == 2
