"""Warranty claims: opened by the right that gives most, assessed by the case team, fulfilled by the seller (T41)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.evidence.state import EvidenceState
from dispute.domain.evidence.visibility import Viewer, looks_as, parties_of
from dispute.domain.orders.state import Order
from dispute.domain.rejections import AlreadyOpen, OrderAlreadyCompleted, WarrantyNotApplicable
from dispute.domain.warranties.state import ClaimState
from dispute.policies import notify
from dispute.views.warranties import warranty_rows, warranty_view
from shared.events.base import Actor
from shared.events.evidence import EvidenceAdded
from shared.events.order import WarrantyNoted, WarrantyStep
from shared.events.warranty import (
    WarrantyAssessed,
    WarrantyClaimOpened,
    WarrantyFulfilled,
    WarrantyResult,
    WarrantyReviewOverdue,
)
from shared.rejections import ConflictOfInterest, Forbidden, NotFound, ValidationFailed, WrongPhase
from tests.support.builders.entitlements import NOT_RECEIVED, sold, terms_in
from tests.support.builders.evidence import upload_id, uploaded
from tests.support.builders.mediation import SUPPORT
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    ORDER_STREAM,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    SHOP,
    Histories,
    after,
    expire_stream,
    on,
    order,
    order_line,
    order_of,
    refunded,
)
from tests.support.builders.warranties import assess, claim, claim_of, fulfil, warranty_id, warranty_stream
from tests.support.policies import recorded
from tests.support.servers.in_memory import came_of, in_memory, usd
from tests.support.spec import given

MAY = on("May 4")
D14 = on("May 12", "00:00")
"""Of a claim of 4 May: its day and seven more."""
EUROPE, ADVANCED = sold(), sold("advanced", programme="aliexpress_advanced", category="electronics", country="US")
OPENED = after(EUROPE, claim(MAY))
ASSESSED = after(OPENED, assess(on("May 6")))


def at(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def best_of(happened: Histories, when: datetime) -> str:
    """The right that a claim of this instant is opened by, or the code that refuses it."""
    outcome = given(decider, happened).when(claim(when))
    if outcome.rejection:
        return outcome.rejection.code
    best: str = outcome.events[0].best
    return best


# Until when a claim is taken, each right on its last day and the next one; all were received on 5 March 2026

LAST_DAYS = [
    ("S91", ADVANCED, "advanced", at(2028, 3, 5, 23, 59), at(2028, 3, 6, 0)),
    ("S93", sold("one_year_warranty", category="phone", country="US"), "one_year", at(2027, 3, 5, 23), at(2027, 3, 6)),
    ("S94", EUROPE, "eu_conformity", at(2028, 3, 5, 23, 59), at(2028, 3, 6, 0)),
    ("S95", sold(country="BR"), "br_conformity", at(2026, 6, 3, 23, 59), at(2026, 6, 4, 0)),
    ("S95", sold("not_durable", country="BR"), "br_conformity", at(2026, 4, 4, 23, 59), at(2026, 4, 5, 0)),
]


@pytest.mark.parametrize(("rule", "bought", "right", "last", "next_day"), LAST_DAYS)
def test_t41_s91_s93_s94_s95_a_claim_of_the_last_day_is_taken_and_of_the_next_one_refused(
    rule: str, bought: Histories, right: str, last: datetime, next_day: datetime
) -> None:
    assert best_of(bought, last) == right
    refusal = given(decider, bought).when(claim(next_day)).then_rejects(WarrantyNotApplicable)
    assert {"K11", "T41", rule} <= set(refusal.cited)
    named = {one["name"]: one["code"] for one in refusal.members["entitlements"]}
    assert named[right] == "warranty_not_applicable"


def test_s92_k12_a_replacement_is_claimed_under_advanced_and_not_under_basic() -> None:
    opened = after(ADVANCED, claim(MAY, wanted="replace"))
    (found, _) = (
        given(decider, opened).when(assess(on("May 6"), "replace")).then_types(WarrantyAssessed, WarrantyNoted).events
    )
    assert (found.right, found.result) == ("advanced", WarrantyResult.REPLACE)
    assert {"T41", "S91", "S92", "K12"} <= set(found.rules)
    assert best_of(sold(country="US"), MAY) == "warranty_not_applicable"


@pytest.mark.parametrize(
    ("device", "country", "expected"),
    [("phone", "RU", "one_year"), ("tablet", "RU", "one_year"), ("tablet", "US", "warranty_not_applicable")],
)
def test_s93_a_warranty_that_was_bought_is_for_the_pairs_of_device_and_country(
    device: str, country: str, expected: str
) -> None:
    assert best_of(sold("one_year_warranty", category=device, country=country), MAY) == expected


def test_s97_the_listings_words_are_the_claims_as_they_were_when_it_was_ordered() -> None:
    bought = sold(country="US", listing_warranty="Three years, bring it to any shop.")
    (opened, _) = given(decider, bought).when(claim(at(2029, 1, 1))).events
    assert (opened.best, opened.listing_warranty) == ("listing", "Three years, bring it to any shop.")


def test_k11_every_right_is_asked_the_best_is_named_and_each_is_cited() -> None:
    bought = sold("advanced", "one_year_warranty", programme="aliexpress_advanced", category="phone")
    (opened, _) = given(decider, bought).when(claim(MAY)).then_types(WarrantyClaimOpened, WarrantyNoted).events
    assert {right.right: right.granted for right in opened.rights} == {
        "advanced": True,
        "one_year": True,
        "listing": False,
        "eu_conformity": True,
    }
    assert all(right.rules for right in opened.rights)
    assert opened.best == "advanced"
    assert {"T41", "K11", "S91", "S92"} <= set(opened.rules)
    later = given(decider, bought).when(claim(at(2027, 6, 1))).events[0]
    assert {right.right: right.code for right in later.rights if not right.granted} == {
        "one_year": "warranty_not_applicable",
        "listing": "warranty_not_applicable",
    }


def test_t41_nothing_is_claimed_before_it_has_come_nor_once_it_is_paid_back() -> None:
    refusal = given(decider, sold(**NOT_RECEIVED)).when(claim(on("Mar 6"))).then_rejects(WarrantyNotApplicable)
    assert {one["code"] for one in refusal.members["entitlements"]} >= {"too_early"}
    paid_back = {ORDER_STREAM: [*EUROPE[ORDER_STREAM], refunded("50.00")]}
    refusal = given(decider, paid_back).when(claim(MAY)).then_rejects(WarrantyNotApplicable)
    assert {one["code"] for one in refusal.members["entitlements"]} >= {"order_completed"}


def test_t41_a_claim_moves_no_money_and_holds_none() -> None:
    before, behind = order_of(EUROPE), order_of(after(ASSESSED, fulfil(on("May 8"))))
    assert behind.lines == before.lines
    assert behind.refunds == before.refunds


# Who claims, and for what


def test_t41_it_is_the_buyers_word_about_a_line_in_words_that_are_allowed() -> None:
    given(decider, EUROPE).when(claim(MAY, OTHER_BUYER)).then_rejects(NotFound)
    for actor in (SELLER, CASE_TEAM, SUPPORT, SHOP):
        given(decider, EUROPE).when(claim(MAY, actor)).then_rejects(Forbidden)
    for wrong, pointer in (
        ({"line_id": "l9"}, "/line_id"),
        ({"quantity": 2}, "/quantity"),
        ({"fault": "坏了"}, "/fault"),
        ({"evidence": (upload_id(n=7),)}, "/evidence/0"),
    ):
        refusal = given(decider, EUROPE).when(claim(MAY, **wrong)).then_rejects(ValidationFailed)
        assert refusal.errors[0]["pointer"] == pointer


def test_t41_s109_pieces_are_claimed_for_once_at_a_time() -> None:
    bought = order(order_line(quantity=3), terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5")
    two = given(decider, bought).when(claim(MAY, quantity=2))
    assert two.events[0].quantity == 2
    refusal = two.when(claim(MAY, n=2, quantity=2)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/quantity"
    rest = two.when(claim(MAY, n=2))
    assert rest.events[0].quantity == 1
    again = rest.when(claim(MAY, n=3)).then_rejects(AlreadyOpen)
    assert again.members["warranty_id"] == warranty_id()
    for over in ((assess(on("May 5"), "refused"),), (assess(on("May 5")), fulfil(on("May 6")))):
        assert given(decider, after(rest.after, *over)).when(claim(on("May 7"), n=3)).events[0].quantity == 2


def test_t41_s30_a_file_that_it_names_is_kept_and_both_sides_and_the_judges_see_it() -> None:
    line = order_line("l2", seller_id="seller-2")
    sent = uploaded(order(order_line(), line, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5"))
    outcome = given(decider, sent).when(claim(on("Mar 12", "13:00"), evidence=(upload_id(),)))
    opened, _, added = outcome.then_types(WarrantyClaimOpened, WarrantyNoted, EvidenceAdded).events
    assert (opened.evidence, added.warranty_id, added.dispute_id) == ((upload_id(),), warranty_id(), None)
    item = outcome.states[2]
    assert item.state == EvidenceState.ATTACHED
    parties = parties_of(item, order_of(outcome.after))
    assert looks_as(item, SELLER, None, parties) == {Viewer.PARTY}
    assert looks_as(item, OTHER_SELLER, None, parties) == frozenset()
    assert looks_as(item, CASE_TEAM, None, parties) == {Viewer.STAFF}


# The assessment


def test_t41_d14_the_case_team_has_seven_days_then_an_alarm_goes_off_and_they_begin_anew() -> None:
    outcome = given(decider, EUROPE).when(claim(MAY))
    timer = (warranty_stream(), DeadlineKind.WARRANTY_ASSESSMENT)
    assert outcome.deadlines[timer] == D14
    given(decider, OPENED).when(expire_stream(*timer, D14, on("May 11", "23:59"))).then_nothing()
    late = given(decider, OPENED).when(expire_stream(*timer, D14)).then_types(WarrantyReviewOverdue)
    assert late.events[0].rules == ("T41", "D14")
    assert late.deadlines[timer] == on("May 20", "00:00")
    assert claim_of(late.after).state == ClaimState.OPENED
    assert late.when(expire_stream(*timer, on("May 20", "00:00"))).then_types(WarrantyReviewOverdue)
    assert timer not in late.when(assess(on("May 15"))).deadlines
    given(decider, ASSESSED).when(expire_stream(*timer, D14)).then_nothing()


def test_t41_d14_a_right_that_runs_out_during_the_assessment_is_not_lost() -> None:
    opened = after(EUROPE, claim(at(2028, 3, 5, 23, 59)))
    found = given(decider, opened).when(assess(at(2028, 4, 1))).events[0]
    assert (found.result, found.right) == (WarrantyResult.REPAIR, "eu_conformity")


def test_t41_a_refusal_cites_rules_and_ends_the_claim() -> None:
    outcome = given(decider, OPENED).when(assess(on("May 6"), "refused", rules=("S16", "K10")))
    refused, noted = outcome.then_types(WarrantyAssessed, WarrantyNoted).events
    assert (refused.right, refused.rules, noted.step) == (None, ("T41", "S16", "K10"), WarrantyStep.REFUSED)
    assert claim_of(outcome.after).state == ClaimState.REFUSED
    for command in (assess(on("May 7"), n=1, actor=Actor(id="case-2", roles=CASE_TEAM.roles)), fulfil(on("May 7"))):
        outcome.when(command).then_rejects(WrongPhase)


def test_g13_it_cites_rules_that_exist() -> None:
    refusal = given(decider, OPENED).when(assess(on("May 6"), rules=("S94", "unheard"))).then_rejects(ValidationFailed)
    assert [(one["pointer"], one["code"]) for one in refusal.errors] == [("/rules/1", "unknown_rule")]


def test_g15_nobody_assesses_an_own_claim_and_only_the_case_team_assesses() -> None:
    own = Actor(id=BUYER.id, roles=frozenset({"buyer", "case_team"}))
    given(decider, OPENED).when(assess(on("May 6"), actor=own)).then_rejects(ConflictOfInterest)
    for actor in (BUYER, SELLER, SUPPORT):
        given(decider, OPENED).when(assess(on("May 6"), actor=actor)).then_rejects(Forbidden)
    given(decider, OPENED).when(assess(on("May 6"), actor=OTHER_SELLER)).then_rejects(NotFound)


def test_i1_what_was_paid_back_meanwhile_gets_no_goods_besides() -> None:
    paid_back = {**OPENED, ORDER_STREAM: [*OPENED[ORDER_STREAM], refunded("50.00")]}
    for result in ("repair", "replace"):
        given(decider, paid_back).when(assess(on("May 6"), result)).then_rejects(OrderAlreadyCompleted)
    given(decider, paid_back).when(assess(on("May 6"), "refused")).then_types(WarrantyAssessed, WarrantyNoted)


def test_k11_a_result_needs_a_right_of_the_claim_that_gives_it() -> None:
    opened = OPENED[warranty_stream()][0]
    assert isinstance(opened, WarrantyClaimOpened)
    repairs = tuple(right.model_copy(update={"remedies": ("repair",)}) for right in opened.rights)
    only: Histories = {**OPENED, warranty_stream(): [opened.model_copy(update={"rights": repairs})]}
    refusal = given(decider, only).when(assess(on("May 6"), "replace")).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/result"
    given(decider, only).when(assess(on("May 6"))).then_types(WarrantyAssessed, WarrantyNoted)


# The fulfilment


@pytest.mark.parametrize(("actor", "by"), [(SELLER, "seller"), (SUPPORT, "support")])
def test_t41_the_seller_or_support_fulfils_it_by_a_parcel_or_in_words(actor: Actor, by: str) -> None:
    ways: list[Any] = [{"tracking_number": "RR123456785DE"}, {"note": "It was repaired in the shop."}]
    for said in ways:
        outcome = given(decider, ASSESSED).when(fulfil(on("May 8"), actor, **said))
        done, noted = outcome.then_types(WarrantyFulfilled, WarrantyNoted).events
        assert (done.by, noted.step) == (by, WarrantyStep.FULFILLED)
        assert claim_of(outcome.after).state == ClaimState.FULFILLED
        outcome.when(fulfil(on("May 9"), n=1)).then_rejects(WrongPhase)


def test_t41_nobody_else_fulfils_it_nor_before_it_is_assessed_nor_without_a_word() -> None:
    given(decider, ASSESSED).when(fulfil(on("May 8"), BUYER)).then_rejects(Forbidden)
    given(decider, ASSESSED).when(fulfil(on("May 8"), OTHER_SELLER)).then_rejects(NotFound)
    given(decider, OPENED).when(fulfil(on("May 8"))).then_rejects(WrongPhase)
    given(decider, ASSESSED).when(fulfil(on("May 8"), carrier="DHL")).then_rejects(ValidationFailed)


# What is shown and told


def test_s97_k11_a_claim_shows_its_rights_and_each_what_may_be_done() -> None:
    shown = {actor.id: warranty_view(claim_of(OPENED), 1, actor) for actor in (BUYER, SELLER, CASE_TEAM, SUPPORT)}
    of_team = shown[CASE_TEAM.id]
    assert [one["rel"] for one in of_team["available_actions"]] == ["assess"]
    assert [one["rel"] for one in shown[BUYER.id]["available_actions"]] == []
    assert [one["name"] for one in of_team["entitlements"] if one["best"]] == ["eu_conformity"]
    assert (of_team["state"], of_team["due_at"], of_team["overdue"]) == (ClaimState.OPENED, D14, 0)
    assessed = warranty_view(claim_of(ASSESSED), 2, SELLER)
    assert [one["rel"] for one in assessed["available_actions"]] == ["fulfil"]
    assert (assessed["due_at"], assessed["assessment"] and assessed["assessment"]["right"]) == (None, "eu_conformity")


def test_t41_a_seller_sees_the_claims_about_the_own_lines_alone() -> None:
    known: Order = order_of(OPENED)
    assert [row["id"] for row in warranty_rows(known, SELLER)] == [warranty_id()]
    two = order(
        order_line(), order_line("l2", seller_id="seller-2"), terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5"
    )
    claimed = order_of(after(two, claim(MAY)))
    assert [len(warranty_rows(claimed, actor)) for actor in (BUYER, SELLER, OTHER_SELLER, CASE_TEAM)] == [1, 1, 0, 1]


TOLD = [
    (OPENED, "warranty_claimed", ("seller",)),
    (ASSESSED, "warranty_assessed", ("buyer", "seller")),
    (after(ASSESSED, fulfil(on("May 8"))), "warranty_fulfilled", ("buyer",)),
]


@pytest.mark.parametrize(("happened", "kind", "roles"), TOLD)
def test_s54_who_has_to_know_is_told_of_each_step_once(happened: Any, kind: str, roles: tuple[str, ...]) -> None:
    (send,) = notify(recorded(happened[warranty_stream()][-1], warranty_stream()))
    asked: Any = send.command
    assert (asked.kind, asked.roles, asked.about) == (kind, roles, warranty_id())
    assert list(notify(recorded(happened[ORDER_STREAM][-1], ORDER_STREAM))) == []
    told = given(decider, happened).when(asked).events
    assert [event.recipient for event in told] == [{"buyer": BUYER.id, "seller": SELLER.id}[role] for role in roles]


async def test_t41_over_http_a_claim_is_opened_assessed_and_fulfilled() -> None:
    """Two years of the EU's law, of an order that was delivered long after its programme's protection was over."""
    async with in_memory("dispute") as service:
        told = [{"type": "shipped", "at": "2026-03-01T12:00:00Z"}, {"type": "delivered", "at": "2026-03-05T12:00:00Z"}]
        await service.order("o1", placed_at="2026-02-28T12:00:00Z", facts=told)
        buyer, team = {"role": "buyer", "sub": "buyer-1"}, {"role": "case_team", "sub": "case-1"}
        form = {"order_id": "o1", "line_id": "1", "fault": "The screen stays black.", "wanted": "repair"}
        opened = await service.ask("POST", "/v1/warranties", body=form, key="once", **buyer)
        assert (opened.status_code, opened.json()["state"], opened.json()["best"]) == (201, "opened", "eu_conformity")
        href = opened.headers["Location"]
        assert href == f"/v1/warranties/{opened.json()['id']}"
        again = await service.ask("POST", "/v1/warranties", body=form, key="once", **buyer)
        assert again.json() == opened.json()
        assert came_of(await service.ask("POST", "/v1/warranties", body=form, **buyer)) == "409 already_open"
        result = {"result": "repair", "rules": ["S94"], "text": "The fault is the maker's."}
        unseen = await service.ask("POST", f"{href}/assessment", body=result, **team)
        assert came_of(unseen) == "428 if_match_required"
        seen = opened.headers["ETag"]
        assessed = await service.ask("POST", f"{href}/assessment", body=result, seen=seen, key="a", **team)
        assert (assessed.status_code, assessed.json()["state"]) == (200, "assessed")
        done = await service.ask("POST", f"{href}/fulfilment", body={"note": "In the shop."}, role="seller")
        assert (done.json()["state"], done.json()["fulfilment"]["by"]) == ("fulfilled", "seller")
        shown = await service.ask("GET", href, role="seller")
        assert shown.json() == done.json()
        deadlines = (await service.ask("GET", f"{href}/deadlines", **buyer)).json()["data"]
        assert [(one["rule"], one["state"], one["formula"]["count"]) for one in deadlines] == [("D14", "cleared", 7)]
        rows = (await service.ask("GET", "/v1/orders/o1/warranties", **buyer)).json()["data"]
        assert [(row["href"], row["step"]) for row in rows] == [(href, "fulfilled")]
        then = await service.ask("GET", f"{href}?as_of={opened.json()['opened_at']}", **buyer)
        assert then.json()["state"] == "opened"
        assert (await service.ask("GET", href, role="buyer", sub="buyer-2")).status_code == 404
        tablet = [{"line_id": "1", "category": "tablet", "price": usd("50.00"), "flags": ["one_year_warranty"]}]
        await service.order("o2", placed_at="2026-02-28T12:00:00Z", facts=told, ship_to={"country": "US"}, lines=tablet)
        refused = await service.ask("POST", "/v1/warranties", body=form | {"order_id": "o2"}, **buyer)
        assert came_of(refused) == "409 warranty_not_applicable"
        assert {one["name"] for one in refused.json()["entitlements"]} == {"advanced", "one_year", "listing"}
