"""What a seller offered to take back waits for the seller's answer; a denial may be disputed for some days (T27x)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.label_quotas.state import Quota
from return_label.domain.notifications.state import NOTICES
from return_label.domain.returns.bank_hold import EndReturnHold
from return_label.domain.returns.response import NoteDispute, ReturnDecision
from return_label.domain.returns.state import ReturnState
from return_label.policies import react
from return_label.views.returns import return_view
from shared.events.base import SYSTEM, Actor
from shared.events.dispute import ReturnKind
from shared.events.ids import derived_uuid
from shared.events.return_label import (
    Denial,
    ReturnAuthorized,
    ReturnDenied,
    ReturnEvent,
    ReturnHeld,
    ReturnLabelIssued,
)
from shared.rejections import DeadlinePassed, Forbidden, NotFound, ValidationFailed, WrongPhase
from tests.support.builders import returns as r
from tests.support.builders.disputes import dispute_id, dispute_stream, opened
from tests.support.builders.returns import DISPUTE_UNTIL, FRIDAY, RESPOND_BY
from tests.support.policies import recorded
from tests.support.spec import given

STREAM = f"return-{r.RETURN_ID}"
JUST_BEFORE = timedelta(microseconds=1)
ACCEPT, REFUSE = ReturnDecision.ACCEPT, ReturnDecision.REFUSE
ASKED = (r.asked_of_seller(),)
DENIED = (*ASKED, r.denied())


def view(history: tuple[ReturnEvent, ...], actor: Actor, at: Any = FRIDAY) -> Any:
    return return_view(decider.fold(STREAM, history), len(history), actor, at)


def rels(history: tuple[ReturnEvent, ...], actor: Actor, at: Any = FRIDAY) -> set[str]:
    return {action["rel"] for action in view(history, actor, at)["available_actions"]}


# Asked, and accepted


def test_d1_t27x_what_the_seller_offered_is_asked_for_and_nothing_is_authorised_yet() -> None:
    outcome = given(decider).when(r.ask_seller()).then(r.asked_of_seller())
    assert outcome.states[0].state is ReturnState.REQUESTED
    assert decider.due(STREAM, outcome.states[0], DeadlineKind.RESPONSE) == RESPOND_BY
    assert isinstance(outcome.states[1], Quota)


def test_s80_s83_what_the_seller_accepts_is_a_return_as_any_other_at_the_buyers_freight() -> None:
    outcome = given(decider, *ASKED).when(r.answer()).then_types(ReturnAuthorized, ReturnLabelIssued)
    authorized, label = outcome.events
    assert authorized.ship_by == r.SHIP_BY
    assert authorized.instructions == (
        "all_parts",
        "unused",
        "original_packaging",
        "seals_intact",
        "own_carrier",
        "tell_number",
    )
    assert (label.prepaid, label.payer) == (False, "buyer")
    assert outcome.states[0].state is ReturnState.SELF_PAID
    assert decider.due(STREAM, outcome.states[0], DeadlineKind.RESPONSE) is None
    assert decider.due(STREAM, outcome.states[0], DeadlineKind.SHIPMENT) == r.SHIP_BY


def test_d9_the_buyers_days_to_send_count_from_the_answer() -> None:
    later = FRIDAY + timedelta(days=3)
    authorized = given(decider, *ASKED).when(r.answer(at=later)).events[0]
    assert authorized.ship_by == r.SHIP_BY + timedelta(days=3)


def test_k22_an_extra_return_goes_to_the_address_that_the_seller_tells_with_the_answer() -> None:
    told = r.answer(address="2 Workshop Lane, 上海")
    outcome = given(decider, *ASKED).when(told)
    shown = return_view(outcome.states[0], 3, r.BUYER, FRIDAY)
    assert outcome.events[0].address_ref == told.address_ref == shown["address_ref"]
    assert shown["told_address"] == {"ref": told.address_ref, "href": f"{shown['href']}/texts/{told.address_ref}"}
    assert (shown["warehouse"], shown["warehouse_id"]) == (None, None)
    assert [(each.ref, each.subject, each.body) for each in told.personal] == [
        (told.address_ref, r.SELLER.id, "2 Workshop Lane, 上海")
    ]
    sent = given(decider, *ASKED, *outcome.events, r.shipped().model_copy(update={"dispute_id": None}))
    assert sent.when(r.receive(r.SELLER)).events
    sent.when(r.receive(r.WAREHOUSE)).then_rejects(Forbidden)


def test_s84_k22_a_domestic_return_stays_in_the_country_so_no_other_address_is_taken() -> None:
    asked = r.asked_of_seller(kind=ReturnKind.DOMESTIC, address_ref="txt_1", warehouse=None)
    refused = given(decider, asked).when(r.answer(address="2 Workshop Lane")).then_rejects(ValidationFailed)
    assert (refused.errors[0]["pointer"], refused.cited) == ("/address", ("S84", "K22"))
    authorized = given(decider, asked).when(r.answer()).events[0]
    assert authorized.address_ref == "txt_1"


# Denied


def test_s13_t27x_a_refusal_is_a_denial_that_may_be_disputed_for_some_days() -> None:
    command = r.answer(REFUSE)
    outcome = given(decider, *ASKED).when(command).then(r.denied(reason_ref=command.reason_ref))
    assert outcome.states[0].state is ReturnState.DENIED
    assert decider.due(STREAM, outcome.states[0], DeadlineKind.DISPUTE) == DISPUTE_UNTIL
    assert [(each.ref, each.body) for each in command.personal] == [(command.reason_ref, "It was cut to size.")]
    shown = return_view(outcome.states[0], 2, r.BUYER, FRIDAY)
    assert (shown["state"], shown["denied_because"]) == ("denied", "refused_by_seller")
    assert shown["denial"] and shown["denial"]["ref"] == command.reason_ref


def test_d1_t27x_silence_until_the_end_of_the_sellers_days_is_a_denial_too() -> None:
    outcome = given(decider, *ASKED).when(r.expire(DeadlineKind.RESPONSE, RESPOND_BY)).then_types(ReturnDenied)
    assert (outcome.events[0].reason, outcome.events[0].reason_ref) == (Denial.UNANSWERED, None)
    assert outcome.events[0].dispute_until == RESPOND_BY + timedelta(days=6)
    assert outcome.events[0].rules == ("S13", "T27x", "D1")


def test_d1_g8_the_seller_answers_until_the_last_instant_and_once() -> None:
    assert given(decider, *ASKED).when(r.answer(at=RESPOND_BY - JUST_BEFORE)).events
    given(decider, *ASKED).when(r.answer(at=RESPOND_BY)).then_rejects(DeadlinePassed)
    given(decider, *DENIED).when(r.answer()).then_rejects(WrongPhase)
    given(decider, *r.AUTHORIZED).when(r.answer()).then_rejects(WrongPhase)
    early = r.expire(DeadlineKind.RESPONSE, RESPOND_BY, RESPOND_BY - JUST_BEFORE)
    given(decider, *ASKED).when(early).then_nothing()


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [(r.BUYER, Forbidden), (r.WAREHOUSE, Forbidden), (r.OTHER_SELLER, NotFound), (r.SUPPORT, Forbidden)],
)
def test_g8_nobody_answers_for_the_seller(actor: Actor, refusal: Any) -> None:
    given(decider, *ASKED).when(r.answer(actor=actor)).then_rejects(refusal)


@pytest.mark.parametrize(
    ("decision", "said", "pointer", "code"),
    [
        (REFUSE, {"reason": None}, "/reason", "missing"),
        (ACCEPT, {"reason": "Gladly."}, "/reason", "not_expected"),
        (REFUSE, {"address": "2 Workshop Lane"}, "/address", "not_expected"),
        (REFUSE, {"reason": "坏了"}, "/reason", "forbidden_characters"),  # S31
    ],
)
def test_s13_s31_a_refusal_has_a_reason_and_an_acceptance_none(
    decision: ReturnDecision, said: Any, pointer: str, code: str
) -> None:
    refused = given(decider, *ASKED).when(r.answer(decision, **said)).then_rejects(ValidationFailed)
    assert (refused.errors[0]["pointer"], refused.errors[0]["code"]) == (pointer, code)


# Disputed, or final


def test_t27x_a_denial_that_nobody_disputes_is_final() -> None:
    outcome = given(decider, *DENIED).when(r.expire(DeadlineKind.DISPUTE, DISPUTE_UNTIL)).then(r.final())
    assert outcome.states[0].state is ReturnState.DENIED
    assert decider.due(STREAM, outcome.states[0], DeadlineKind.DISPUTE) is None


def test_t27x_a_denial_that_is_disputed_waits_for_nothing_here() -> None:
    outcome = given(decider, *DENIED).when(r.note_dispute()).then(r.disputed())
    assert return_view(outcome.states[0], 3, r.BUYER, FRIDAY)["dispute_id"] == "dsp_1"
    given(decider, *DENIED, r.disputed()).when(r.expire(DeadlineKind.DISPUTE, DISPUTE_UNTIL)).then_nothing()
    for over in (r.disputed(), r.final()):
        given(decider, *DENIED, over).when(r.note_dispute()).then_nothing()


def test_t27x_the_policy_hears_of_a_dispute_about_a_denial_and_of_no_other() -> None:
    (event, *_) = opened()[dispute_stream()]
    assert list(react(recorded(event, "dispute-dsp_1"))) == []
    about = event.model_copy(update={"from_return": r.RETURN_ID})
    (send,) = react(recorded(about, "dispute-dsp_1"))
    assert isinstance(send.command, NoteDispute)
    assert (send.command.return_id, send.command.dispute_id) == (r.RETURN_ID, dispute_id())


def test_t34_t35_while_a_bank_decides_neither_the_seller_nor_the_buyer_runs_out_of_days() -> None:
    held = ReturnHeld(**r.OF_OFFER, chargeback_id="cb1", held_at=FRIDAY, rules=("S103", "T34"))
    for history, kind in ((ASKED, DeadlineKind.RESPONSE), (DENIED, DeadlineKind.DISPUTE)):
        waits = given(decider, *history, held)
        waits.when(r.expire(kind, RESPOND_BY)).then_nothing()
        later = {"command_id": derived_uuid("ended"), "actor": SYSTEM, "at": FRIDAY + timedelta(days=2)}
        ended = EndReturnHold(**later, return_id=r.RETURN_ID, chargeback_id="cb1")
        moved = waits.when(ended).events[1]
        assert (moved.kind, moved.due_at) == (kind, RESPOND_BY + timedelta(days=2))


# What is shown and told


def test_t27x_who_may_act_is_told_until_when() -> None:
    asked, denied = view(ASKED, r.SELLER), view(DENIED, r.BUYER)
    (respond,) = asked["available_actions"]
    assert (respond["rel"], respond["href"]) == ("respond", f"/v1/returns/{r.RETURN_ID}/response")
    assert (respond["due_at"], respond["mandatory"]) == (RESPOND_BY, True)
    assert [(each["kind"], each["due_at"]) for each in asked["deadlines"]] == [("seller_response", RESPOND_BY)]
    assert [(each["kind"], each["due_at"]) for each in denied["deadlines"]] == [("return_dispute", DISPUTE_UNTIL)]


def test_t27x_nothing_is_offered_that_would_be_refused() -> None:
    assert rels(ASKED, r.BUYER) == set()
    assert rels(ASKED, r.SELLER, RESPOND_BY) == set()
    assert rels(DENIED, r.SELLER) == set()
    for over in ((*DENIED, r.disputed()), (*ASKED, r.denied("returns_limited", dispute_until=None))):
        assert view(over, r.BUYER)["deadlines"] == []
    for actor in (r.BUYER, r.SELLER):
        shown = view(r.AUTHORIZED, actor)
        offered = shown["available_actions"] + shown["unavailable_actions"]
        assert "respond" not in {action["rel"] for action in offered}


def test_s54_the_seller_hears_of_the_question_and_the_buyer_of_the_denial() -> None:
    asked, denied = NOTICES[type(ASKED[0])], NOTICES[ReturnDenied]
    assert asked.roles(r.asked_of_seller()) == ("seller",)
    assert asked.roles(r.requested()) == ()
    assert denied.roles(r.denied()) == ("buyer",)
    assert denied.roles(r.denied(dispute_id="dsp_1")) == ()
