"""What the parties see of a refund, and what it offers them."""

from datetime import timedelta
from typing import Any

import pytest

from refund.domain.decider import decider as refunds
from refund.views.refunds import RefundRow, RefundView, refund_view
from shared.actions import Actions
from shared.events.base import Actor, Event
from shared.events.refund import RefundRequested
from shared.rejections import NotFound
from tests.cases.plugin import Came
from tests.support.builders import refunds as p
from tests.support.spec import given
from tests.support.wire import on_the_wire


def seen(*events: Event, actor: Actor = p.BUYER, days: int = 0) -> dict[str, Any]:
    payment = refunds.fold("payment-o1", events)
    view = refund_view(payment, "rfd_9a31", len(events), actor, p.MONDAY + timedelta(days))
    shown: dict[str, Any] = on_the_wire(view)
    return shown


def rels(view: dict[str, Any]) -> tuple[list[str], list[str]]:
    return [action["rel"] for action in view["available_actions"]], [
        action["rel"] for action in view["unavailable_actions"]
    ]


def test_s58_an_issued_refund_shows_when_to_expect_the_money() -> None:
    view = seen(*p.APPROVED, p.issued())
    assert (view["state"], view["amount"], view["destination"]) == (
        "issued",
        {"amount": "25.00", "currency": "USD"},
        "original",
    )
    assert view["expected_credit"] == {
        "from_at": "2026-03-06T00:00:00.000000Z",
        "until_at": "2026-03-24T00:00:00.000000Z",
    }
    assert view["expected_business_days"] == [3, 15]


def test_s62_a_refund_is_overdue_after_the_window_and_still_issued() -> None:
    assert [seen(*p.APPROVED, p.issued(), days=days)["overdue"] for days in (21, 22)] == [False, True]
    assert seen(*p.APPROVED, p.issued(), days=22)["state"] == "issued"


@pytest.mark.parametrize(
    ("method", "codes"),
    [
        ("visa", ["usd_account", "local_currency", "bank_settlement_time", "correspondent_bank"]),
        ("maestro", ["usd_account", "local_currency", "bank_settlement_time", "correspondent_bank"]),
        ("bank_transfer", ["refund_account_correct", "posting_time"]),
    ],
)
def test_s63_the_checks_depend_on_how_the_order_was_paid(method: str, codes: list[str]) -> None:
    assert [check["code"] for check in seen(p.captured(method), p.requested(), p.approved())["checks"]] == codes


def test_s63_a_failed_refund_offers_a_retry_to_the_buyer_and_to_support() -> None:
    failed = (*p.APPROVED, p.failed(1, p.MONDAY + timedelta(minutes=1)))
    assert rels(seen(*failed)) == (["retry", "correct-account"], [])
    by_people = ["agree-retry", "record-manual-payment", "agree-manual-payment", "abandon", "agree-abandonment"]
    by_people += ["end-doubt", "agree-end-doubt"]
    assert rels(seen(*failed, actor=p.SUPPORT)) == (["retry"], [*by_people, "re-request", "agree-re-request"])
    assert rels(seen(*failed, actor=p.SELLER)) == ([], [])


def test_what_people_took_over_offers_a_retry_to_support_alone() -> None:
    manual = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
    assert rels(seen(*manual)) == (["correct-account"], [])
    agrees = ["agree-retry", "agree-manual-payment", "agree-abandonment", "end-doubt", "agree-end-doubt"]
    agrees += ["re-request", "agree-re-request"]
    assert rels(seen(*manual, actor=p.SUPPORT)) == (["retry", "record-manual-payment", "abandon"], agrees)


def test_a_retry_that_is_not_possible_says_why() -> None:
    view = seen(*p.APPROVED, p.issued())
    refused = [(action["rel"], action["code"]) for action in view["unavailable_actions"]]
    assert refused == [("retry", "wrong_phase"), ("correct-account", "wrong_phase")]


def test_t30a_a_refused_refund_shows_the_reason() -> None:
    refused = given(refunds, p.captured()).when(p.request(parts={"a": 6001})).events
    view = seen(p.captured(), *refused)
    assert (view["state"], view["reason"], view["expected_credit"]) == ("refused", "amount_exceeds_cap", None)


@pytest.mark.parametrize("role", ["case_team", "support", "ops"])
def test_staff_see_every_refund(role: str) -> None:
    assert seen(*p.APPROVED, actor=Actor(id="x", roles=frozenset({role})))["id"] == "rfd_9a31"


@pytest.mark.parametrize(
    "actor", [p.STRANGER, Actor(id="w1", roles=frozenset({"warehouse", "service"})), Actor(id="bea", roles=frozenset())]
)
def test_strangers_see_no_refund(actor: Actor) -> None:
    with pytest.raises(NotFound):
        seen(*p.APPROVED, actor=actor)


def test_a_refund_is_seen_by_its_own_line_s_seller_and_not_by_the_order_s() -> None:
    events = (p.captured(), p.requested(seller_id=p.OTHER_SELLER.id), p.approved())
    assert seen(*events, actor=p.OTHER_SELLER)["id"] == seen(*events, actor=p.BUYER)["id"] == "rfd_9a31"
    with pytest.raises(NotFound):
        seen(*events, actor=p.SELLER)


def test_a_refund_that_names_no_seller_is_the_payment_s_seller_s() -> None:
    assert seen(*p.APPROVED, actor=p.SELLER)["id"] == "rfd_9a31"
    with pytest.raises(NotFound):
        seen(*p.APPROVED, actor=p.OTHER_SELLER)


class Later(RefundRequested):
    """What the next version stores of a request."""

    fraud_score: str


@pytest.mark.case("M2+5", given="a field of a refund's event that nobody has listed", right="hidden")
def test_a_refund_shows_what_its_view_names_and_nothing_that_an_event_holds_besides(came: Came) -> None:
    later = Later(**dict(p.requested()), fraud_score="0.13")
    for viewer in (p.BUYER, p.SELLER, p.SUPPORT):
        view = seen(p.captured(), later, p.approved(), p.issued(), actor=viewer)
        named = (RefundView, RefundRow, Actions)
        assert set(view) == {name for members in named for name in members.__annotations__}
        assert "0.13" not in str(view)
    came("hidden")
