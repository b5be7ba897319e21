"""A form that does not fit is refused by one problem that names the place and the rule, and leaves no trace in any
log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.client import Json, Services
from tests.e2e.deals import Deal, day_after, instant, ordered, usd
from tests.e2e.log import Logs, unchanged
from tests.e2e.problem import is_one_problem

pytestmark = pytest.mark.e2e

TWO_OF_IT = [{"line_id": "1", "price": usd("25.00"), "quantity": 2}]
TWO_SELLERS = [
    {"line_id": "1", "price": usd("25.00")},
    {"line_id": "2", "price": usd("25.00"), "seller_id": "another-seller"},
]
ASSURED = [{"line_id": "1", "price": usd("50.00"), "flags": ["authenticity_assured"]}]

DEALS: dict[str, Json] = {
    "plain": {},
    "two pieces": {"lines": TWO_OF_IT},
    "two sellers": {"lines": TWO_SELLERS},
    "assured": {"lines": ASSURED},
    "off the platform": {"channel": "off_platform"},
    "paid to the seller": {"payment": {"payee": "seller"}},
    "restricted buyer": {"buyer_account_status": "restricted"},
    "just shipped": {"promised": 30, "facts": {"shipped": -1}},
    "not shipped": {"promised": None, "facts": {}},
    "delivered": {"promised": -3, "facts": {"shipped": -9, "delivered": -1}},
    "over": {"promised": -24, "facts": {"shipped": -24, "delivered": -17}},
}
"""The orders that the forms are about."""


@pytest.fixture(scope="module")
async def deals(services: Services) -> dict[str, Deal]:
    """Every order, registered and at rest."""
    made = {name: await ordered(services, **given) for name, given in DEALS.items()}
    await services.at_rest()
    return made


@pytest.fixture(autouse=True)
async def nothing_is_recorded(logs: Logs, deals: dict[str, Deal]) -> AsyncIterator[None]:
    async with unchanged(logs):
        yield


FORMS: dict[str, tuple[str, Json, int, str, list[str], list[str]]] = {
    # what: the order, the form's changes, and the refusal: status, code, rules, places
    "an unknown field": ("plain", {"colour": "red"}, 422, "validation_failed", [], ["/colour"]),
    "an unknown field of a line": (
        "plain",
        {"lines": [{"line_id": "1", "colour": "red"}]},
        422,
        "validation_failed",
        [],
        ["/lines/0/colour"],
    ),
    "no amount": ("plain", {"amount": None}, 422, "validation_failed", [], ["/amount"]),
    "an amount that is a number": (
        "plain",
        {"amount": {"amount": 5, "currency": "USD"}},
        422,
        "validation_failed",
        [],
        ["/amount/amount"],
    ),
    "too many decimals": ("plain", {"amount": usd("5.000")}, 422, "validation_failed", [], ["/amount/amount"]),
    "too few decimals": ("plain", {"amount": usd("5")}, 422, "validation_failed", [], ["/amount/amount"]),
    "a negative amount": ("plain", {"amount": usd("-5.00")}, 422, "validation_failed", [], ["/amount/amount"]),
    "an amount in scientific notation": (
        "plain",
        {"amount": usd("5e0")},
        422,
        "validation_failed",
        [],
        ["/amount/amount"],
    ),
    "an unknown currency": (
        "plain",
        {"amount": {"amount": "5.00", "currency": "XYZ"}},
        422,
        "validation_failed",
        [],
        ["/amount/currency"],
    ),
    "money with more members": (
        "plain",
        {"amount": usd("5.00") | {"tax": "1.00"}},
        422,
        "validation_failed",
        [],
        ["/amount"],
    ),
    "another currency than the order's": (
        "plain",
        {"amount": {"amount": "5.00", "currency": "EUR"}},
        422,
        "validation_failed",
        ["S45"],
        ["/amount/currency"],
    ),
    "nothing asked for": ("plain", {"amount": usd("0.00")}, 422, "validation_failed", ["S45"], ["/amount/amount"]),
    "more than the line's cap": ("plain", {"amount": usd("50.01")}, 422, "amount_exceeds_cap", ["S45"], []),
    "more than one piece's part of the cap": (
        "two pieces",
        {"amount": usd("25.01")},
        422,
        "amount_exceeds_cap",
        ["S45"],
        [],
    ),
    "more pieces than were ordered": (
        "two pieces",
        {"lines": [{"line_id": "1", "quantity": 3}]},
        422,
        "validation_failed",
        ["S109"],
        ["/lines/0/quantity"],
    ),
    "no piece": (
        "plain",
        {"lines": [{"line_id": "1", "quantity": 0}]},
        422,
        "validation_failed",
        [],
        ["/lines/0/quantity"],
    ),
    "half a piece": (
        "plain",
        {"lines": [{"line_id": "1", "quantity": 0.5}]},
        422,
        "validation_failed",
        [],
        ["/lines/0/quantity"],
    ),
    "a quantity in words": (
        "plain",
        {"lines": [{"line_id": "1", "quantity": "1"}]},
        422,
        "validation_failed",
        [],
        ["/lines/0/quantity"],
    ),
    "a line that is not the order's": (
        "plain",
        {"lines": [{"line_id": "2"}]},
        422,
        "validation_failed",
        ["S109"],
        ["/lines/0/line_id"],
    ),
    "a line named twice": (
        "plain",
        {"lines": [{"line_id": "1"}, {"line_id": "1"}]},
        422,
        "validation_failed",
        ["S109"],
        ["/lines/1/line_id"],
    ),
    "lines of two sellers": (
        "two sellers",
        {"lines": [{"line_id": "1"}, {"line_id": "2"}]},
        422,
        "validation_failed",
        ["S109"],
        ["/lines"],
    ),
    "no lines": ("plain", {"lines": []}, 422, "validation_failed", [], ["/lines"]),
    "no type (S29)": ("plain", {"type": None}, 422, "validation_failed", [], ["/type"]),
    "both types (S29)": (
        "plain",
        {"type": ["refund_only", "return_and_refund"]},
        422,
        "validation_failed",
        [],
        ["/type"],
    ),
    "a type that only sellers offer": ("plain", {"type": "replacement"}, 422, "validation_failed", [], ["/type"]),
    "an unknown reason": ("plain", {"reason": "boredom"}, 422, "validation_failed", [], ["/reason"]),
    "a reason of the system's own": (
        "plain",
        {"reason": "return_condition"},
        422,
        "validation_failed",
        [],
        ["/reason"],
    ),
    "an empty description": ("plain", {"description": ""}, 422, "validation_failed", [], ["/description"]),
    "a description of white space": ("plain", {"description": " \n "}, 422, "validation_failed", [], ["/description"]),
    "a description above 2,000 characters": (
        "plain",
        {"description": "x" * 2001},
        422,
        "validation_failed",
        [],
        ["/description"],
    ),
    "evidence that nobody uploaded": (
        "plain",
        {"evidence": ["evd_1"]},
        422,
        "validation_failed",
        ["S30"],
        ["/evidence/0"],
    ),
    "an order id that none has": ("plain", {"order_id": "no  order"}, 422, "validation_failed", [], ["/order_id"]),
    "an unknown order": ("plain", {"order_id": "nobody-ordered-this"}, 404, "not_found", [], []),
    "an order outside the platform (S7)": ("off the platform", {}, 422, "not_eligible_off_platform", ["S7"], []),
    "an order paid to the seller (S8)": ("paid to the seller", {}, 422, "not_eligible_off_platform", ["S8"], []),
    "an account not in good standing (S14)": ("restricted buyer", {}, 403, "account_not_in_good_standing", ["S14"], []),
    "the tenth day after shipment (S21)": ("just shipped", {}, 409, "too_early", ["S21"], []),
    "an order that nobody shipped (S21)": ("not shipped", {}, 409, "too_early", ["S21"], []),
    "after the protection's end (S22)": ("over", {"reason": "late"}, 409, "protection_expired", ["S22"], []),
    "a charge that nobody authorised (S10)": (
        "plain",
        {"reason": "unauthorised_charge"},
        422,
        "reason_not_covered",
        ["S10"],
        [],
    ),
    "a change of mind (S13)": ("plain", {"reason": "change_of_mind"}, 422, "reason_not_covered", ["S13"], []),
    "not received and yet delivered (S11)": ("delivered", {}, 422, "reason_not_covered", ["S11"], []),
    "a fake that was never said to be genuine (S3)": (
        "plain",
        {"reason": "counterfeit"},
        422,
        "reason_not_covered",
        ["S3"],
        [],
    ),
    "a fake without a picture (S30)": ("assured", {"reason": "counterfeit"}, 422, "evidence_required", ["S30"], []),
    **{
        f"{reason} without evidence (S30)": ("plain", {"reason": reason}, 422, "evidence_required", ["S30"], [])
        for reason in (
            "not_as_described",
            "damaged",
            "shortage",
            "defective",
            "wrong_item",
            "wrong_size",
            "wrong_address",
        )
    },
    "Chinese text (S31)": (
        "plain",
        {"description": "Né, 东西没有到"},
        422,
        "validation_failed",
        ["S31"],
        ["/description"],
    ),
    "a NUL in a text": ("plain", {"description": "no\0thing"}, 422, "validation_failed", [], ["/description"]),
    "a NUL in a name": ("plain", {"no\0thing": 1}, 422, "validation_failed", [], [""]),
    "half a surrogate pair": (
        "plain",
        {"description": "nothing \ud83d came"},
        422,
        "validation_failed",
        [],
        ["/description"],
    ),
}


@pytest.mark.parametrize("what", FORMS)
async def test_a_form_is_refused_for(deals: dict[str, Deal], what: str) -> None:
    order, changes, status, code, rules, places = FORMS[what]
    is_one_problem(await deals[order].open(**changes), status, code, rules, places)


async def test_too_early_names_the_first_instant_that_is_not(deals: dict[str, Deal]) -> None:
    deal = deals["just shipped"]
    shipped = instant(deal.body["facts"][0]["at"])
    assert instant((await deal.open())["opens_at"]) == day_after(shipped, 11)
    unshipped = deals["not shipped"]
    assert instant((await unshipped.open())["opens_at"]) == day_after(instant(unshipped.body["placed_at"]), 30)


async def test_protection_expired_names_when_it_ended_and_whom_to_ask(deals: dict[str, Deal]) -> None:
    deal = deals["over"]
    refused = await deal.open(reason="late")
    assert instant(refused["ended_at"]) == day_after(instant(deal.body["facts"][1]["at"]), 16)
    assert {action["rel"] for action in refused["actions"]} == {"contact-seller", "contact-support"}


async def test_an_amount_above_the_cap_is_told_the_cap(deals: dict[str, Deal]) -> None:
    assert (await deals["two pieces"].open(amount=usd("50.00")))["cap"] == usd("25.00")


async def test_an_unauthorised_charge_is_referred_to_the_card_issuer(deals: dict[str, Deal]) -> None:
    assert (await deals["plain"].open(reason="unauthorised_charge"))["referral"] == "card_issuer"


async def test_what_is_merely_unwanted_is_a_matter_for_the_seller(deals: dict[str, Deal]) -> None:
    refused = await deals["plain"].open(reason="change_of_mind")
    assert {action["rel"] for action in refused["actions"]} == {"contact-seller", "contact-support"}


@pytest.mark.parametrize(
    ("reason", "order", "instead"),
    [("not_received", "delivered", "wrong_address"), ("counterfeit", "plain", "not_as_described")],
)
async def test_a_reason_that_does_not_fit_suggests_the_one_that_does(
    deals: dict[str, Deal], reason: str, order: str, instead: str
) -> None:
    assert (await deals[order].open(reason=reason))["suggest"] == instead


async def test_chinese_text_is_shown_by_its_positions(deals: dict[str, Deal]) -> None:
    refused = await deals["plain"].open(description="Ça, 商 и — “ñ”，да。ｶ")
    assert [fault["positions"] for fault in refused["errors"]] == [[4, 13, 16, 17]]


async def test_no_refusal_repeats_what_was_sent(deals: dict[str, Deal]) -> None:
    secret = "a-secret-that-nobody-repeats"
    for changes in (
        {"amount": usd(secret)},
        {"reason": secret},
        {"lines": [{"line_id": secret}]},
        {"evidence": [secret]},
        {"order_id": secret},
    ):
        assert secret not in (await deals["plain"].open(**changes)).raw.decode()
