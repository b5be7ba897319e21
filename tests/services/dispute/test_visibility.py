"""What each party sees of a dispute is a list: what is not listed is hidden, whatever a later event holds (S52)."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

import pytest
from pydantic_core import from_json

from dispute.api.disputes import _refs
from dispute.domain.disputes.transitions import roles_of
from dispute.domain.disputes.visibility import PLATFORM, SELLER, VISIBLE, visible
from dispute.read_models.dispute_history import entry
from dispute.views.disputes.actions import PATHS, dispute_actions
from dispute.views.disputes.dispute import dispute_view, history_entry
from shared.actions import rendered
from shared.events.base import Actor, Event, pseudonym
from shared.events.dispute import Decision, DisputeOpened, Reason, SolutionProposed, SolutionType
from shared.events.envelope import Metadata, Recorded
from shared.events.logs import DISPUTE
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    dispute_of,
    dispute_stream,
    modify,
    offer,
    opened,
    respond,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, Histories, after, on, order
from tests.support.builders.orders import SELLER as SELLER_OF_IT

EMPLOYEE = Actor(id="jane.doe@shop.example", roles=frozenset({"support"}))
PARTIES = [BUYER, SELLER_OF_IT]
BESIDE_THE_STEPS = {
    "buyer": {"add-evidence", "report-late-arrival", "agree-repayment"},
    "seller": {"add-evidence", "agree-repayment", "confirm-repayment"},
}
"""By role: what is offered that no row of the table of transitions is about."""
LATE = opened(happened=order(shipped="Mar 1", return_address="Pier 1"), reason=Reason.LATE)
OFFERED = after(LATE, counter(on("Mar 13"), solution=offer("20.00", SolutionType.RETURN_AND_REFUND, address="Pier 2")))
RETURNING = after(OFFERED, accept(on("Mar 14")))


def recorded(event: Event, version: int = 1, actor: str = str(BUYER)) -> Recorded[Event]:
    metadata = Metadata(on("Mar 12"), UUID(int=1), "", actor, "", None, None, "o1")
    return Recorded(dispute_stream(), version, version, event, metadata)


def shown(happened: Histories, event: Event, viewer: Actor, actor: str = str(BUYER)) -> Any:
    """The event's entry in the history, as the viewer sees it."""
    row = entry(recorded(event, actor=actor))
    return history_entry({**row, "version": 1, "detail": from_json(row["detail"])}, dispute_of(happened), viewer)


def readable(happened: Histories, viewer: Actor) -> set[str]:
    """The texts that the viewer may read."""
    history = [recorded(event) for event in happened[dispute_stream()]]
    return _refs(dispute_of(happened), history, viewer)


def address_of(happened: Histories) -> str:
    return str(dispute_of(happened).opened.return_address_ref)


def sees_address(happened: Histories, viewer: Actor) -> str:
    first = happened[dispute_stream()][0]
    named = "return_address_ref" in shown(happened, first, viewer)["detail"]
    assert named == (address_of(happened) in readable(happened, viewer))
    return "readable" if named else "hidden"


# M1: the seller's address


@pytest.mark.case("M1", given="the order's return address, to the buyer of a dispute", right="hidden")
def test_k22_the_sellers_address_is_not_for_every_buyer_who_disputes(came: Came) -> None:
    came(sees_address(LATE, BUYER))


@pytest.mark.case("M1+1", given="a counter-offer's address, before it is accepted", right="hidden")
def test_k22_nor_is_an_offered_one_before_it_is_accepted(came: Came) -> None:
    proposed = OFFERED[dispute_stream()][-1]
    assert isinstance(proposed, SolutionProposed)
    ref = proposed.solution.address_ref
    detail = shown(OFFERED, proposed, BUYER)["detail"]
    view = dispute_view(dispute_of(OFFERED), 3, BUYER, on("Mar 14"))
    assert view["solution"] is not None
    told = ref in readable(OFFERED, BUYER), "address_ref" in detail["solution"], view["solution"]["address"] is not None
    came("readable" if any(told) else "hidden")


@pytest.mark.case("M1+2", given="a refund without a return was agreed", right="hidden")
def test_k22_nor_where_only_money_goes_back(came: Came) -> None:
    came(sees_address(after(LATE, respond(Decision.ACCEPT, on("Mar 13"))), BUYER))


@pytest.mark.case("M1+3", given="a return was agreed", right="readable")
def test_k22_who_is_to_send_the_goods_reads_where_to(came: Came) -> None:
    assert dispute_of(RETURNING).return_id
    came(sees_address(RETURNING, BUYER))


@pytest.mark.parametrize("viewer", [SELLER_OF_IT, CASE_TEAM])
def test_k22_the_seller_and_the_case_team_read_it_at_any_time(viewer: Actor) -> None:
    assert sees_address(LATE, viewer) == "readable"
    view = dispute_view(dispute_of(OFFERED), 3, viewer, on("Mar 14"))
    assert view["solution"] is not None and view["solution"]["address"] is not None


def test_s52_the_texts_of_a_dispute_that_ended_without_a_solution_are_read_as_before() -> None:
    withdrawn = after(LATE, cancel(on("Mar 13")))
    for viewer in PARTIES:
        assert dispute_of(LATE).description_ref in readable(withdrawn, viewer)


# M2: lists, not exclusions


class Newer(DisputeOpened):
    """An event of the next version, with a field that nobody has thought about yet."""

    risk_score: str = "0.97"


Newer.__name__ = DisputeOpened.__name__


def newer() -> Event:
    """The first event, as the next version writes it."""
    first = LATE[dispute_stream()][0]
    return Newer.model_validate({**dict(first), "risk_score": "0.97"})


@pytest.mark.case("M2", given="a field that no list names", right="hidden")
def test_a_field_that_is_not_listed_stays_hidden(came: Came) -> None:
    details = [shown(LATE, newer(), viewer)["detail"] for viewer in (*PARTIES, CASE_TEAM)]
    came("shown" if any("risk_score" in detail for detail in details) else "hidden")


@pytest.mark.case("M2+1", given="a member inside a listed field", right="hidden")
def test_a_member_inside_a_listed_field_stays_hidden_too(came: Came) -> None:
    detail = {"solution": {"type": "refund_only", "floor_price": "12.00"}, "by": "seller"}
    looking = {SELLER, PLATFORM}
    assert visible("solution_proposed", detail, looking) == {"solution": {"type": "refund_only"}, "by": "seller"}
    came("hidden")


@pytest.mark.case("M2+2", given="an event that no list names", right="hidden")
def test_an_event_that_is_not_listed_shows_no_data(came: Came) -> None:
    came("shown" if visible("risk_assessed", {"outcome": "split", "notes": "x"}, {PLATFORM}) else "hidden")


@pytest.mark.case("M2+3", given="the name of one of the platform's people", right="support")
def test_parties_learn_the_role_of_the_platforms_people_and_not_their_name(came: Came) -> None:
    entries = [shown(LATE, LATE[dispute_stream()][0], viewer, str(EMPLOYEE))["actor"] for viewer in PARTIES]
    assert len(set(entries)) == 1
    assert shown(LATE, LATE[dispute_stream()][0], CASE_TEAM, str(EMPLOYEE))["actor"] == str(EMPLOYEE)
    came(entries[0])


@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        (f"buyer:{pseudonym('buyer-1')}", "buyer:buyer-1"),
        (f"seller:{pseudonym('seller-1')}", "seller:seller-1"),
        (f"buyer+support:{pseudonym('buyer-1')}", "buyer:buyer-1"),
        ("system:makewhole", "system:makewhole"),
        ("case_team+ops:x:y", "case_team+ops"),
        ("service:carrier-7", "service"),
    ],
)
def test_who_did_it_is_named_where_the_parties_know_the_name(actor: str, seen: str) -> None:
    assert {shown(LATE, newer(), viewer, actor)["actor"] for viewer in PARTIES} == {seen}


def test_every_event_of_a_dispute_has_its_list() -> None:
    assert set(VISIBLE) == set(get_args(DISPUTE.streams["dispute"]))


@pytest.mark.parametrize("event", VISIBLE)
def test_what_a_list_names_is_a_field(event: type[Event]) -> None:
    named = {field.partition(".")[0] for fields in VISIBLE[event].values() for field in fields}
    assert named <= set(event.model_fields)


# Who is offered what


@pytest.mark.parametrize("happened", [LATE, OFFERED, RETURNING, agreed()])
def test_g8_an_action_is_offered_to_those_whom_it_names_and_to_nobody_else(happened: Histories) -> None:
    for viewer, role in ((BUYER, "buyer"), (SELLER_OF_IT, "seller"), (CASE_TEAM, "case_team")):
        told = rendered(dispute_actions(dispute_of(happened), viewer, on("Mar 14")))
        names = {action["rel"] for action in (*told["available_actions"], *told["unavailable_actions"])}
        steps = {step for step in PATHS if role in roles_of(step)}
        assert names == steps | BESIDE_THE_STEPS.get(role, set())


# Until when


def test_d4_the_buyer_acts_until_the_negotiations_end_where_that_comes_first() -> None:
    view = dispute_view(dispute_of(OFFERED), 3, BUYER, on("Mar 14"))
    assert view["due_at"] == on("Mar 19", "00:00")
    again = after(OFFERED, modify(on("Mar 18"), amount="40.00"), counter(on("Mar 20")))
    assert dispute_view(dispute_of(again), 5, BUYER, on("Mar 20"))["due_at"] == on("Mar 21", "00:00")
