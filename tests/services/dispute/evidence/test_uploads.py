"""Evidence before a dispute: kept for a day, named by a form, taken back, run out (S30, S31, S37)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.evidence.state import EvidenceState
from dispute.domain.rejections import EvidenceRequired, UnsupportedEvidenceType
from shared.events.base import Actor, pseudonym
from shared.events.dispute import Decision, DisputeOpened, Reason
from shared.events.evidence import EvidenceAdded, EvidenceExpired, EvidencePurpose, EvidenceRemoved, EvidenceUploaded
from shared.events.ids import derived_id
from shared.media.types import MediaType
from shared.rejections import Forbidden, NotFound, Rejected, ValidationFailed, WrongPhase
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    counter,
    countered,
    dispute_of,
    dispute_stream,
    modify,
    open_dispute,
    opened,
    respond,
)
from tests.support.builders.evidence import file, remove_upload, upload, upload_id, uploaded
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    OTHER_BUYER,
    SELLER,
    Histories,
    after,
    expire_stream,
    on,
    order,
    terms,
)
from tests.support.spec import given

STREAM = f"evidence-{upload_id()}"
SENT = uploaded(order(shipped="Mar 1", delivered="Mar 9"))
NOON = on("Mar 12")
SHOWN: dict[str, Any] = {"reason": Reason.NOT_AS_DESCRIBED, "evidence": (upload_id(),)}


def pointer_of(happened: Histories, **changed: Any) -> str:
    refusal = given(decider, happened).when(open_dispute(NOON, **SHOWN | changed)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] in ("unknown_evidence", "repeated")
    return str(refusal.errors[0]["pointer"])


def test_s30_an_item_waits_a_day_for_its_form() -> None:
    given(decider, order()).when(upload(NOON)).then(
        EvidenceUploaded(
            order_id="o1",
            party_id=BUYER.id,
            item=upload(NOON).uploaded("buyer", terms(), ()).item,
            expires_at=NOON + timedelta(hours=24),
            rules=("S30", "S32"),
        )
    )
    assert decider.fold(STREAM, SENT[STREAM]).state == EvidenceState.UNATTACHED


def test_s38_the_seller_sends_evidence_too() -> None:
    assert given(decider, order()).when(upload(NOON, SELLER)).events[0].item.by == "seller"


@pytest.mark.parametrize(("actor", "refusal"), [(OTHER_BUYER, NotFound), (CASE_TEAM, Forbidden)])
def test_only_the_parties_of_the_order_send_evidence(actor: Actor, refusal: type[Rejected]) -> None:
    given(decider, order()).when(upload(NOON, actor)).then_rejects(refusal)


def test_s31_a_caption_is_a_text_like_every_other() -> None:
    given(decider, order()).when(upload(NOON, caption="坏")).then_rejects(ValidationFailed)
    told = upload(NOON, caption="the box")
    assert [text.body for text in told.personal] == ["the box"]
    assert given(decider, order()).when(told).events[0].item.caption_ref == told.personal[0].ref


# Naming


def test_s30_naming_attaches_in_the_same_append() -> None:
    asked = given(decider, SENT).when(open_dispute(NOON, **SHOWN))
    kinds = {name: [type(event) for event in events] for name, events in asked.by_stream.items()}
    assert kinds[dispute_stream()] == [DisputeOpened, EvidenceAdded]
    assert kinds[STREAM] == [EvidenceAdded]
    standing = dispute_of(asked.accepted.after).evidence.standing("buyer")
    assert [item.evidence_id for item in standing] == [upload_id()]


@pytest.mark.case("R9", given="disputes of damaged, differing and short goods, each with a picture", right="opened 3")
def test_s30_the_core_reasons_can_be_opened_with_a_picture(came: Came) -> None:
    reasons = (Reason.DAMAGED, Reason.NOT_AS_DESCRIBED, Reason.SHORTAGE)
    asked = [given(decider, SENT).when(open_dispute(NOON, **SHOWN | {"reason": reason})) for reason in reasons]
    came(f"opened {sum(isinstance(each.events[0], DisputeOpened) for each in asked)}")


def test_s30_evidence_names_an_upload_that_exists() -> None:
    assert pointer_of(SENT, evidence=(upload_id(), "evd_1")) == "/evidence/1"
    assert pointer_of(SENT, evidence=(upload_id(n=2),)) == "/evidence/0"
    assert pointer_of(SENT, evidence=(derived_id("evd", "another order", 1),)) == "/evidence/0"


def test_s30_an_item_is_named_once() -> None:
    assert pointer_of(SENT, evidence=(upload_id(), upload_id())) == "/evidence/1"


@pytest.mark.case("B10+8", given="a modification that names what is with the dispute already", right="nothing_changed")
def test_s43_an_item_that_was_shown_already_is_no_change(came: Came) -> None:
    shown = after(SENT, open_dispute(NOON, **SHOWN), counter(on("Mar 13")))
    refusal = given(decider, shown).when(modify(on("Mar 14"), evidence=(upload_id(),))).then_rejects(ValidationFailed)
    assert refusal.cited == ("S43",)
    came(refusal.errors[0]["code"])


def test_s30_the_sellers_item_is_unknown_to_the_buyers_form() -> None:
    assert pointer_of(uploaded(actor=SELLER), evidence=(upload_id(SELLER),)) == "/evidence/0"


@pytest.mark.parametrize(("after_hours", "known"), [(24, False), (23.9999, True)])
def test_s30_an_item_is_unknown_from_its_end_on(after_hours: float, known: bool) -> None:
    asked = given(decider, SENT).when(open_dispute(NOON + timedelta(hours=after_hours), **SHOWN))
    if known:
        assert asked.events
    else:
        asked.then_rejects(ValidationFailed)


def test_s30_an_item_that_was_taken_back_is_unknown() -> None:
    assert pointer_of(after(SENT, remove_upload(NOON))) == "/evidence/0"


def test_s30_g7_what_is_named_is_held_against_the_reason() -> None:
    asked = open_dispute(NOON, reason=Reason.WRONG_ADDRESS, evidence=(upload_id(),))
    refusal = given(decider, SENT).when(asked).then_rejects(EvidenceRequired)
    assert refusal.members["needs"][0]["purpose"] == EvidencePurpose.ADDRESS_MISMATCH


@pytest.mark.parametrize(("policy", "taken"), [("union", True), ("strict", False)])
def test_k5_a_video_is_named_by_a_form_under_union_alone(policy: str, taken: bool) -> None:
    asked_under = order(shipped="Mar 1", delivered="Mar 9", terms=terms(evidence_policy=policy))
    sent = {**asked_under, **{STREAM: uploaded(file=file(MediaType.MP4))[STREAM]}}
    asked = given(decider, sent).when(open_dispute(NOON, **SHOWN))
    if taken:
        assert asked.events
    else:
        asked.then_rejects(UnsupportedEvidenceType)


def test_s43_a_later_round_may_name_more_and_counts_what_is_there() -> None:
    disputed = after(SENT, open_dispute(NOON, **SHOWN))
    answered = after(disputed, respond(Decision.REJECT, on("Mar 13"), reason="It is genuine."))
    more = uploaded(answered, on("Mar 14"), n=2)
    changed = given(decider, more).when(modify(on("Mar 14"), amount="40.00", evidence=(upload_id(), upload_id(n=2))))
    added = [event for event in changed.by_stream[dispute_stream()] if isinstance(event, EvidenceAdded)]
    assert [event.item.evidence_id for event in added] == [upload_id(n=2)]
    assert given(decider, answered).when(modify(on("Mar 14"), reason=Reason.DEFECTIVE)).events


def test_t4_the_seller_refuses_with_evidence() -> None:
    sent = uploaded(opened(), on("Mar 13"), actor=SELLER)
    asked = respond(Decision.REJECT, on("Mar 13"), reason="It is genuine.", evidence=(upload_id(SELLER),))
    refused = given(decider, sent).when(asked).accepted.after
    assert [item.by for item in dispute_of(refused).evidence.standing()] == ["seller"]


def test_a_change_to_a_reason_that_needs_evidence_needs_it() -> None:
    given(decider, countered()).when(modify(on("Mar 14"), reason=Reason.DAMAGED)).then_rejects(EvidenceRequired)


# The end of an item


def test_s30_an_item_runs_out_at_its_instant() -> None:
    due = SENT[STREAM][0].expires_at  # type: ignore[attr-defined]
    asked = expire_stream(STREAM, DeadlineKind.EVIDENCE_EXPIRY, due)
    given(decider, SENT).when(asked).then(EvidenceExpired(evidence_id=upload_id(), due_at=due, rules=("S30",)))


def test_s30_an_item_that_was_named_does_not_run_out() -> None:
    disputed = after(SENT, open_dispute(NOON, **SHOWN))
    due = SENT[STREAM][0].expires_at  # type: ignore[attr-defined]
    assert not given(decider, disputed).when(expire_stream(STREAM, DeadlineKind.EVIDENCE_EXPIRY, due)).events


def test_s37_its_sender_takes_it_back_before_it_is_named() -> None:
    gone = EvidenceRemoved(evidence_id=upload_id(), dispute_id=None, removed_at=NOON, rules=("S37",))
    given(decider, SENT).when(remove_upload(NOON)).then(gone)
    given(decider, SENT).when(remove_upload(NOON, SELLER)).then_rejects(NotFound)
    named = after(SENT, open_dispute(NOON, **SHOWN))
    given(decider, named).when(remove_upload(NOON)).then_rejects(WrongPhase)


def test_a_viewer_is_recorded_by_a_name_that_tells_nobodys() -> None:
    assert pseudonym(BUYER.id) not in BUYER.id
