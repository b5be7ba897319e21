"""Messages of a dispute: who may write to whom, whom each concerns, and what they leave as it is (S44, T12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from dispute.domain.conversations.messages import MOST, PostMessage
from dispute.domain.conversations.state import Conversation
from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.domain.disputes.visibility import looks_as
from dispute.domain.rejections import TooManyItems
from dispute.policies import notify
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Actor, Event
from shared.events.evidence import EvidenceAdded
from shared.events.mediation.conversation import Addressee, MessagePosted
from shared.notifications.requests import RequestNotifications
from shared.rejections import ConflictOfInterest, Forbidden, NotFound, Rejected, ValidationFailed, WrongPhase
from tests.services.dispute.disputes.test_transitions import BIASED, STATES
from tests.support.builders import mediation
from tests.support.builders.disputes import dispute_id, dispute_of, opened, say
from tests.support.builders.evidence import upload_id, uploaded
from tests.support.builders.orders import BUYER, CASE_TEAM, OTHER_BUYER, SELLER, SHOP, Histories, after, on
from tests.support.policies import recorded
from tests.support.spec import given

pytestmark = pytest.mark.unit

STREAM = f"conversation-{dispute_id()}"
OPS = Actor(id="ops-1", roles=frozenset({"ops"}))


def post(at: datetime, actor: Actor = BUYER, to: Addressee = Addressee.ALL, **more: Any) -> PostMessage:
    return say(at, actor, to=to, **more)


def posted(happened: Mapping[str, Sequence[Event]]) -> Conversation:
    state = decider.fold(STREAM, happened[STREAM])
    assert isinstance(state, Conversation)
    return state


@pytest.mark.parametrize("state", DisputeState)
@pytest.mark.parametrize("writer", [BUYER, SELLER, CASE_TEAM], ids=["buyer", "seller", "case team"])
def test_s44_t12_messages_are_taken_in_every_state_but_the_closed_one(state: DisputeState, writer: Actor) -> None:
    reach, now = STATES[state]
    outcome = given(decider, reach()).when(post(now, writer))
    if state == DisputeState.CLOSED:
        outcome.then_rejects(WrongPhase)
    else:
        outcome.then_types(MessagePosted)


def test_s44_a_message_leaves_the_disputes_version_as_it_is() -> None:
    happened = opened()
    before = dispute_of(happened).version
    said = after(happened, post(on("Mar 13")))
    assert dispute_of(said).version == before
    assert [message.by for message in posted(said).messages] == ["buyer"]


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [(OTHER_BUYER, NotFound), (SHOP, NotFound), (mediation.SUPPORT, Forbidden), (OPS, Forbidden), (BIASED, Forbidden)],
    ids=["a stranger", "the shop", "support", "ops", "who is both"],
)
def test_g8_nobody_else_writes(actor: Actor, refusal: type[Rejected]) -> None:
    outcome = given(decider, opened()).when(post(on("Mar 13"), actor))
    outcome.then_rejects(ConflictOfInterest if actor is BIASED else refusal)


@pytest.mark.parametrize("text", ["\u6ca1\u6709\u6536\u5230", "no\uff0c never", "no\u3002"])
def test_s31_a_message_holds_no_chinese_text(text: str) -> None:
    refusal = given(decider, opened()).when(post(on("Mar 13"), text=text)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/text"


CONCERNS = {
    ("buyer", "all"): "buyer seller case_team",
    ("buyer", "seller"): "buyer seller case_team",
    ("buyer", "case_team"): "buyer case_team",
    ("seller", "buyer"): "buyer seller case_team",
    ("case_team", "buyer"): "buyer case_team",
    ("case_team", "all"): "buyer seller case_team",
}
WRITERS = {"buyer": BUYER, "seller": SELLER, "case_team": CASE_TEAM}


@pytest.mark.parametrize(("by", "to"), CONCERNS)
def test_s44_a_message_is_seen_by_whom_it_concerns(by: str, to: str) -> None:
    said = after(opened(), post(on("Mar 13"), WRITERS[by], Addressee(to)))
    dispute, talk = dispute_of(said), posted(said)
    seen = {name for name, actor in WRITERS.items() if talk.seen_by(looks_as(dispute, actor))}
    assert seen == set(CONCERNS[by, to].split())
    for actor in WRITERS.values():
        shown = dispute_view(dispute, 1, actor, on("Mar 14"), talk)["messages"]
        assert shown["href"] == f"/v1/disputes/{dispute_id()}/messages"
        assert shown["count"] == len(talk.seen_by(looks_as(dispute, actor)))
        assert (shown["last_at"] is not None) == bool(shown["count"])


def test_s44_nobody_writes_to_himself() -> None:
    refused = given(decider, opened()).when(post(on("Mar 13"), BUYER, Addressee.BUYER)).then_rejects(ValidationFailed)
    assert refused.errors[0]["pointer"] == "/to"


def test_s44_a_side_has_so_many_messages_and_the_other_one_still_its_own() -> None:
    first = after(opened(), post(on("Mar 13")))
    one = first[STREAM][0]
    full: Histories = {**first, STREAM: [one] * (MOST - 1)}
    given(decider, full).when(post(on("Mar 14"))).then_types(MessagePosted)
    full = {**first, STREAM: [one] * MOST}
    given(decider, full).when(post(on("Mar 14"))).then_rejects(TooManyItems)
    given(decider, full).when(post(on("Mar 14"), SELLER)).then_types(MessagePosted)


@pytest.mark.parametrize(
    ("by", "to", "told"),
    [
        ("buyer", "all", ["seller-1"]),
        ("buyer", "seller", ["seller-1"]),
        ("buyer", "case_team", []),
        ("case_team", "all", ["buyer-1", "seller-1"]),
        ("case_team", "seller", ["seller-1"]),
    ],
)
def test_s54_the_parties_to_whom_it_is_written_are_told_and_never_who_wrote_it(
    by: str, to: str, told: list[str]
) -> None:
    said = after(opened(), post(on("Mar 13"), WRITERS[by], Addressee(to)))
    sends = [send.command for send in notify(recorded(said[STREAM][-1], STREAM))]
    asked = [command for command in sends if isinstance(command, RequestNotifications)]
    recipients = [event.recipient for command in asked for event in given(decider, said).when(command).events]
    assert recipients == told


def test_t12_the_text_is_beside_the_log() -> None:
    command = post(on("Mar 13"))
    assert [(each.subject, each.kind, each.body) for each in command.personal] == [(BUYER.id, "text", "Where is it?")]
    (message,) = given(decider, opened()).when(command).events
    assert message.text_ref == command.text_ref and "Where" not in message.model_dump_json()


def test_s44_t11_a_message_may_show_a_file_which_then_is_with_the_dispute() -> None:
    happened = uploaded(opened(), on("Mar 13"))
    outcome = given(decider, happened).when(post(on("Mar 13"), evidence=(upload_id(),)))
    outcome.then_types(EvidenceAdded, MessagePosted, EvidenceAdded)
    shown = after(happened, post(on("Mar 13"), evidence=(upload_id(),)))
    again = given(decider, shown).when(post(on("Mar 14"), evidence=(upload_id(),)))
    again.then_types(MessagePosted)
    assert again.events[0].evidence == (upload_id(),)


@pytest.mark.parametrize("writer", [SELLER, CASE_TEAM], ids=["seller", "case team"])
def test_s44_s30_nobody_shows_the_files_of_somebody_else(writer: Actor) -> None:
    refused = given(decider, uploaded(opened(), on("Mar 13"))).when(post(on("Mar 13"), writer, evidence=(upload_id(),)))
    assert refused.then_rejects(ValidationFailed).errors[0]["code"] == "unknown_evidence"


def test_s44_t11_under_review_a_message_is_taken_and_no_file_with_it() -> None:
    happened = uploaded(mediation.under_review(), on("Mar 18"))
    given(decider, happened).when(post(on("Mar 18"), evidence=(upload_id(),))).then_rejects(WrongPhase)
    given(decider, happened).when(post(on("Mar 18"))).then_types(MessagePosted)
