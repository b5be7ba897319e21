"""Laws of entitlements: what is said of the programme is what its command does, and one right is the best."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.decider import decider
from dispute.domain.entitlements.entitlement import Question
from dispute.domain.entitlements.judging import best
from dispute.domain.orders.facts import FactType
from shared.events.dispute import Reason
from shared.events.order import ShipTo
from tests.laws.size import examples
from tests.support import spec
from tests.support.builders.disputes import open_dispute
from tests.support.builders.entitlements import all_judged
from tests.support.builders.orders import (
    ORDER_STREAM,
    PROGRAMMES,
    Histories,
    after,
    expire_order,
    on,
    order_line,
    order_of,
    record,
    register,
)

HOURS = st.integers(0, 24 * 120)
STEPS = [FactType.SHIPPED, FactType.DELIVERED, FactType.FINISHED, FactType.CARRIER_LOST]
FLAGS = ["free_return", "extra_returns", "advanced", "customised", "authenticity_assured", "one_year_warranty"]
OF_THE_FORM = {"evidence_required", "validation_failed"}
"""What the form may lack says nothing of the order."""


def _at(hours: int) -> datetime:
    return on("Mar 1") + timedelta(hours=hours)


@st.composite
def orders(draw: st.DrawFn) -> Histories:
    """An order under any programme, in any country, with facts in their order."""
    country = draw(st.sampled_from(["DE", "BR", "US"]))
    flags = tuple(draw(st.sets(st.sampled_from(FLAGS))))
    programme = draw(st.sampled_from([one.id for one in PROGRAMMES.all if one.kind == "programme"]))
    channel = draw(st.sampled_from(["platform", "platform", "platform", "off_platform"]))
    told: Sequence[Any] = [
        register(
            order_line(flags=flags, category=draw(st.sampled_from(["toys", "phone", "food"]))),
            ship_to=ShipTo(country=country),
            terms=PROGRAMMES.resolve(programme, on("Feb 27"), country),
            promised_by=draw(st.sampled_from([None, on("Mar 10").date()])),
            channel=channel,
        ),
        *(
            record(kind, _at(hours))
            for kind, hours in zip(STEPS, sorted(draw(st.tuples(HOURS, HOURS, HOURS, HOURS))), strict=False)
            if draw(st.booleans())
        ),
    ]
    return after({}, *told)


@settings(max_examples=examples(200))
@given(orders(), HOURS, st.sampled_from(Reason), st.booleans())
def test_s17_what_is_usable_is_exactly_what_the_command_accepts(
    happened: Histories, hours: int, reason: Reason, is_paid: bool
) -> None:
    """By the programme, or once that is over by the law; also after the seller was paid."""
    at = _at(hours)
    happened = _paid(happened, at) if is_paid else happened
    found = all_judged(happened, at, reason)
    asked = _question(happened, reason, at)
    programme = next(one for name, one in found.items() if name.startswith("programme"))
    usable = {name for name, one in found.items() if one.is_usable(asked)}
    refusal = spec.given(decider, happened).when(open_dispute(at, reason=reason)).rejection
    refused = refusal is not None and refusal.code not in OF_THE_FORM
    assert bool(usable) == (not refused)
    assert programme.is_granted == any(name.startswith("programme") for name in usable)
    assert programme.is_granted or all(name.endswith("_conformity") for name in usable)
    if refusal is not None and refused:
        assert programme.refusal is not None
        lawful = any(one.is_granted for name, one in found.items() if name.endswith("_conformity"))
        if lawful and programme.refusal.code == "protection_expired":  # in time by law, and no ground all the same
            assert (reason, refusal.code, refusal.cited) == (Reason.COUNTERFEIT, "reason_not_covered", ("S3",))
        else:
            assert (programme.refusal.code, programme.refusal.cited) == (refusal.code, refusal.cited)


def _question(happened: Histories, reason: Reason, at: datetime) -> Question:
    state = order_of(happened)
    assert state.terms
    return Question(state, reason, at, PROGRAMMES.places(state.terms.programme, at))


def _paid(happened: Histories, at: datetime) -> Histories:
    """Its timers have fired by then."""
    for kind in ("protection_end", "release"):
        due = order_of(happened).due(kind)
        happened = after(happened, expire_order(kind, due)) if due and due <= at else happened
    return happened


@settings(max_examples=examples(200))
@given(orders(), HOURS, st.sampled_from([None, *Reason]))
def test_k11_one_right_is_the_best_wherever_there_is_one(
    happened: Histories, hours: int, reason: Reason | None
) -> None:
    at = _at(hours)
    found = list(all_judged(happened, at, reason).values())
    granted = [one for one in found if one.is_granted]
    winner = best(found)
    assert (winner is None) == (not granted)
    assert winner is None or winner.is_granted
    for one in granted:
        assert one.pieces == [("l1", 1)]
        assert one.ends_at is None or at < one.ends_at
        assert one.opens_at is None or one.opens_at <= at


@settings(max_examples=examples(200))
@given(orders(), HOURS, st.sampled_from([None, *Reason]))
def test_s17_a_right_by_law_does_not_depend_on_the_programme(
    happened: Histories, hours: int, reason: Reason | None
) -> None:
    """The same order under another programme has the same rights by law, with the same ends."""
    registered: Any = happened[ORDER_STREAM][0]
    at, law = _at(hours), registered.terms.law

    def by_law(programme: str) -> dict[str, tuple[str | None, datetime | None]]:
        terms = PROGRAMMES.resolve(programme, on("Feb 27"), registered.ship_to.country)
        other = [registered.model_copy(update={"terms": terms}), *happened[ORDER_STREAM][1:]]
        found = all_judged({ORDER_STREAM: other}, at, reason)
        return {
            name: (one.refusal.code if one.refusal else None, one.ends_at)
            for name, one in found.items()
            if name.startswith("statutory")
        }

    assert by_law("temu") == by_law("wish") == by_law("aliexpress_basic")
    assert len(by_law("temu")) == len(law)
