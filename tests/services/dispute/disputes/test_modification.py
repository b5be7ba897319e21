"""A changed request is a change, judged as the first one was, on the order as it stands now (T7, G6, G7, S43)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.rejections import ReasonNotCovered
from shared.events.dispute import Decision, Payer, Reason, RequestModified, SolutionType
from shared.rejections import Rejected, ValidationFailed
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    counter,
    dispute_id,
    dispute_of,
    modify,
    offer,
    open_dispute,
    opened,
    respond,
)
from tests.support.builders.orders import Histories, after, on, order, record, terms
from tests.support.spec import given

RETURN = SolutionType.RETURN_AND_REFUND
SHIPPED = order(shipped="Mar 1")
LATE = after(opened(reason=Reason.LATE), counter(on("Mar 13")))
LOST = after(SHIPPED, record("carrier_lost", on("Mar 4")))


def code(happened: Histories, command: Any) -> str:
    """The refusal's code, and for a form's fault the field's and its pointer; `accepted` where there is none."""
    refusal: Rejected | None = given(decider, happened).when(command).rejection
    if isinstance(refusal, ValidationFailed):
        return " ".join((refusal.errors[0]["code"], refusal.errors[0]["pointer"])).strip()
    return refusal.code if refusal else "accepted"


# A change is one


@pytest.mark.case("B10", given="modification with amount null", right="nothing_changed")
def test_s43_a_change_of_nothing_is_refused_and_gives_the_seller_no_new_days(came: Came) -> None:
    came(code(LATE, modify(on("Mar 14"))))


SAME = [
    pytest.param({"evidence": ()}, marks=pytest.mark.case("B10+1", given="evidence []", right="nothing_changed")),
    pytest.param(
        {"amount": "50.00"}, marks=pytest.mark.case("B10+2", given="the same amount", right="nothing_changed")
    ),
    pytest.param(
        {"amount": "50.00", "type": SolutionType.REFUND_ONLY, "reason": Reason.LATE},
        marks=pytest.mark.case("B10+3", given="the same amount, type and reason", right="nothing_changed"),
    ),
    pytest.param(
        {"description": None, "type": SolutionType.REFUND_ONLY},
        marks=pytest.mark.case("B10+4", given="the same type, description null", right="nothing_changed"),
    ),
]


@pytest.mark.parametrize("named", SAME)
def test_s43_what_stands_already_is_no_change(named: dict[str, Any], came: Came) -> None:
    came(code(LATE, modify(on("Mar 14"), **named)))


@pytest.mark.case("B10+5", given="a counter-offer of what the buyer asks for", right="nothing_changed /solution")
def test_s42_a_counter_offer_is_another_solution_than_the_buyers(came: Came) -> None:
    came(code(opened(reason=Reason.LATE), counter(on("Mar 13"), "50.00")))


@pytest.mark.case("B10+6", given="a counter-offer of the changed request", right="nothing_changed /solution")
def test_s42_a_counter_offer_is_another_one_than_the_last_request(came: Came) -> None:
    came(code(after(LATE, modify(on("Mar 14"), amount="40.00")), counter(on("Mar 15"), "40.00")))


@pytest.mark.case("B10+7", given="the same counter-offer to the changed request", right="accepted, 20.00 stands")
def test_t3_s42_a_seller_may_stand_by_an_offer_when_the_request_has_changed(came: Came) -> None:
    changed = after(LATE, modify(on("Mar 14"), amount="40.00"))
    assert dispute_of(changed).offer is None
    same = counter(on("Mar 15"))
    offered = dispute_of(after(changed, same)).offer
    came(f"{code(changed, same)}, {offered and offered.amount.amount} stands")


def test_s42_another_payer_of_the_freight_makes_another_offer() -> None:
    happened = opened(type=RETURN)
    dearer = offer("50.00", RETURN, freight_payer=Payer.BUYER)
    assert code(happened, counter(on("Mar 13"), solution=dearer)) == "accepted"
    assert code(happened, counter(on("Mar 13"), solution=offer("50.00", RETURN))) == "nothing_changed /solution"


@pytest.mark.parametrize("named", [{"amount": "49.99"}, {"description": "Still."}, {"type": RETURN}])
def test_s43_whatever_differs_is_a_change(named: dict[str, Any]) -> None:
    given(decider, LATE).when(modify(on("Mar 14"), **named)).then_types(RequestModified)


# A new reason is judged on the order as it stands


@pytest.mark.case("R2", given="opened as late, delivered, changed to not_received", right="reason_not_covered S11")
def test_s11_t7_g6_a_change_to_not_received_meets_the_carriers_delivery(came: Came) -> None:
    delivered = after(LATE, record("delivered", on("Mar 13", "18:00"), disputes=(dispute_id(),)))
    refusal = (
        given(decider, delivered).when(modify(on("Mar 14"), reason=Reason.NOT_RECEIVED)).then_rejects(ReasonNotCovered)
    )
    came(f"{refusal.code} {' '.join(refusal.cited)}")


@pytest.mark.case("R2+1", given="changed to counterfeit, not assured", right="reason_not_covered S3")
def test_s3_t7_a_change_to_counterfeit_meets_the_listing(came: Came) -> None:
    refusal = given(decider, LATE).when(modify(on("Mar 14"), reason=Reason.COUNTERFEIT)).then_rejects(ReasonNotCovered)
    came(f"{refusal.code} {' '.join(refusal.cited)}")


@pytest.mark.case("R2+2", given="not_received changed to late within the promised days", right="reason_not_covered S6")
def test_s6_t7_a_change_to_late_meets_the_promise(came: Came) -> None:
    lost = after(order(shipped="Mar 1", promised_by=on("Mar 30").date()), record("carrier_lost", on("Mar 4")))
    happened = after(opened(happened=lost), counter(on("Mar 13")))
    refusal = given(decider, happened).when(modify(on("Mar 14"), reason=Reason.LATE)).then_rejects(ReasonNotCovered)
    came(f"{refusal.code} {' '.join(refusal.cited)}")


@pytest.mark.case("R2+3", given="changed to change_of_mind", right="reason_not_covered S13")
def test_s13_t7_a_change_to_an_unwanted_item_is_no_ground_either(came: Came) -> None:
    refusal = (
        given(decider, LATE).when(modify(on("Mar 14"), reason=Reason.CHANGE_OF_MIND)).then_rejects(ReasonNotCovered)
    )
    came(f"{refusal.code} {' '.join(refusal.cited)}")


def test_k9_t7_a_scan_decides_nothing_about_the_reason_that_stands() -> None:
    came = record("delivered", on("Mar 13", "18:00"), disputes=(dispute_id(),))
    scanned = after(opened(), counter(on("Mar 13")), came)
    for named in (None, Reason.NOT_RECEIVED):
        given(decider, scanned).when(modify(on("Mar 14"), amount="40.00", reason=named)).then_types(RequestModified)


# Late is late


PROMISED = on("Mar 10").date()


@pytest.mark.case("R3", given="late, delivered five days before the promised day", right="reason_not_covered")
def test_s6_g6_what_came_in_time_is_not_late(came: Came) -> None:
    came(
        code(order(shipped="Mar 1", delivered="Mar 5", promised_by=PROMISED), open_dispute(on("Mar 12"), reason="late"))
    )


IN_TIME = [
    pytest.param(
        {"delivered": "Mar 10"},
        marks=pytest.mark.case("R3+1", given="late, delivered on the promised day", right="reason_not_covered"),
    ),
    pytest.param(
        {"finished": "Mar 9"},
        marks=pytest.mark.case("R3+2", given="late, finished before the promised day", right="reason_not_covered"),
    ),
    pytest.param(
        {"facts": record("carrier_lost", on("Mar 4")).fact},
        marks=pytest.mark.case("R3+3", given="late, while the promised days run", right="reason_not_covered"),
    ),
]


@pytest.mark.parametrize("told", IN_TIME)
def test_s6_g6_late_is_what_the_promise_says(told: dict[str, Any], came: Came) -> None:
    facts = (told["facts"],) if "facts" in told else ()
    days = {name: day for name, day in told.items() if name != "facts"}
    happened = order(shipped="Mar 1", promised_by=PROMISED, facts=facts, **days)
    came(code(happened, open_dispute(on("Mar 10"), reason="late")))


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ({"delivered": "Mar 11", "promised_by": PROMISED}, "Mar 12"),
        ({"promised_by": PROMISED}, "Mar 11"),
        ({"delivered": "Mar 5"}, "Mar 12"),
        ({}, "Mar 12"),
    ],
)
def test_s6_g6_late_is_accepted_behind_the_promise_and_without_one(told: dict[str, Any], at: str) -> None:
    assert code(order(shipped="Mar 1", **told), open_dispute(on(at), reason="late")) == "accepted"


def test_s6_the_promised_day_ends_in_the_policy_time_zone() -> None:
    promised = order(shipped="Mar 1", promised_by=PROMISED, terms=terms(timezone="America/Sao_Paulo"))
    came_at = after(promised, record("delivered", on("Mar 11", "02:30")))
    assert code(came_at, open_dispute(on("Mar 12"), reason="late")) == "reason_not_covered"


# What never came cannot go back


@pytest.mark.case("R4", given="not_received with return_and_refund", right="nothing_to_return /type")
def test_g7_what_never_came_cannot_go_back(came: Came) -> None:
    came(code(SHIPPED, open_dispute(on("Mar 12"), reason=Reason.NOT_RECEIVED, type=RETURN)))


@pytest.mark.case("R4+1", given="lost by the carrier, return_and_refund", right="nothing_to_return /type")
def test_g7_what_the_carrier_lost_cannot_go_back(came: Came) -> None:
    came(code(LOST, open_dispute(on("Mar 12"), reason=Reason.LATE, type=RETURN)))


@pytest.mark.case("R4+2", given="not_received, then the type changed", right="nothing_to_return /type")
def test_g7_t7_a_change_of_the_type_cannot_ask_for_it_either(came: Came) -> None:
    came(code(after(opened(), counter(on("Mar 13"))), modify(on("Mar 14"), type=RETURN)))


@pytest.mark.case("R4+3", given="a return changed to not_received", right="nothing_to_return /type")
def test_g7_t7_nor_a_change_of_the_reason(came: Came) -> None:
    happened = after(opened(type=RETURN), counter(on("Mar 13")))
    came(code(happened, modify(on("Mar 14"), reason=Reason.NOT_RECEIVED)))


@pytest.mark.case(
    "R4+4", given="a counter-offer of a return for not_received", right="nothing_to_return /solution/type"
)
def test_g7_t3_nor_can_the_seller_offer_it(came: Came) -> None:
    came(code(opened(), counter(on("Mar 13"), solution=offer("20.00", RETURN))))


@pytest.mark.case(
    "R4+5", given="a counter-offer of a return, lost while disputed", right="nothing_to_return /solution/type"
)
def test_g7_t3_nor_once_the_carrier_has_lost_it(came: Came) -> None:
    lost = after(opened(reason=Reason.LATE), record("carrier_lost", on("Mar 12", "18:00")))
    came(code(lost, counter(on("Mar 13"), solution=offer("20.00", RETURN))))


def test_g7_what_was_lost_and_came_after_all_may_go_back() -> None:
    found = after(LOST, record("delivered", on("Mar 11")))
    assert code(found, open_dispute(on("Mar 12"), reason=Reason.LATE, type=RETURN)) == "accepted"


# Addresses may be Chinese


@pytest.mark.case("R11", given="a counter-offer with a return address in Chinese", right="accepted")
def test_s31_an_address_is_written_as_it_is_written(came: Came) -> None:
    returned = offer("20.00", RETURN, address="上海市浦东新区世纪大道100号")
    came(code(opened(reason=Reason.LATE), counter(on("Mar 13"), solution=returned)))


ADDRESSES = [
    pytest.param(
        "北京\uff0c朝阳区", marks=pytest.mark.case("R11+1", given="with a full-width comma", right="accepted")
    ),
    pytest.param("深圳市。", marks=pytest.mark.case("R11+2", given="with an ideographic full stop", right="accepted")),
    pytest.param("〒100-0001 東京都", marks=pytest.mark.case("R11+3", given="in Japanese", right="accepted")),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_s31_every_writing_of_an_address_passes(address: str, came: Came) -> None:
    came(code(opened(reason=Reason.LATE), counter(on("Mar 13"), solution=offer("20.00", RETURN, address=address))))


def test_s31_the_reason_beside_it_is_held_to_the_rule() -> None:
    rejected = respond(Decision.REJECT, on("Mar 13"), reason="坏")
    assert code(opened(), rejected) == "forbidden_characters /reason"


# The way to pay


@pytest.mark.case("R12", given="paid into escrow by voucher", right="accepted")
def test_s9_g1_money_in_escrow_is_protected_by_voucher_too(came: Came) -> None:
    came(code(order(shipped="Mar 1", payment={"method": "voucher"}), open_dispute(on("Mar 12"))))


METHODS = [
    pytest.param("paypal", marks=pytest.mark.case("R12+1", given="paid into escrow by paypal", right="accepted")),
    pytest.param("klarna", marks=pytest.mark.case("R12+2", given="paid into escrow by klarna", right="accepted")),
    pytest.param("pix", marks=pytest.mark.case("R12+3", given="paid into escrow by pix", right="accepted")),
]


@pytest.mark.parametrize("method", METHODS)
def test_s9_g1_and_by_every_other_way(method: str, came: Came) -> None:
    came(code(order(shipped="Mar 1", payment={"method": method}), open_dispute(on("Mar 12"))))
