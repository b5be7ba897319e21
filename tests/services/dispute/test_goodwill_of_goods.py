"""Goodwill of goods: a seller sends pieces anew, and nothing of the order rests on it (S20)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.goodwill import GrantGoodwill
from dispute.domain.orders.goodwill.replacing import ReceiveGoodwill, ShipGoodwill
from dispute.policies import notify
from dispute.views.dry_run import parties
from dispute.views.orders.goodwill import goodwill_views
from shared.events.base import Actor, Event
from shared.events.dispute import DisputeOpened, RefundDue
from shared.events.ids import derived_uuid
from shared.events.order import (
    GoodwillReplacementGranted,
    GoodwillReplacementReceived,
    GoodwillReplacementShipped,
    Pieces,
)
from shared.rejections import Forbidden, NotFound, ValidationFailed, WrongPhase
from tests.services.dispute.orders.test_cancellation import cancelled
from tests.services.dispute.test_goodwill import P, R, bought, grant
from tests.support.builders.bank import takes_back
from tests.support.builders.disputes import open_dispute
from tests.support.builders.mediation import SUPPORT
from tests.support.builders.orders import (
    BUYER,
    ORDER,
    ORDER_STREAM,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    order_of,
    usd,
)
from tests.support.policies import recorded
from tests.support.spec import given

GIVING = on("Mar 6")
RIGHT, OTHER, MISTYPED = "EE123456785DE", "RR123456785ES", "EE123456784DE"
TWO = (order_line("l1", "30.00", quantity=2), order_line("l2", "20.00", seller_id=OTHER_SELLER.id))


def give(at: datetime = GIVING, actor: Actor = SELLER, n: int = 1, **lines: Any) -> GrantGoodwill:
    """The seller sends a piece of the first line anew, unless lines are named with their quantities."""
    money = grant(at, actor=actor, n=n, **lines)
    return money.model_copy(
        update={"type": "replacement", "amount": None, "command_id": derived_uuid("give", actor.id, n)}
    )


def given_id(happened: Histories) -> str:
    return list(order_of(happened).gifts.replacements)[-1]


def ship(happened: Histories, number: str = RIGHT, actor: Actor = SELLER, **more: Any) -> ShipGoodwill:
    named = {"command_id": derived_uuid("ship", number, actor.id), "actor": actor, "at": on("Mar 8"), "order_id": ORDER}
    return ShipGoodwill(**{"goodwill_id": given_id(happened), "tracking_number": number} | named | more)


def receive(happened: Histories, actor: Actor = BUYER, **more: Any) -> ReceiveGoodwill:
    named = {"command_id": derived_uuid("receive", actor.id), "actor": actor, "at": on("Mar 12"), "order_id": ORDER}
    return ReceiveGoodwill(**{"goodwill_id": given_id(happened)} | named | more)


GIVEN = after(bought(*TWO), give(l1=2))
SENT = after(GIVEN, ship(GIVEN))
RECEIVED = after(SENT, receive(SENT))


def test_s20_a_seller_sends_pieces_anew_and_no_money_moves() -> None:
    outcome = given(decider, bought(*TWO)).when(give(l1=2)).then_types(GoodwillReplacementGranted)
    (granted,) = outcome.events
    assert granted.goodwill_id.startswith("gdw_")
    assert (granted.pieces, granted.seller_id) == ((Pieces(line_id="l1", quantity=2),), SELLER.id)
    before = order_of(bought(*TWO))
    for happened in (GIVEN, SENT, RECEIVED):
        assert order_of(happened).lines == before.lines
        assert [due for due in happened[ORDER_STREAM] if isinstance(due, RefundDue)] == []
        assert list(decider.deadlines(ORDER_STREAM, happened[ORDER_STREAM][-1])) == []


@pytest.mark.parametrize(
    ("happened", "state", "parcel"),
    [
        (GIVEN, "promised", None),
        (SENT, "sent", (RIGHT, None)),
        (RECEIVED, "received", (RIGHT, on("Mar 12"))),
        (after(GIVEN, receive(GIVEN)), "received", (None, on("Mar 12"))),
    ],
)
def test_s20_what_was_promised_is_sent_and_received(happened: Histories, state: str, parcel: Any) -> None:
    """It may come, too, without a word of its parcel."""
    (view,) = goodwill_views(order_of(happened), BUYER)
    assert (view["type"], view["lines"], view["amount"]) == ("replacement", [{"line_id": "l1", "quantity": 2}], None)
    shown = view["replacement"]
    assert (view["state"], shown and (shown["tracking_number"], shown["received_at"])) == (state, parcel)


def test_s20_goods_and_money_are_listed_in_the_order_in_which_they_were_given() -> None:
    both = after(GIVEN, grant(on("Mar 7"), "5.00"), give(on("Mar 9"), n=2))
    kinds = [(one["type"], one["state"]) for one in goodwill_views(order_of(both), BUYER)]
    assert kinds == [("replacement", "promised"), ("refund_only", "promised"), ("replacement", "promised")]


@pytest.mark.parametrize(
    "happened",
    [
        after(bought(), expire_order("protection_end", P), expire_order("release", R)),
        after(bought(), grant(on("Mar 6"), "50.00")),
        after(bought(), takes_back(on("Mar 7"))),
        after(bought(delivered=None), open_dispute(on("Mar 12"))),
        bought(payment={"payee": "seller"}),
    ],
    ids=["paid out", "given as money", "a bank decides", "disputed", "never with the platform"],
)
def test_s20_goods_are_given_wherever_the_money_is(happened: Histories) -> None:
    given(decider, happened).when(give(on("Mar 21"))).then_types(GoodwillReplacementGranted)


def test_s20_of_a_cancelled_order_nothing_is_sent_anew() -> None:
    cancelled(order()).when(give(on("Mar 13"))).then_rejects(WrongPhase)


def test_s20_nothing_is_sent_anew_that_nobody_has_paid() -> None:
    given(decider, order(paid_at=None)).when(give()).then_rejects(WrongPhase)


@pytest.mark.parametrize(
    ("lines", "code"), [({"l2": 1}, "unknown_line"), ({"l9": 1}, "unknown_line"), ({"l1": 3}, "too_many")]
)
def test_s20_a_seller_sends_its_own_pieces_alone(lines: dict[str, Any], code: str) -> None:
    refusal = given(decider, bought(*TWO)).when(give(**lines)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == code


def test_s20_goods_have_no_amount_and_money_has_one() -> None:
    priced = give().model_copy(update={"amount": usd("1.00")})
    assert given(decider, bought()).when(priced).then_rejects(ValidationFailed).errors[0]["code"] == "not_expected"
    unpriced = grant(on("Mar 6")).model_copy(update={"amount": None})
    assert given(decider, bought()).when(unpriced).then_rejects(ValidationFailed).errors[0]["code"] == "missing"


def test_s20_nobody_but_the_seller_gives_goods_or_sends_them() -> None:
    given(decider, bought()).when(give(actor=BUYER)).then_rejects(Forbidden)
    given(decider, GIVEN).when(ship(GIVEN, actor=BUYER)).then_rejects(Forbidden)
    given(decider, GIVEN).when(ship(GIVEN, actor=OTHER_SELLER)).then_rejects(NotFound)
    given(decider, GIVEN).when(ship(GIVEN, goodwill_id="gdw_of_nobody")).then_rejects(NotFound)


def test_s20_s81_the_number_is_kept_as_the_carrier_writes_it_and_a_mistyped_one_refused() -> None:
    typed = ship(GIVEN, "ee 123 456 785 de", carrier="Deutsche Post")
    (shipped,) = given(decider, GIVEN).when(typed).then_types(GoodwillReplacementShipped).events
    assert shipped.tracking_number == RIGHT
    refusal = given(decider, GIVEN).when(ship(GIVEN, MISTYPED)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == "check_digit"


def test_s20_it_is_sent_once() -> None:
    """The same number again says nothing new, however it is typed."""
    given(decider, SENT).when(ship(SENT, "EE 123456785 DE")).then_nothing()
    refusal = given(decider, SENT).when(ship(SENT, OTHER)).then_rejects(WrongPhase)
    assert refusal.members["state"] == "sent"
    refusal = given(decider, RECEIVED).when(ship(RECEIVED, OTHER)).then_rejects(WrongPhase)
    assert refusal.members["state"] == "received"


def test_s20_the_buyer_or_support_confirms_and_once() -> None:
    for actor in (BUYER, SUPPORT):
        given(decider, SENT).when(receive(SENT, actor)).then_types(GoodwillReplacementReceived)
        given(decider, RECEIVED).when(receive(RECEIVED, actor)).then_nothing()
    given(decider, SENT).when(receive(SENT, SELLER)).then_rejects(Forbidden)
    given(decider, SENT).when(receive(SENT, goodwill_id="gdw_of_nobody")).then_rejects(NotFound)


@pytest.mark.parametrize(("day", "code"), [("Mar 13", "in_the_future"), ("Mar 4", "before_agreed")])
def test_s20_it_comes_after_it_was_given_and_not_ahead(day: str, code: str) -> None:
    refusal = given(decider, SENT).when(receive(SENT, received_at=on(day))).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == code and "S20" in refusal.cited


def test_s20_who_gets_nothing_disputes_as_before() -> None:
    promised = after(bought(delivered=None), give())
    opened = given(decider, promised).when(open_dispute(on("Mar 12"))).accepted
    assert any(isinstance(event, DisputeOpened) for event in opened.events)


def test_s20_another_seller_of_the_order_sees_nothing_of_the_goods() -> None:
    assert [len(goodwill_views(order_of(SENT), who)) for who in (BUYER, SELLER, OTHER_SELLER)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("happened", "kind", "role", "recipient"),
    [
        (GIVEN, "replacement_granted", "buyer", BUYER),
        (SENT, "replacement_shipped", "buyer", BUYER),
        (RECEIVED, "replacement_received", "seller", SELLER),
    ],
)
def test_s54_s20_the_other_party_is_told_of_each_step(
    happened: Histories, kind: str, role: str, recipient: Actor
) -> None:
    """Of several sellers the one whose goods they are, also in a dry run."""
    event: Event = happened[ORDER_STREAM][-1]
    (send,) = notify(recorded(event, ORDER_STREAM))
    asked: Any = send.command
    assert (asked.kind, asked.roles, asked.about, asked.amount) == (kind, (role,), given_id(happened), None)
    assert [told.recipient for told in given(decider, happened).when(asked).events] == [recipient.id]
    assert parties(order_of(happened), event).seller_ids == {SELLER.id}
