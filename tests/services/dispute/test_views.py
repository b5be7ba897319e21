"""What parties see of a dispute: its label, how it ended, and its history."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic_core import from_json

from dispute.domain.disputes.state import DisputeState
from dispute.read_models.dispute_history import entry
from dispute.views.disputes.dispute import dispute_view, history_entry, label
from shared.events.base import Actor
from shared.events.dispute import DisputeClosed, ReturnOutcome, SolutionType
from shared.events.envelope import Metadata, Recorded
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    agreed,
    cancel,
    dispute_of,
    dispute_stream,
    history_of,
    note_refund,
    note_return,
    opened,
    refund_due,
    return_due,
)
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on
from tests.support.wire import on_the_wire


def refunded() -> Histories:
    happened = agreed(amount="30.00")
    return after(happened, note_refund(refund_due(happened), on("Mar 14")))


@pytest.mark.parametrize("state", DisputeState)
def test_s53_every_state_has_one_of_two_labels(state: DisputeState) -> None:
    finished = state in (DisputeState.DECIDED, DisputeState.CLOSED)
    assert label(state) == ("Dispute Finished" if finished else "Dispute in Progress")


def test_s52_an_open_dispute_has_no_result() -> None:
    assert dispute_view(dispute_of(opened()), 1, BUYER, on("Mar 13"))["result"] is None


@pytest.mark.parametrize("party", [BUYER, SELLER])
def test_s52_a_closed_dispute_shows_the_amount_and_why_it_ended(party: Actor) -> None:
    result = dispute_view(dispute_of(refunded()), 6, party, on("Mar 15"))["result"]
    assert on_the_wire(result) == {
        "amount": {"amount": "30.00", "currency": "USD"},
        "reason": "refunded",
        "reached_type": "negotiated",
        "rules": ["S40", "T33", "S52"],
        "at": "2026-03-14T12:00:00.000000Z",
    }


def test_s52_the_last_entry_of_the_history_holds_the_amount_and_why_it_ended() -> None:
    last = refunded()[dispute_stream()][-1]
    assert isinstance(last, DisputeClosed)
    metadata = Metadata(on("Mar 14"), UUID(int=1), "", "system", "", None, None, "o1")
    row = entry(Recorded(dispute_stream(), 6, 9, last, metadata))
    assert (row["actor"], row["action"], row["rules"]) == ("system", "dispute_closed", ["T33", "S52"])
    assert '"reason":"refunded"' in row["detail"] and '"amount":"30.00"' in row["detail"]


@pytest.mark.case(
    "R7", given="the last entry of a refunded dispute's history", right="30.00 USD refunded negotiated S40 T33 S52"
)
def test_s52_the_last_entry_says_how_it_was_reached_too(came: Came) -> None:
    happened = refunded()
    metadata = Metadata(on("Mar 14"), UUID(int=1), "", "system", "", None, None, "o1")
    row = entry(Recorded(dispute_stream(), 6, 9, happened[dispute_stream()][-1], metadata))
    shown = history_entry(
        {**row, "version": dispute_of(happened).version, "detail": from_json(row["detail"])},
        dispute_of(happened),
        BUYER,
    )
    amount, detail = shown["detail"]["amount"], shown["detail"]
    reached = f"{amount['amount']} {amount['currency']} {detail['reason']} {detail['reached_type']}"
    came(f"{reached} {' '.join(shown['rules'])}")


def test_an_entry_of_the_history_links_the_rules_that_it_rests_on() -> None:
    row = {"version": 6, "at": on("Mar 14"), "actor": "system", "action": "dispute_closed", "rules": ["T33", "S52"]}
    shown = history_entry({**row, "detail": {}}, dispute_of(opened()), BUYER)
    assert shown["rules"] == ["T33", "S52"]
    assert shown["rule_links"] == {"T33": "/rules/T33", "S52": "/rules/S52"}


def kept_and_voided() -> Histories:
    """The buyer keeps the goods, and the return's end comes after the dispute's."""
    happened = agreed(SolutionType.RETURN_AND_REFUND)
    ended = after(happened, cancel(on("Mar 14"), acknowledge_release=True))
    return after(ended, note_return(return_due(happened), ReturnOutcome.VOIDED, on("Mar 15")))


def test_s52_what_comes_after_the_end_is_listed_apart() -> None:
    view = dispute_view(dispute_of(kept_and_voided()), 9, BUYER, on("Mar 16"))
    (late,) = view["after_close"]
    assert (late["at"], late["kind"], late["outcome"]) == (on("Mar 15"), "return", "voided")
    assert dispute_view(dispute_of(refunded()), 6, BUYER, on("Mar 16"))["after_close"] == []


@pytest.mark.parametrize("party", [BUYER, SELLER])
def test_s52_the_history_of_what_is_finished_ends_with_why_and_by_which_rules(party: Actor) -> None:
    for happened in (refunded(), kept_and_voided()):
        dispute, history = dispute_of(happened), history_of(happened)
        assert dispute.end
        row = entry(history[dispute.end - 1])
        last = history_entry(
            {**row, "version": dispute_of(happened).version, "detail": from_json(row["detail"])}, dispute, party
        )
        result = dispute_view(dispute, len(history), party, on("Mar 16"))["result"]
        assert result and last["action"] == "dispute_closed"
        assert (last["rules"], last["detail"]["reason"]) == (result["rules"], result["reason"])
        assert last["detail"]["amount"] == on_the_wire(result["amount"])
        assert last["detail"].get("reached_type") == result["reached_type"]
