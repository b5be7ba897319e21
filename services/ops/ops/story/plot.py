"""What happens in the story: three orders, three disputes, three ways to a refund."""

from __future__ import annotations

from datetime import timedelta

from ops.client import Answer, Party
from ops.story.cast import Cast, Goods, Json, dollars, order_body
from ops.story.stage import Ask, Stage
from shared.events.base import wire_time

HEADPHONES, LAMP, JACKET = "headphones", "lamp", "jacket"
STEPS = 41
"""Of all chapters and the ending, when nothing goes astray."""

Settled = dict[str, str]
"""What each order of the story is refunded, by order id."""


async def negotiated(stage: Stage, cast: Cast, settled: Settled) -> None:
    """Never arrived: counter-offer, modification, counter-offer, acceptance (S1, S42, S43)."""
    stage.chapter("Ann's headphones never arrived")
    order, ann = cast.order_id(HEADPHONES), cast.buyer("ann")
    now = await cast.now()
    goods = [Goods("1", "49.90", "headphones"), Goods("2", "12.50", "case")]
    body = order_body(
        "ann", "soundhouse", "68.00", goods, now - timedelta(days=16), 14, {"shipped": now - timedelta(days=13)}
    )
    await _placed(stage, cast, order, body, "68.00")
    await stage.act(
        "the shop sends the order again: it is known", cast.shop.put("dispute", f"/v1/orders/{order}", body), 200
    )

    form = _form(order, "1", "not_received", "refund_only", "50.00", "The promised day has passed and nothing came.")
    dispute, opened = await _opened(stage, cast, ann, form, "Ann opens a dispute over the headphones: 50.00 back")
    again = await stage.act(
        "Ann's app sends the form a second time",
        ann.post("dispute", "/v1/disputes", form, key=cast.key(order)),
        201,
        {"id": dispute},
    )
    _check(
        stage,
        again.replayed,
        "the second form is answered as the first, and opens nothing",
        "it was not marked as replayed",
    )

    await _bargain(stage, ann, cast.seller("soundhouse"), _path(dispute), opened)
    settled[order] = "42.00"
    await _refunded(stage, ann, dispute, "42.00", "negotiated")
    twice = ann.post("dispute", "/v1/disputes", form, key=cast.key(order, "again"))
    await stage.act(
        "Ann tries a new dispute over the same line: they have agreed (S25)", twice, 409, {"code": "already_agreed"}
    )


async def returned(stage: Stage, cast: Cast, settled: Settled) -> None:
    """Arrived late: the goods go back, pass the inspection, and the money follows (S6, K14, S82)."""
    stage.chapter("Bob's lamp came three days late")
    order, bob, lumen = cast.order_id(LAMP), cast.buyer("bob"), cast.seller("lumen")
    now = await cast.now()
    body = order_body("bob", "lumen", "84.50", [Goods("1", "80.00", "lamp")], now - timedelta(days=15), 12, {})
    await _placed(stage, cast, order, body, "84.50")
    for fact, at in (("shipped", now - timedelta(days=10)), ("delivered", now - timedelta(minutes=5))):
        told = cast.shop.post("dispute", f"/v1/orders/{order}/facts", {"type": fact, "at": wire_time(at)})
        await stage.act(f"the shop tells that it was {fact}", told, 200)

    form = _form(order, "1", "late", "return_and_refund", "84.50", "It came after the party.")
    dispute, opened = await _opened(stage, cast, bob, form, "Bob asks to return the lamp for 84.50")
    accept = lumen.post("dispute", f"{_path(dispute)}/response", {"decision": "accept"}, etag=opened.etag)
    agreed = await stage.act("the seller accepts", accept, 200, {"state": "agreed", "fulfilment": "return_pending"})
    settled[order] = "84.50"

    back = f"/v1/returns/{agreed.get('return_id')}"
    await stage.until(
        "the return-label service issues a prepaid label",
        _asking(bob, back, "return_label"),
        {"state": "label_issued", "label.prepaid": True},
    )
    shipped = bob.post("return_label", f"{back}/shipment", {"tracking_number": f"RR{cast.run:09}DE"})
    await stage.act("Bob sends the lamp", shipped, 200, {"state": "shipped"})
    await stage.act(
        "the warehouse receives it", cast.warehouse.post("return_label", f"{back}/receipt"), 200, {"state": "received"}
    )
    await stage.until(
        "the dispute knows that the lamp is there", _asking(bob, _path(dispute)), {"fulfilment": "return_received"}
    )
    inspected = cast.warehouse.post("return_label", f"{back}/inspection", {"result": "pass"})
    await stage.act("it passes the inspection", inspected, 200, {"state": "inspected"})
    await _refunded(stage, bob, dispute, "84.50", "negotiated")


async def unanswered(stage: Stage, cast: Cast, settled: Settled) -> None:
    """Never arrived, and the seller is silent for five days: the request is granted as it was made (S39, S41)."""
    stage.chapter("Carla's jacket never arrived, and its seller says nothing")
    order, carla = cast.order_id(JACKET), cast.buyer("carla")
    now = await cast.now()
    body = order_body(
        "carla", "northwear", "120.00", [Goods("1", "110.00", "jacket")], now - timedelta(days=1), 30, {"shipped": now}
    )
    await _placed(stage, cast, order, body, "120.00")
    form = _form(order, "1", "not_received", "refund_only", "120.00", "It is winter, and my jacket is not here.")
    early = await stage.act(
        "Carla opens a dispute on the day of the shipment: too early (S21)",
        carla.post("dispute", "/v1/disputes", form, key=cast.key(order, "early")),
        409,
        {"code": "too_early"},
    )
    await stage.act(
        f"time passes until {early.get('opens_at')}, the eleventh day", cast.move_clock(early.get("opens_at")), 200
    )
    dispute, opened = await _opened(stage, cast, carla, form, "now Carla opens her dispute: 120.00 back")
    due = next((one["due_at"] for one in opened.get("deadlines") or () if one["kind"] == "seller_response"), None)
    _check(stage, due is not None, "the seller has until the start of day six", "no deadline seller_response")
    settled[order] = "120.00"
    await stage.act(f"the seller is silent until {due}", cast.move_clock(str(due)), 200)
    await _refunded(stage, carla, dispute, "120.00", "seller_timeout")


async def _bargain(stage: Stage, ann: Party, seller: Party, path: str, opened: Answer) -> None:
    offer = await stage.act(
        "the seller offers 30.00",
        seller.post("dispute", f"{path}/response", _counter("30.00"), etag=opened.etag),
        200,
        {"state": "awaiting_buyer", "solution.amount.amount": "30.00"},
    )
    modified = await stage.act(
        "Ann asks for 45.00 instead: the second round",
        ann.post("dispute", f"{path}/modification", {"amount": dollars("45.00")}, etag=offer.etag),
        200,
        {"state": "awaiting_seller", "round": 2},
    )
    stale = seller.post("dispute", f"{path}/response", {"decision": "accept"}, etag=opened.etag)
    await stage.act(
        "the seller answers a request that it has not seen: refused", stale, 412, {"code": "version_conflict"}
    )
    offer = await stage.act(
        "the seller offers 42.00",
        seller.post("dispute", f"{path}/response", _counter("42.00"), etag=modified.etag),
        200,
        {"state": "awaiting_buyer", "solution.amount.amount": "42.00"},
    )
    await stage.act("Ann accepts", ann.post("dispute", f"{path}/acceptance", etag=offer.etag), 200, {"state": "agreed"})


async def _placed(stage: Stage, cast: Cast, order: str, body: Json, paid: str) -> None:
    await stage.act(
        f"the payment provider takes {paid} {body['payment']['amount']['currency']} for {order}",
        cast.capture(order, paid),
        201,
    )
    await stage.act(f"the shop registers {order}", cast.shop.put("dispute", f"/v1/orders/{order}", body), 201)


async def _opened(stage: Stage, cast: Cast, buyer: Party, form: Json, sentence: str) -> tuple[str, Answer]:
    posted = buyer.post("dispute", "/v1/disputes", form, key=cast.key(form["order_id"]))
    opened = await stage.act(
        sentence, posted, 201, {"state": "awaiting_seller", "label": "Dispute in Progress", "reason": form["reason"]}
    )
    stage.disputes += 1
    return opened.get("id"), opened


async def _refunded(stage: Stage, buyer: Party, dispute: str, amount: str, reached: str) -> None:
    closed = {
        "state": "closed",
        "label": "Dispute Finished",
        "result.reason": "refunded",
        "result.reached_type": reached,
        "result.amount.amount": amount,
    }
    answer = await stage.until(f"{amount} go back and the dispute closes", _asking(buyer, _path(dispute)), closed)
    refund = f"/v1/refunds/{answer.get('refund_id')}"
    await stage.until(
        "the refund service says the same",
        _asking(buyer, refund, "refund"),
        {"state": "issued", "amount.amount": amount},
    )


def _asking(party: Party, path: str, service: str = "dispute") -> Ask:
    return lambda: party.get(service, path)


def _path(dispute: str) -> str:
    return f"/v1/disputes/{dispute}"


def _form(order: str, line: str, reason: str, kind: str, amount: str, description: str) -> Json:
    asked = {"reason": reason, "type": kind, "amount": dollars(amount), "description": description}
    return {"order_id": order, "lines": [{"line_id": line, "quantity": 1}], **asked, "contacted_seller": True}


def _counter(amount: str) -> Json:
    return {
        "decision": "counter",
        "solution": {"type": "refund_only", "amount": dollars(amount)},
        "reason": "It was sent on time.",
    }


def _check(stage: Stage, holds: bool, sentence: str, otherwise: str) -> None:
    if holds:
        stage.tell(sentence)
    else:
        stage.surprise(sentence, otherwise)
