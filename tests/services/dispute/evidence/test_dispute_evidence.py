"""Evidence of a dispute: who adds, who removes, in which phase, and who looks (T11, S35–S38)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.api.disputes import _refs as readable_texts
from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.disputes.evidence import ViewEvidence
from dispute.domain.disputes.visibility import looks_as
from dispute.domain.evidence.state import EvidenceState
from dispute.domain.rejections import UnsupportedEvidenceType
from dispute.views.disputes.dispute import dispute_view
from dispute.views.evidence import item_views
from shared.events.base import Actor, pseudonym
from shared.events.dispute import Decision
from shared.events.evidence import EvidenceAdded, EvidenceRemoved, EvidenceUploaded, EvidenceViewed
from shared.events.ids import derived_uuid
from shared.media.types import MediaType
from shared.rejections import DeadlinePassed, Forbidden, NotFound, Rejected, ValidationFailed, WrongPhase
from shared.views import text_link
from tests.support.builders import mediation
from tests.support.builders.disputes import (
    agreed,
    cancel,
    countered,
    dispute_id,
    dispute_of,
    dispute_stream,
    expire,
    history_of,
    opened,
    respond,
    say,
)
from tests.support.builders.evidence import add, file, remove, upload, upload_id
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    on,
    order,
    terms,
)
from tests.support.spec import given

STREAM = add(on("Mar 13")).item_stream.name


def escalated(**changed: Any) -> Histories:
    """No agreement until 21 March: evidence is gathered until 25 March."""
    begun = opened(happened=order(shipped="Mar 1", **changed))
    refused = after(begun, respond(Decision.REJECT, on("Mar 13"), reason="No."))
    return after(refused, expire(DeadlineKind.BUYER_RESPONSE, on("Mar 19", "00:00")))


D1, D2, D3 = on("Mar 18", "00:00"), on("Mar 19", "00:00"), on("Mar 23", "00:00")
PHASES = {"awaiting_seller": opened(), "awaiting_buyer": countered(), "escalated": escalated()}


def at(phase: str) -> datetime:
    return on("Mar 20") if phase == "escalated" else on("Mar 14")


@pytest.mark.parametrize(("phase", "until"), [*zip(PHASES, (D1, D2, D3), strict=True)])
def test_g8_t11_behind_a_deadline_nothing_is_added_or_removed_whether_or_not_its_timer_has_gone_off(
    phase: str, until: datetime
) -> None:
    before = until - timedelta(seconds=1)
    shown = after(PHASES[phase], add(before, n=7))
    given(decider, shown).when(add(before)).then_types(EvidenceAdded, EvidenceUploaded, EvidenceAdded)
    given(decider, shown).when(remove(before, n=7)).then_types(EvidenceRemoved, EvidenceRemoved)
    given(decider, shown).when(add(until)).then_rejects(DeadlinePassed)
    given(decider, shown).when(remove(until, n=7)).then_rejects(DeadlinePassed)
    listed = dispute_view(dispute_of(shown), 1, BUYER, before)["available_actions"]
    assert [action["due_at"] for action in listed if action["rel"] == "add-evidence"] == [until]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("actor", [BUYER, SELLER], ids=["buyer", "seller"])
def test_t11_s38_s50_either_party_adds_while_one_is_awaited_and_while_escalated(phase: str, actor: Actor) -> None:
    asked = given(decider, PHASES[phase]).when(add(at(phase), actor))
    (added,) = asked.by_stream[dispute_stream()]
    item = add(at(phase), actor).item_stream.name
    assert isinstance(added, EvidenceAdded)
    assert added.item.by in actor.roles
    assert tuple(type(event) for event in asked.by_stream[item]) == (EvidenceUploaded, EvidenceAdded)
    assert decider.fold(item, asked.accepted.after[item]).state == EvidenceState.ATTACHED


@pytest.mark.parametrize("happened", [agreed(), after(opened(), cancel(on("Mar 13")))], ids=["agreed", "closed"])
def test_t11_nobody_adds_once_it_is_settled(happened: Histories) -> None:
    given(decider, happened).when(add(on("Mar 14"))).then_rejects(WrongPhase)


@pytest.mark.parametrize(("day", "time", "fits"), [("Mar 22", "23:59", True), ("Mar 23", "00:00", False)])
def test_t11_evidence_is_gathered_until_the_windows_end(day: str, time: str, fits: bool) -> None:
    happened = escalated()
    assert dispute_of(happened).evidence_until == on("Mar 23", "00:00")
    asked = given(decider, happened).when(add(on(day, time)))
    if fits:
        assert asked.events
    else:
        asked.then_rejects(DeadlinePassed)


@pytest.mark.parametrize(
    ("actor", "refusal"), [(OTHER_BUYER, NotFound), (OTHER_SELLER, NotFound), (CASE_TEAM, Forbidden)]
)
def test_t11_nobody_else_adds(actor: Actor, refusal: type[Rejected]) -> None:
    given(decider, opened()).when(add(on("Mar 14"), actor)).then_rejects(refusal)


def test_s37_with_an_item_its_caption_is_taken_back_and_its_sender_alone_reads_it() -> None:
    added = add(on("Mar 14"), caption="The label.")
    (ref,) = (text.ref for text in added.personal)
    standing = after(opened(), added)
    taken_back = after(standing, remove(on("Mar 15")))
    for happened, readers in ((standing, [True] * 3), (taken_back, [True, False, False])):
        dispute, history = dispute_of(happened), history_of(happened)
        for who, reads in zip((BUYER, SELLER, CASE_TEAM), readers, strict=True):
            (view,) = item_views(dispute, looks_as(dispute, who))
            link = text_link(f"/v1/disputes/{dispute.opened.dispute_id}", ref if reads else None)
            assert (view["caption"], ref in readable_texts(dispute, history, who)) == (link, reads)


def test_s31_a_caption_holds_no_chinese() -> None:
    given(decider, opened()).when(add(on("Mar 14"), caption="坏")).then_rejects(ValidationFailed)


@pytest.mark.parametrize(("policy", "taken"), [("union", True), ("strict", False)])
def test_s35_k4_a_gif_is_refused_while_escalated_under_strict_alone(policy: str, taken: bool) -> None:
    happened = escalated(terms=terms(evidence_policy=policy))
    asked = given(decider, happened).when(add(on("Mar 20"), file=file(MediaType.GIF)))
    if taken:
        assert asked.events
    else:
        asked.then_rejects(UnsupportedEvidenceType)


@pytest.mark.parametrize(("policy", "form"), [("union", True), ("strict", False)])
def test_s36_k5_a_video_is_added_while_escalated_and_before_under_union_alone(policy: str, form: bool) -> None:
    under, film = terms(evidence_policy=policy), file(MediaType.MP4)
    assert given(decider, escalated(terms=under)).when(add(on("Mar 20"), file=film)).events
    before = given(decider, opened(happened=order(shipped="Mar 1", terms=under))).when(add(on("Mar 14"), file=film))
    assert (before.rejection is None) == form


# Removal


def test_s37_who_added_it_takes_it_back_and_its_history_stays() -> None:
    happened = after(opened(), add(on("Mar 13")))
    asked = given(decider, happened).when(remove(on("Mar 14")))
    assert [type(event) for event in asked.by_stream[dispute_stream()]] == [EvidenceRemoved]
    gone = asked.accepted.after
    dispute = dispute_of(gone)
    assert dispute.evidence.standing() == []
    assert [view["state"] for view in item_views(dispute, looks_as(dispute, SELLER))] == [EvidenceState.REMOVED]
    assert any(isinstance(event, EvidenceAdded) for event in gone[dispute_stream()])
    assert given(decider, gone).when(add(on("Mar 14"), n=2)).events


def test_s37_nobody_takes_back_what_the_other_party_added() -> None:
    happened = after(opened(), add(on("Mar 13")))
    given(decider, happened).when(remove(on("Mar 14"), SELLER)).then_rejects(Forbidden)


def test_s37_nothing_is_taken_back_twice_or_that_is_not_there() -> None:
    happened = after(opened(), add(on("Mar 13")), remove(on("Mar 14")))
    again = remove(on("Mar 15")).model_copy(update={"command_id": derived_uuid("again")})
    given(decider, happened).when(again).then_rejects(WrongPhase)
    given(decider, happened).when(remove(on("Mar 15"), n=7)).then_rejects(NotFound)


def test_t11_nothing_is_taken_back_once_it_is_settled() -> None:
    happened = after(opened(), add(on("Mar 13")), respond(Decision.ACCEPT, on("Mar 13")))
    given(decider, happened).when(remove(on("Mar 14"))).then_rejects(WrongPhase)


# Looking


def test_a_look_is_recorded_with_the_item_and_moves_no_dispute() -> None:
    happened = after(opened(), add(on("Mar 13")))
    asked = ViewEvidence(
        command_id=derived_uuid("look"),
        actor=SELLER,
        at=on("Mar 14"),
        dispute_id=dispute_id(),
        evidence_id=STREAM.removeprefix("evidence-"),
    )
    looked = given(decider, happened).when(asked)
    assert not looked.by_stream[dispute_stream()]
    (viewed,) = looked.by_stream[STREAM]
    assert isinstance(viewed, EvidenceViewed)
    assert (viewed.viewer, viewed.role) == (pseudonym(SELLER.id), "party")


# Nothing more comes (T42)


def complete() -> Histories:
    """The buyer has sent a file, and said that nothing more comes; the seller may go on."""
    sent = after(escalated(), add(on("Mar 20"), BUYER))
    return after(sent, mediation.state(on("Mar 20", "13:00"), BUYER))


def test_t42_t11_who_is_complete_adds_and_takes_back_nothing() -> None:
    given(decider, complete()).when(add(on("Mar 21"), BUYER, 2)).then_rejects(WrongPhase)
    given(decider, complete()).when(remove(on("Mar 21"))).then_rejects(WrongPhase)
    view = dispute_view(dispute_of(complete()), 9, BUYER, on("Mar 21"))
    assert "add-evidence" not in {action["rel"] for action in view["available_actions"]}
    seller = given(decider, complete()).when(add(on("Mar 21"), SELLER))
    assert seller.by_stream[dispute_stream()]


def test_t42_s44_a_message_of_who_is_complete_shows_no_new_file() -> None:
    happened = after(complete(), upload(on("Mar 20")))
    command = say(on("Mar 20", "16:00"), BUYER, evidence=(upload_id(),))
    given(decider, happened).when(command).then_rejects(WrongPhase)


def test_t14_t42_who_is_asked_anew_adds_again() -> None:
    both = after(complete(), mediation.state(on("Mar 20", "14:00"), SELLER))
    asked = after(both, mediation.ask_for(on("Mar 21"), "buyer"))
    assert given(decider, asked).when(add(on("Mar 22"), BUYER, 2)).by_stream[dispute_stream()]
    given(decider, asked).when(add(on("Mar 22"), SELLER)).then_rejects(WrongPhase)


# The offer


@pytest.mark.parametrize("actor", [BUYER, SELLER], ids=["buyer", "seller"])
def test_adding_is_offered_with_its_limits(actor: Actor) -> None:
    dispute = dispute_of(after(opened(), add(on("Mar 13"), actor)))
    view = dispute_view(dispute, 2, actor, on("Mar 14"))
    (offer,) = [action for action in view["available_actions"] if action["rel"] == "add-evidence"]
    assert offer["limits"] == {
        "types": ["image/bmp", "image/gif", "image/jpeg", "image/png", "video/mp4"],
        "max_bytes": 2_097_151,
        "video_max_bytes": 52_428_799,
        "left": 19,
    }


def test_adding_is_not_offered_to_whoever_judges() -> None:
    view = dispute_view(dispute_of(opened()), 1, CASE_TEAM, on("Mar 14"))
    offers = [*view["available_actions"], *view["unavailable_actions"]]
    assert not [action for action in offers if action["rel"] == "add-evidence"]
