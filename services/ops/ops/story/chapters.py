"""Chapters of the story: four orders, four disputes, four ways to a refund."""

from __future__ import annotations

from datetime import timedelta

from ops.client import Call
from ops.story.calls import (
    DISPUTE,
    RETURN,
    counter_offer,
    form,
    get,
    move_clock,
    offered,
    opened,
    placed,
    refunded,
    respond,
)
from ops.story.mediated import MEDIATED
from ops.story.orders import DAY, HEADPHONES, JACKET, LAMP, MINUTE, dollars
from ops.story.parties import ANN, BOB, CARLA, LUMEN, SHOP, SOUNDHOUSE, WAREHOUSE
from ops.story.steps import Chapter, Step


def fact(kind: str, ago: timedelta) -> Step:
    """The shop reports what happened to Bob's lamp."""
    call = Call("dispute", "POST", f"{LAMP.path}/facts", {"type": kind, "at": ago})
    return Step(f"the shop reports that it was {kind}", call, SHOP)


ANNS_FORM = form(HEADPHONES, "not_received", "refund_only", "50.00", "The promised day has passed and nothing came.")
BOBS_FORM = form(LAMP, "late", "return_and_refund", "84.50", "It came after the party.")
CARLAS_FORM = form(JACKET, "not_received", "refund_only", "120.00", "It is winter, and my jacket is not here.")

# Counter-offer, modification, counter-offer, acceptance (S1, S42, S43).
NEGOTIATED = Chapter(
    "Ann's headphones never arrived",
    HEADPHONES,
    (
        *placed(HEADPHONES),
        Step("the shop sends the order again: it is known", HEADPHONES.registration, SHOP),
        opened("Ann opens a dispute over the headphones: 50.00 back", ANN, ANNS_FORM),
        Step(
            "Ann's app sends the form a second time: answered as the first, and it opens nothing",
            Call("dispute", "POST", "/v1/disputes", ANNS_FORM, key=f"story/{{run}}/{HEADPHONES.id}"),
            ANN,
            201,
            {"id": "{dispute}", "Idempotent-Replayed": "true"},
        ),
        Step(
            "the seller offers 30.00",
            respond(counter_offer("30.00"), "{opened}"),
            SOUNDHOUSE,
            expected=offered("30.00"),
            save={"offer": "ETag"},
        ),
        Step(
            "Ann asks for 45.00 instead: the second round",
            Call("dispute", "POST", f"{DISPUTE}/modification", {"amount": dollars("45.00")}, etag="{offer}"),
            ANN,
            expected={"state": "awaiting_seller", "round": 2},
            save={"modified": "ETag"},
        ),
        Step(
            "the seller answers a request that it has not seen: refused",
            respond({"decision": "accept"}, "{opened}"),
            SOUNDHOUSE,
            412,
            {"code": "version_conflict"},
        ),
        Step(
            "the seller offers 42.00",
            respond(counter_offer("42.00"), "{modified}"),
            SOUNDHOUSE,
            expected=offered("42.00"),
            save={"offer": "ETag"},
        ),
        Step(
            "Ann accepts",
            Call("dispute", "POST", f"{DISPUTE}/acceptance", etag="{offer}"),
            ANN,
            expected={"state": "agreed"},
        ),
        *refunded(ANN, "42.00", "negotiated"),
        Step(
            "Ann tries a new dispute over the same line: they have agreed (S25)",
            Call("dispute", "POST", "/v1/disputes", ANNS_FORM, key=f"story/{{run}}/{HEADPHONES.id}/again"),
            ANN,
            409,
            {"code": "already_agreed"},
        ),
    ),
)

# Arrived late: the goods go back, pass the inspection, and the money follows (S6, K14, S82).
RETURNED = Chapter(
    "Bob's lamp came three days late",
    LAMP,
    (
        *placed(LAMP),
        fact("shipped", 10 * DAY),
        fact("delivered", 5 * MINUTE),
        opened("Bob asks to return the lamp for 84.50", BOB, BOBS_FORM),
        Step(
            "the seller accepts",
            respond({"decision": "accept"}, "{opened}"),
            LUMEN,
            expected={"state": "agreed", "fulfilment": "return_pending"},
            save={"return": "return_id"},
        ),
        Step(
            "the return-label service issues a prepaid label",
            get("return_label", RETURN),
            BOB,
            expected={"state": "label_issued", "label.prepaid": True},
            save={"parcel": "label.tracking_number"},
            repeats=True,
        ),
        Step(
            "Bob sends the lamp",
            Call("return_label", "POST", f"{RETURN}/shipment", {"tracking_number": "{parcel}"}),
            BOB,
            expected={"state": "shipped"},
        ),
        Step(
            "the warehouse receives it",
            Call("return_label", "POST", f"{RETURN}/receipt"),
            WAREHOUSE,
            expected={"state": "received"},
            save={"received": "ETag"},
        ),
        Step(
            "the dispute knows that the lamp is there",
            get("dispute", DISPUTE),
            BOB,
            expected={"fulfilment": "return_received"},
            repeats=True,
        ),
        Step(
            "it passes the inspection",
            Call("return_label", "POST", f"{RETURN}/inspection", {"result": "pass"}, "{return}-passed", "{received}"),
            WAREHOUSE,
            expected={"state": "inspected"},
        ),
        *refunded(BOB, "84.50", "negotiated"),
    ),
)

# The seller is silent for five days: the request is granted as it was made (S39, S41).
UNANSWERED = Chapter(
    "Carla's jacket never arrived, and its seller says nothing",
    JACKET,
    (
        *placed(JACKET),
        Step(
            "Carla opens a dispute on the day of the shipment: too early (S21)",
            Call("dispute", "POST", "/v1/disputes", CARLAS_FORM, key=f"story/{{run}}/{JACKET.id}/early"),
            CARLA,
            409,
            {"code": "too_early"},
            {"opens_at": "opens_at"},
        ),
        move_clock("time passes until {opens_at}, the eleventh day", "{opens_at}"),
        opened(
            "now Carla opens her dispute: 120.00 back; the seller has until the start of day six", CARLA, CARLAS_FORM
        ),
        move_clock("the seller is silent until {due}", "{due}"),
        *refunded(CARLA, "120.00", "seller_timeout"),
    ),
)

CHAPTERS = (NEGOTIATED, RETURNED, UNANSWERED, MEDIATED)
