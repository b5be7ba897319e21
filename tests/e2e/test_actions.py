"""What is listed as possible is accepted, and what is listed as impossible is refused with the listed code: in every
phase, for every party.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from ops.orders.evidence import picture
from tests.e2e.client import Answer, Json, Party, Services, eventually
from tests.e2e.deals import DAY, Deal, Dispute, counter, instant, now, ordered, split, usd, wire

pytestmark = pytest.mark.e2e

BODIES: dict[str, Json | None] = {
    "respond": counter("15.00"),
    "accept": None,
    "modify": {"amount": usd("25.00")},
    "cancel": {"acknowledge_release": True},
    "ship": {"tracking_number": "RR1DE"},
    "correct-tracking": {"tracking_number": "RR2DE", "replaces": "RR1DE"},
    "escalate": None,
    "submit-statement": {"complete": True},
    "appeal": {"ground": "It was another item."},
    "submit-survey": {"rating": 4},
    "send-message": {"text": "Where is it?"},
    "ship-replacement": {"tracking_number": "RR1ES"},
    "confirm-replacement": None,
    "agree-repayment": {"amount": usd("10.00"), "way": "platform"},
    "confirm-repayment": None,
    "receive": None,
    "inspect": {"result": "pass"},
}
"""A body that fits each action's command."""

Reach = Callable[[Services], Awaitable[Dispute]]


async def awaiting_seller(services: Services) -> Dispute:
    return await (await ordered(services)).opened()


async def awaiting_seller_again(services: Services) -> Dispute:
    dispute = await offered(services)
    await dispute.modify(amount=usd("40.00"))
    return dispute


async def offered(services: Services) -> Dispute:
    dispute = await awaiting_seller(services)
    await dispute.respond(counter("20.00"))
    return dispute


async def rejected(services: Services) -> Dispute:
    dispute = await awaiting_seller(services)
    await dispute.respond({"decision": "reject"})
    return dispute


async def after_the_last_round(services: Services) -> Dispute:
    dispute = await offered(services)
    for cents in range(9):
        await dispute.modify(amount=usd(f"40.0{cents}"))
        await dispute.respond(counter(f"20.0{cents}"))
    return dispute


async def escalated(services: Services) -> Dispute:
    dispute = await offered(services)
    await services.move_clock(advance="6d")
    return dispute


async def agreed(services: Services) -> Dispute:
    dispute = await (await ordered(services)).opened(type="return_and_refund")
    await dispute.respond({"decision": "accept"})
    await dispute.when(lambda shown: shown["version"] == 5)
    return dispute


async def cancelled(services: Services) -> Dispute:
    dispute = await awaiting_seller(services)
    (await dispute.cancel()).ok()
    return dispute


async def refunded(services: Services) -> Dispute:
    dispute = await awaiting_seller(services)
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    return dispute


async def under_review(services: Services) -> Dispute:
    dispute = await offered(services)
    await dispute.escalate()
    for party in (dispute.deal.buyer, dispute.deal.seller):
        await dispute.state(party)
    return dispute


async def decided(services: Services) -> Dispute:
    dispute = await under_review(services)
    await dispute.decide(split("30.00"))
    await dispute.when(lambda shown: shown["fulfilment"] == "refund_issued")
    return dispute


async def appealed(services: Services) -> Dispute:
    dispute = await decided(services)
    await dispute.appeal(dispute.deal.seller)
    return dispute


NOT_NOW = "wrong_phase"
NEVER = "not_appealable"


def buyer(**said: str) -> Json:
    """What the buyer's list says; what is not named cannot be done now."""
    named = ("accept", "modify", "cancel", "escalate", "submit-statement", "submit-survey", "confirm-replacement")
    late = ("report-late-arrival", "agree-repayment")
    plain = dict.fromkeys((*named, *late), NOT_NOW) | {"send-message": ""}
    return plain | {"appeal": NEVER} | {name.replace("_", "-"): code for name, code in said.items()}


def seller(**said: str) -> Json:
    """The same of the seller's."""
    named = ("respond", "escalate", "submit-statement", "ship-replacement", "agree-repayment", "confirm-repayment")
    plain = dict.fromkeys(named, NOT_NOW) | {"send-message": ""}
    return plain | {"appeal": NEVER} | {name.replace("_", "-"): code for name, code in said.items()}


YET = "escalation_not_yet"
PHASES: dict[str, tuple[Reach, Json, Json]] = {
    # what leads there; what the buyer may do and not do; the seller
    "awaiting the seller": (awaiting_seller, buyer(cancel="", escalate=YET), seller(respond="", escalate=YET)),
    "awaiting the seller again": (
        awaiting_seller_again,
        buyer(cancel="", escalate=""),
        seller(respond="", escalate=""),
    ),
    "awaiting the buyer with an offer": (
        offered,
        buyer(cancel="", accept="", modify="", escalate=""),
        seller(escalate=""),
    ),
    "awaiting the buyer after a refusal": (
        rejected,
        buyer(cancel="", modify="", escalate=""),
        seller(escalate=""),
    ),
    "after the last round": (
        after_the_last_round,
        buyer(cancel="", accept="", modify="max_rounds", escalate=""),
        seller(escalate=""),
    ),
    "with the case team": (
        escalated,
        buyer(cancel="", submit_statement=""),
        seller(respond="", submit_statement=""),
    ),
    "under review": (under_review, buyer(cancel=""), seller(respond="")),
    "decided": (decided, buyer(appeal="", submit_survey="", report_late_arrival=""), seller(appeal="")),
    "appealed by the seller": (appealed, buyer(appeal="", report_late_arrival=""), seller(appeal="already_appealed")),
    "agreed": (agreed, buyer(cancel=""), seller()),
    "cancelled": (cancelled, buyer(send_message=NOT_NOW), seller(send_message=NOT_NOW)),
    "refunded": (refunded, buyer(send_message=NOT_NOW, report_late_arrival=""), seller(send_message=NOT_NOW)),
}


CLOSED_TO_EVIDENCE = {"under review", "decided", "agreed", "cancelled", "refunded"}
"""Phases in which neither party adds evidence by itself; in the others both do (T11, T14)."""


def listed(shown: Answer) -> dict[str, str]:
    """Every action of the list: the code that speaks against it, nothing where it is possible."""
    possible = {action["rel"]: "" for action in shown["available_actions"]}
    return possible | {action["rel"]: action["code"] for action in shown["unavailable_actions"]}


async def call(party: Party, action: Json, shown: Answer, service: str = "dispute") -> Answer:
    """The action as a client finds it: by its method and address, with the version that was seen."""
    assert action["method"] == "POST"
    key = shown["id"] + action["rel"]
    if action["rel"] == "add-evidence":
        form = aiohttp.FormData()
        form.add_field("file", picture(key), filename="shown.png")
        return await party.send("dispute", "POST", action["href"], {"Idempotency-Key": key}, data=form)
    arrival = {"report-late-arrival": {"arrived_at": shown.body.get("opened_at")}}
    body = (BODIES | arrival)[action["rel"]]
    return await party.post(action["href"], body, key=key, seen=shown.etag, service=service)


@pytest.mark.parametrize("side", ["buyer", "seller"])
@pytest.mark.parametrize("phase", PHASES)
async def test_the_list_keeps_its_word(services: Services, phase: str, side: str) -> None:
    reach, *expected = PHASES[phase]
    adding = {"add-evidence": NOT_NOW if phase in CLOSED_TO_EVIDENCE else ""}
    dispute = await reach(services)
    party: Party = getattr(dispute.deal, side)
    shown = await dispute.show(party)
    assert listed(shown) == expected[side == "seller"] | adding
    for action in shown["unavailable_actions"]:
        refused = await call(party, action, shown)
        assert (refused.refused, refused["rules"]) == ((409, action["code"]), action["rules"])
    assert (await dispute.show(party)).raw == shown.raw
    messages_first = sorted(shown["available_actions"], key=lambda action: action["rel"] != "send-message")
    is_as_shown = True
    for action in messages_first:
        assert action.keys() - {"limits"} == {"rel", "method", "href", "due_at", "mandatory"}
        again = dispute if is_as_shown else await reach(services)
        here = shown if is_as_shown else await again.show(getattr(again.deal, side))
        (same,) = [other for other in here["available_actions"] if other["rel"] == action["rel"]]
        done = await call(getattr(again.deal, side), same, here)
        version = done.ok(201 if action["rel"] in CREATES else 200)["version"]
        assert (version == here["version"]) if action["rel"] == "send-message" else (version > here["version"])
        is_as_shown = version == here["version"]


@pytest.mark.parametrize("phase", ["awaiting the seller", "awaiting the buyer with an offer", "agreed"])
async def test_what_is_the_other_sides_is_in_no_list_and_is_forbidden(services: Services, phase: str) -> None:
    dispute = await PHASES[phase][0](services)
    for party, theirs in (
        (dispute.deal.buyer, ["response"]),
        (dispute.deal.seller, ["acceptance", "modification", "cancellation"]),
    ):
        shown = await dispute.show(party)
        for command in theirs:
            assert f"{dispute.path}/{command}" not in {
                action["href"] for action in shown["available_actions"] + shown["unavailable_actions"]
            }
            rel = {"response": "respond", "acceptance": "accept", "modification": "modify", "cancellation": "cancel"}[
                command
            ]
            answer = await party.post(f"{dispute.path}/{command}", BODIES[rel], seen=shown.etag)
            assert answer.refused == (403, "forbidden")


TEAM = (
    *("claim", "release", "start-review", "request-evidence", "decide", "agree-decision", "decide-appeal"),
    "agree-appeal-decision",
)
CREATES = ("add-evidence", "send-message")


async def test_the_case_team_is_shown_the_dispute_and_what_it_cannot_do_yet(services: Services) -> None:
    shown = await (await offered(services)).show(services.party("team", "case_team"))
    assert listed(shown) == dict.fromkeys(TEAM, NOT_NOW) | {"send-message": ""}


async def test_an_action_says_until_when_it_may_be_done_and_whether_silence_costs(services: Services) -> None:
    dispute = await awaiting_seller(services)
    offered_actions = (await dispute.show(dispute.deal.seller))["available_actions"]
    (respond,) = [action for action in offered_actions if action["rel"] == "respond"]
    (deadline,) = (await dispute.show())["deadlines"]
    assert (respond["due_at"], respond["mandatory"]) == (deadline["due_at"], True)
    await dispute.respond(counter("20.00"))
    shown = await dispute.show()
    due = {action["rel"]: action["due_at"] for action in shown["available_actions"]}
    assert due["accept"] == due["modify"] == min(deadline["due_at"] for deadline in shown["deadlines"])


OVER: Json = {"promised": -24, "facts": {"shipped": -24, "delivered": -17}}
ORDERS: dict[str, tuple[Json, str]] = {
    "may be disputed": ({}, ""),
    "was just shipped": ({"promised": 30, "facts": {"shipped": -1}}, "too_early"),
    "is over, and no law runs": (OVER | {"ship_to": {"country": "US", "postal_code": "10001"}}, "protection_expired"),
    "was bought elsewhere": ({"channel": "off_platform"}, "not_eligible_off_platform"),
    "is a restricted buyer's": ({"buyer_account_status": "restricted"}, "account_not_in_good_standing"),
}


async def open_action(deal: Deal) -> tuple[Answer, Json]:
    """The order's status as its buyer sees it, and what it says about opening a dispute."""
    status = await eventually(deal.status, lambda answer: answer.status == 200)
    (action,) = status["available_actions"] + status["unavailable_actions"]
    assert (action["rel"], action["method"], action["href"]) == ("open-dispute", "POST", "/v1/disputes")
    return status, action


@pytest.mark.parametrize("order", ORDERS)
async def test_an_order_tells_its_buyer_whether_a_dispute_can_be_opened(services: Services, order: str) -> None:
    given, code = ORDERS[order]
    deal = await ordered(services, **given)
    status, action = await open_action(deal)
    assert listed(status) == {"open-dispute": code}
    answer = await deal.open()
    if code:
        assert (answer.body["code"], answer.body["rules"]) == (code, action["rules"])
        assert answer.body.get("opens_at") == action.get("allowed_at")
    else:
        assert answer.ok(201)
        assert action["due_at"] == status["protection_ends_at"]
    assert listed(await deal.status(deal.seller)) == {}


async def test_an_order_tells_at_once_what_a_dispute_leaves_to_its_buyer(services: Services) -> None:
    deal = await ordered(services)
    dispute = await deal.opened()
    assert (await open_action(deal))[1]["code"] == "already_open"
    (await dispute.cancel()).ok()
    assert "code" not in (await open_action(deal))[1]
    dispute = await deal.opened(amount=usd("5.00"))
    await dispute.respond({"decision": "accept"})
    await dispute.closed()
    assert (await open_action(deal))[1]["code"] == "already_agreed"
    assert (await deal.open()).refused == (409, "already_agreed")


async def test_the_instant_at_which_it_may_be_done_is_the_first_at_which_it_is(services: Services) -> None:
    deal = await ordered(services, promised=None, facts={"shipped": -9})
    (_, action) = await open_action(deal)
    allowed_at = instant(action["allowed_at"])
    if allowed_at - await now(services) > timedelta(minutes=1):
        await services.move_clock(now=wire(allowed_at - timedelta(seconds=30)))
        assert (await deal.open()).refused == (409, "too_early")
    await services.move_clock(now=wire(allowed_at))
    assert "code" not in (await open_action(deal))[1]
    (await deal.open()).ok(201)
    assert allowed_at < await now(services) < allowed_at + DAY


async def test_a_return_goes_on_by_what_its_lists_say(services: Services) -> None:
    dispute = await agreed(services)
    deal, warehouse = dispute.deal, services.party("warehouse-1", "warehouse")
    path = f"/v1/returns/{(await dispute.show())['return_id']}"
    states = {
        "label_issued": [
            (warehouse, {"receive": "", "inspect": NOT_NOW}),
            (deal.buyer, {"ship": "", "correct-tracking": NOT_NOW}),
        ],
        "shipped": [
            (deal.buyer, {"ship": NOT_NOW, "correct-tracking": ""}),
            (warehouse, {"receive": "", "inspect": NOT_NOW}),
        ],
        "received": [
            (deal.buyer, {"ship": NOT_NOW, "correct-tracking": NOT_NOW}),
            (warehouse, {"receive": NOT_NOW, "inspect": ""}),
        ],
        "inspected": [
            (deal.seller, {}),
            (deal.buyer, {"ship": NOT_NOW, "correct-tracking": NOT_NOW}),
            (warehouse, {"receive": NOT_NOW, "inspect": NOT_NOW}),
        ],
    }
    for state, parties in states.items():
        for party, expected in parties:
            shown = (await party.get(path, "return_label")).ok()
            for offered in (shown["available_actions"], shown["unavailable_actions"]):
                offered[:] = [action for action in offered if action["rel"] not in OF_THE_LABEL]
            assert (shown["state"], listed(shown)) == (state, expected)
            for action in shown["unavailable_actions"]:
                answer = await party.post(action["href"], ANOTHER.get(action["rel"]), service="return_label")
                if (state, action["rel"]) in TOLD_TWICE:
                    assert answer.ok()["version"] == shown["version"]
                else:
                    assert answer.refused == (409, action["code"])
            for action in shown["available_actions"]:
                if (state, action["rel"]) != UNANNOUNCED:
                    (await call(party, action, shown, "return_label")).ok()


UNANNOUNCED = ("label_issued", "receive")
"""A parcel may come that nobody has announced; this one is announced first."""
ANOTHER: dict[str, Json] = {
    "ship": {"tracking_number": "RR3DE"},
    "correct-tracking": {"tracking_number": "RR3DE", "replaces": "RR2DE"},
    "inspect": {"result": "fail", "fault": "damaged", "note": "Torn."},
}
"""Not what was recorded: the very same again is no refusal, for it has been done."""

OF_THE_LABEL = ("request-label", "void-label")
"""Whether the goods go back with a label or without is no step of theirs (`tests/services/return_label/label_quotas`).
"""

TOLD_TWICE = {("received", "receive"), ("inspected", "receive")}
"""A receipt has nothing by which one could differ from another."""


async def test_an_issued_refund_has_nothing_to_try_again(services: Services) -> None:
    dispute = await refunded(services)
    refund_id = (await dispute.show())["refunds"][0]["id"]

    async def asked() -> Answer:
        return await dispute.deal.buyer.get(f"/v1/refunds/{refund_id}", "refund")

    shown = await eventually(asked, lambda answer: answer.status == 200)
    assert listed(shown) == {"retry": NOT_NOW, "correct-account": NOT_NOW}
    for action in shown["unavailable_actions"]:
        body = {"account_token": "acct_2"} if action["rel"] == "correct-account" else None
        answer: Any = await dispute.deal.buyer.post(action["href"], body, key=action["rel"], service="refund")
        assert (answer.refused, answer["rules"]) == ((409, action["code"]), action["rules"])
