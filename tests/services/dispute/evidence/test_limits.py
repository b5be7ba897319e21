"""Limits of evidence on their boundaries: types, sizes, numbers, and what a reason needs (G7, G12)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.evidence.limits import NEEDS, guard_needed, guard_size, guard_type, most_bytes
from dispute.domain.rejections import EvidenceRequired, EvidenceTooLarge, TooManyItems, UnsupportedEvidenceType
from shared.events.dispute import Reason
from shared.events.evidence import EvidenceItem, EvidenceKind, EvidencePurpose
from shared.media.types import MediaType
from tests.support.builders.disputes import opened
from tests.support.builders.evidence import add, file, upload
from tests.support.builders.orders import BASIC, SELLER, after, on, order, terms
from tests.support.spec import given

STRICT = terms(evidence_policy="strict")
PICTURES = {MediaType.JPEG, MediaType.PNG, MediaType.GIF, MediaType.BMP}
SHIPPED = order(shipped="Mar 1")
DOCUMENTS = ["application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", None]
NEEDING = sorted(NEEDS)
NEEDING_NOTHING = sorted(set(Reason) - NEEDS.keys())


def item(purpose: EvidencePurpose = EvidencePurpose.ITEM, kind: EvidenceKind = EvidenceKind.IMAGE) -> EvidenceItem:
    return upload(on("Mar 12"), purpose=purpose).uploaded("buyer", BASIC, ()).item.model_copy(update={"kind": kind})


# S32, S34, K6: types and sizes


@pytest.mark.parametrize("sent_as", sorted(PICTURES))
@pytest.mark.parametrize(("size", "fits"), [(1, True), (2_097_151, True), (2_097_152, False)])
def test_s32_k6_g12_a_picture_stays_below_two_megabytes(sent_as: str, size: int, fits: bool) -> None:
    asked = given(decider, SHIPPED).when(upload(on("Mar 12"), file=file(sent_as, size)))
    if fits:
        assert asked.events[0].item.sent_as == sent_as
    else:
        assert asked.then_rejects(EvidenceTooLarge).code == "too_large"


def test_s34_who_sends_too_much_is_told_to_compress_it() -> None:
    with pytest.raises(EvidenceTooLarge) as refusal:
        guard_size(2_097_151, 2_097_152)
    told = {"max_bytes": 2_097_151, "actual_bytes": 2_097_152, "hint": "compress"}
    assert (refusal.value.members, refusal.value.cited) == (told, ("S34", "K6", "G12"))


@pytest.mark.parametrize("sent_as", DOCUMENTS)
def test_s33_g12_documents_are_not_taken(sent_as: str | None) -> None:
    with pytest.raises(UnsupportedEvidenceType) as refusal:
        guard_type(BASIC, False, sent_as)
    assert refusal.value.code == "unsupported_evidence_type"
    assert refusal.value.errors[0]["pointer"] == "/file"


# S35, S36, K4, K5: policies and phases


@pytest.mark.parametrize("escalated", [False, True])
def test_k4_k5_union_takes_all_types_in_all_phases(escalated: bool) -> None:
    assert set(most_bytes(BASIC, escalated)) == PICTURES | {MediaType.MP4}


def test_k4_k5_strict_takes_pictures_in_the_form_and_no_video() -> None:
    assert set(most_bytes(STRICT, False)) == PICTURES


def test_s35_s36_strict_takes_videos_and_no_gif_while_escalated() -> None:
    assert set(most_bytes(STRICT, True)) == PICTURES - {MediaType.GIF} | {MediaType.MP4}


@pytest.mark.parametrize(("size", "fits"), [(52_428_799, True), (52_428_800, False)])
def test_s36_k5_a_video_has_a_limit_of_its_own(size: int, fits: bool) -> None:
    asked = given(decider, SHIPPED).when(upload(on("Mar 12"), file=file(MediaType.MP4, size)))
    if fits:
        assert asked.events[0].item.kind == EvidenceKind.VIDEO
    else:
        asked.then_rejects(EvidenceTooLarge)


def test_a_programme_may_take_fewer_types() -> None:
    assert set(most_bytes(terms(evidence_image_types=("png", "webp")), False)) == {MediaType.PNG, MediaType.MP4}


# G12: numbers


@pytest.mark.parametrize(("waiting", "fits"), [(0, True), (19, True), (20, False)])
def test_g12_a_party_may_have_twenty_items_waiting(waiting: int, fits: bool) -> None:
    asked = given(decider, SHIPPED).when(upload(on("Mar 12"), waiting=waiting))
    if fits:
        assert len(asked.events) == 1
    else:
        assert asked.then_rejects(TooManyItems).code == "too_many"


def test_g12_a_party_may_add_twenty_items_to_a_dispute_and_the_other_party_too() -> None:
    happened = after(opened(), *(add(on("Mar 13"), n=n) for n in range(20)))
    given(decider, happened).when(add(on("Mar 13"), n=20)).then_rejects(TooManyItems)
    assert given(decider, happened).when(add(on("Mar 13"), actor=SELLER)).events


# S30: what a reason needs


@pytest.mark.parametrize("reason", NEEDING_NOTHING)
def test_s30_nothing_is_needed_for_what_did_not_come(reason: Reason) -> None:
    guard_needed(reason, ())


def test_s30_nine_reasons_less_one_need_something_to_see() -> None:
    assert {Reason.NOT_RECEIVED, Reason.LATE} <= set(NEEDING_NOTHING)
    assert len(NEEDING) == 8


@pytest.mark.parametrize("reason", NEEDING)
def test_s30_g7_every_other_reason_needs_evidence(reason: Reason) -> None:
    with pytest.raises(EvidenceRequired) as refusal:
        guard_needed(reason, ())
    assert (refusal.value.code, refusal.value.cited) == ("evidence_required", ("S30",))
    assert refusal.value.members["needs"] == [NEEDS[reason]]


@pytest.mark.parametrize("reason", sorted(NEEDS.keys() - {Reason.WRONG_ADDRESS}))
@pytest.mark.parametrize("kind", EvidenceKind)
def test_s30_one_picture_or_video_is_enough(reason: Reason, kind: EvidenceKind) -> None:
    guard_needed(reason, [item(kind=kind)])


def test_s30_k9_a_wrong_address_needs_proof_of_it() -> None:
    with pytest.raises(EvidenceRequired):
        guard_needed(Reason.WRONG_ADDRESS, [item()])
    guard_needed(Reason.WRONG_ADDRESS, [item(), item(EvidencePurpose.ADDRESS_MISMATCH)])
