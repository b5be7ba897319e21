"""Reports of sellers: a buyer says that one asked for money aside (S8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.evidence.state import EvidenceState
from dispute.domain.evidence.visibility import Viewer, looks_as
from dispute.domain.rejections import NotEligibleOffPlatform
from dispute.domain.reports import ReportSeller
from dispute.views.orders.reports import report_views
from shared.events.base import Actor
from shared.events.evidence import EvidenceAdded, EvidenceViewed
from shared.events.order import ReportKind, SellerReported
from shared.rejections import Forbidden, NotFound, ValidationFailed
from tests.support.builders.disputes import open_dispute
from tests.support.builders.evidence import upload_id, uploaded, view_upload
from tests.support.builders.mediation import SUPPORT
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    ORDER,
    OTHER_BUYER,
    SELLER,
    SHOP,
    Histories,
    on,
    order,
    order_line,
    order_of,
    report_seller,
)
from tests.support.servers.in_memory import came_of, in_memory
from tests.support.spec import given

ASIDE = order(shipped="Mar 1", payment={"payee": "seller"})
SENT = uploaded(order(shipped="Mar 1"))
NOON = on("Mar 12")


def report(at: datetime = NOON, **changed: Any) -> ReportSeller:
    return report_seller(at, **changed)


def test_s8_money_paid_to_the_seller_is_not_protected_and_the_refusal_says_where_to_report_it() -> None:
    refusal = given(decider, ASIDE).when(open_dispute(NOON)).then_rejects(NotEligibleOffPlatform)
    told = {"rel": "report-seller", "method": "POST", "href": f"/v1/orders/{ORDER}/seller-reports"}
    assert told in refusal.members["actions"]


@pytest.mark.parametrize("happened", [ASIDE, order(), order(shipped="Mar 1", finished="Mar 2")])
def test_s8_a_buyer_reports_the_seller_whoever_was_paid(happened: Histories) -> None:
    command = report()
    outcome = given(decider, happened).when(command).then_types(SellerReported)
    (event,) = outcome.events
    assert (event.seller_id, event.kind, event.rules) == (SELLER.id, ReportKind.DIRECT_PAYMENT, ("S8",))
    assert [(text.ref, text.subject) for text in command.personal] == [(event.text_ref, BUYER.id)]
    assert outcome.deadlines == given(decider, happened).when(report(kind=ReportKind.OTHER)).deadlines


@pytest.mark.parametrize(
    ("named", "reported"),
    [({}, None), ({"seller_id": "seller-1"}, "seller-1"), ({"seller_id": "seller-2"}, "seller-2")],
)
def test_s8_of_several_sellers_the_buyer_names_the_one_and_nobody_guesses(named: Any, reported: str | None) -> None:
    happened = order(order_line("l1"), order_line("l2", seller_id="seller-2"), shipped="Mar 1")
    (event,) = given(decider, happened).when(report(**named)).then_types(SellerReported).events
    assert event.seller_id == reported
    refusal = given(decider, happened).when(report(seller_id="seller-3")).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [("/seller_id", "unknown_seller")]


def test_s8_it_is_the_orders_buyers_word_in_words_that_are_allowed() -> None:
    given(decider, order()).when(report(actor=OTHER_BUYER)).then_rejects(NotFound)
    for actor in (SELLER, CASE_TEAM, SUPPORT, SHOP):
        given(decider, order()).when(report(actor=actor)).then_rejects(Forbidden)
    given(decider, order()).when(report(text="中")).then_rejects(ValidationFailed)


def test_s8_s30_a_file_that_it_names_is_kept_and_the_platforms_people_see_it() -> None:
    outcome = given(decider, SENT).when(report(evidence=(upload_id(),)))
    reported, added = outcome.then_types(SellerReported, EvidenceAdded).events
    assert (reported.evidence, added.report_id, added.dispute_id) == ((upload_id(),), reported.report_id, None)
    item = outcome.states[1]
    assert item.state == EvidenceState.ATTACHED
    parties = order_of(outcome.after).parties
    assert looks_as(item, SUPPORT, None, parties) == {Viewer.STAFF}
    assert looks_as(item, SELLER, None, parties) == looks_as(item, OTHER_BUYER, None, parties) == frozenset()
    assert not [kind for stream, kind in outcome.deadlines if stream.startswith("evidence-")]


@pytest.mark.parametrize(
    ("evidence", "at", "pointer"),
    [
        ((upload_id(), upload_id()), NOON, "/evidence/1"),
        ((upload_id(n=2),), NOON, "/evidence/0"),
        ((upload_id(),), on("Mar 14"), "/evidence/0"),
    ],
)
def test_s8_s30_it_names_what_is_there_and_each_once(evidence: Any, at: datetime, pointer: str) -> None:
    refusal = given(decider, SENT).when(report(at, evidence=evidence)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == pointer


@pytest.mark.parametrize("role", ["support", "case_team"])
def test_g15_a_reported_seller_who_works_for_the_platform_does_not_see_what_the_buyer_sent(role: str) -> None:
    reported = given(decider, SENT).when(report(evidence=(upload_id(),))).accepted.after
    seller = Actor(id=SELLER.id, roles=frozenset({"seller", role}))
    given(decider, reported).when(view_upload(NOON, seller)).then_rejects(NotFound)
    (look,) = given(decider, reported).when(view_upload(NOON, SUPPORT)).then_types(EvidenceViewed).events
    assert look.role == Viewer.STAFF


def test_s8_a_seller_is_not_told_who_reported_what() -> None:
    reported = order_of(given(decider, order()).when(report()).after)
    shown = {actor.id: len(report_views(reported, actor)) for actor in (BUYER, SELLER, CASE_TEAM, SUPPORT)}
    assert shown == {BUYER.id: 1, SELLER.id: 0, CASE_TEAM.id: 1, SUPPORT.id: 1}


async def test_s8_over_http_it_is_answered_as_it_is_kept() -> None:
    body = {"kind": "direct_payment", "text": "By bank transfer, for less."}
    async with in_memory("dispute") as service:
        await service.order("o1")
        who = {"role": "buyer", "sub": "buyer-1", "key": "once"}
        first = await service.ask("POST", "/v1/orders/o1/seller-reports", body=body, **who)
        assert (first.status_code, first.json()["seller_id"], first.json()["id"][:4]) == (201, "seller-1", "rpt_")
        again = await service.ask("POST", "/v1/orders/o1/seller-reports", body=body, **who)
        assert (again.status_code, again.json()) == (201, first.json())
        wrong = await service.ask("POST", "/v1/orders/o1/seller-reports", body={**body, "kind": "rude"}, role="buyer")
        assert came_of(wrong) == "422 validation_failed /kind"
