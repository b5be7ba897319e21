"""Laws of a dispute's life: whatever happens to an order, in whatever order, the invariants I1 to I5 and I8 hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.disputes.difference import paid_out
from dispute.domain.disputes.progress import NOTHING
from dispute.domain.disputes.solutions import Standing
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.disputes.transitions import OPEN as MAY_AGREE
from dispute.domain.orders.cancellation import disputes_of
from dispute.domain.orders.refund import ENDED
from shared.events.base import Event
from shared.events.codec import decode, encode
from shared.events.dispute import (
    BuyerResponseTimedOut,
    CancellationNoted,
    CloseReason,
    Escalated,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    ReturnDue,
    SellerResponseTimedOut,
    SolutionReached,
)
from shared.events.mediation import AppealDecided, AppealOutcome, ClawbackNotDue, ClawbackRequested, DecisionIssued
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.events.slot import slot_of, slot_of_id
from tests.cases.plugin import Came
from tests.laws.size import LONG, examples
from tests.support.builders.afterwards import end_clawback
from tests.support.builders.disputes import cancel, dispute_stream, note_refund, note_return
from tests.support.builders.mediation import REVIEWER_2, REVIEWER_3, decide_appeal
from tests.support.builders.orders import CASE_TEAM, ORDER
from tests.support.dispute_service import KINDS, Market
from tests.support.random_afterwards import CollectedByLaw, CollectedWords
from tests.support.random_doubts import Doubtful
from tests.support.random_gifts import Giving, GivingInDoubt
from tests.support.random_late import Late
from tests.support.random_law import Lawful
from tests.support.random_life import WITH_THE_TEAM, Life
from tests.support.random_words import Words

ROUNDS = 400
"""Far more than any life needs: what is answered, fired and withdrawn comes to an end, or the law says so."""
NAMED = ("dispute_id", "refund_id", "return_id", "description_ref", "reason_ref", "address_ref")
PARTIES = ("buyer", "seller")
ENDED_BY_ITS_WORD = {CloseReason.REFUNDED, CloseReason.NO_REFUND, CloseReason.REPLACED}
WORDS = (SolutionReached, CancellationNoted, DecisionIssued, AppealDecided, SupportOverrideApplied)
SEEDS, STEPS = st.integers(0, 2**32), st.integers(1, 70)
"""Of fair dice: drawn throw by throw, lives would be short and simple. A failure names the seed and the fewest steps.
"""


@settings(max_examples=examples(50, LONG))
@given(SEEDS, STEPS)
@example(573060, 16)  # it is told of a cancellation only after the shipment that it came before
@example(1183826646, 26)  # two of the case team decided it: a third one must judge the appeal
@example(21705, 8)  # support gives up the refund of its cancelled order: the money stays where it is
def test_i1_i2_i3_i4_i5_i8_the_invariants_hold_at_every_moment_and_in_the_end(seed: int, steps: int) -> None:
    lived(Life(Random(seed)), steps)


@settings(max_examples=examples(50, LONG))
@given(SEEDS, STEPS)
def test_i1_i3_i4_k18_word_upon_word_on_the_same_money_ends_with_what_the_last_one_says(seed: int, steps: int) -> None:
    lived(Words(Random(seed)), steps)


@settings(max_examples=examples(50, LONG))
@given(SEEDS, STEPS)
@example(1170, 40)  # the goods come back, and are paid for, while the ruling is appealed
def test_i1_i3_s17_k19_after_the_sellers_pay_the_law_gives_back_no_more_than_is_asked_of_him(
    seed: int, steps: int
) -> None:
    lived(Lawful(Random(seed)), steps)


@settings(max_examples=examples(50, LONG))
@given(SEEDS, STEPS)
@example(112, 60)  # R found nothing to release, and then heard of what was given up before it
def test_i3_s20_s24_what_a_seller_gave_and_was_given_up_is_released_however_late_it_is_noted(
    seed: int, steps: int
) -> None:
    lived(Late(Random(seed)), steps)


@settings(max_examples=examples(40, LONG))
@given(SEEDS, STEPS, st.sampled_from([CollectedWords, CollectedByLaw]))
def test_i1_i3_k19_what_is_asked_back_ends_once_and_leaves_the_money_where_the_last_word_says(
    seed: int, steps: int, kind: type[Life]
) -> None:
    lived(kind(Random(seed)), steps)


@settings(max_examples=examples(50, LONG))
@given(SEEDS, STEPS)
def test_i1_i3_t31a_what_was_given_up_in_doubt_goes_to_nobody_before_it_is_known_whether_it_was_paid(
    seed: int, steps: int
) -> None:
    lived(Doubtful(Random(seed)), steps)


@settings(max_examples=examples(40, LONG))
@example(seed=279583, steps=64, kind=GivingInDoubt)
@given(SEEDS, STEPS, st.sampled_from([Giving, GivingInDoubt]))
def test_i1_i3_s20_k19_what_a_seller_gives_of_what_it_was_paid_is_paid_once_it_has_come_and_no_law_takes_it_twice(
    seed: int, steps: int, kind: type[Life]
) -> None:
    lived(kind(Random(seed)), steps)


def lived(life: Life, steps: int) -> None:
    """So many steps and then to the end; what has to hold holds all the while."""
    for _ in range(steps):
        life.step()
        check(life.market)
    run_to_the_end(life)
    check(life.market)
    every_dispute_ends(life.market)
    nothing_is_lost(life.market)


@settings(max_examples=examples(20))
@given(SEEDS, STEPS)
def test_i6_the_stored_streams_fold_to_the_same_states(seed: int, steps: int) -> None:
    life = Life(Random(seed))
    for _ in range(steps):
        life.step()
    for stream, events in life.market.streams.items():
        fold = partial(decider.fold, stream)
        stored = [decode(*encode(event)) for event in events]
        assert fold(stored) == life.market.state(stream) == fold(events[1:], fold(events[:1]))


@pytest.mark.case("B78", given="twenty lives, each looked at when all that is due has fired", right="0 await a seller")
def test_nobody_awaits_a_seller_after_his_due_instant(came: Came) -> None:
    late: list[Dispute] = []
    for seed in range(20):
        life = Life(Random(seed))
        for _ in range(40):
            life.step()
            late += awaiting_in_vain(life.market)
    came(f"{len(late)} await a seller")


def awaiting_in_vain(market: Market) -> list[Dispute]:
    """The disputes that still await their seller once the timers have asked."""
    while due := market.due():
        market.fire(*due[0])
    return [
        dispute
        for dispute in market.open_disputes
        if dispute.state == DisputeState.AWAITING_SELLER
        and not (dispute.due(DeadlineKind.SELLER_RESPONSE) or market.now) > market.now
    ]


def check(market: Market) -> None:
    """All that holds at every moment; that each event is legal is checked as it is appended (I5)."""
    no_line_gives_more_than_was_paid_on_it(market)
    of_a_seller_who_was_paid_just_that_is_asked_which_the_buyer_has(market)
    a_piece_has_at_most_one_open_dispute(market)
    nobody_is_asked_for_more_than_the_cap(market)
    what_went_back_is_what_the_last_word_says(market)
    of_a_cancelled_order_nothing_is_asked_back(market)
    an_agreement_waits_for_somebody(market)
    the_deadlines_of_the_fold_are_the_rows(market)
    what_stands_may_be_accepted(market)
    every_id_carries_the_orders_slot(market)


def no_line_gives_more_than_was_paid_on_it(market: Market) -> None:
    """I1 and I3, counted from the events and compared with the fold: what is above it was asked back."""
    refunded, released, again, back = market.refunded(), market.released(), market.reclaimed(), asked_back(market)
    promised, doubtful = given_and_not_paid(market), market.doubtful()
    for name, line in market.order.lines.items():
        assert refunded[name] <= line.cap.minor
        assert refunded[name] + released[name] + doubtful[name] <= line.cap.minor + back[name]
        left = line.cap.minor - refunded[name] - released[name] + again[name] - promised[name] - doubtful[name]
        assert line.remainder.minor == left >= 0


def given_and_not_paid(market: Market) -> Counter[str]:
    """What sellers give, and is neither paid nor given up nor asked for anew (S20)."""
    over = {note.refund_id for note in market.events(RefundNoted) if note.outcome in ENDED}
    gifts = [due for due in market.events(RefundDue) if due.goodwill_id]
    over |= {due.replaces for due in gifts}
    waiting = market.given()
    waiting.subtract(market.given(come=True))
    return by_line([due for due in gifts if due.refund_id not in over]) + waiting


def asked_back(market: Market) -> Counter[str]:
    """What the seller was paid before and is asked for, or the buyer has to give of it, with what has come or is lost
    of it; what was left to a seller who had not been paid, once the buyer's part had ended; and what has come of a
    seller who gives it.
    """
    sums = market.given(come=True)
    for dispute in market.disputes:
        clawbacks, theirs = dispute.case.clawbacks, paid_out(dispute)
        standing = [*filter(None, map(clawbacks.standing, PARTIES)), *clawbacks.ended.values()]
        for part in (part for back in standing for part in back.lines if part.line_id in theirs):
            sums[part.line_id] += part.amount.minor
        for part in (part for end in clawbacks.over("buyer") for part in end.lines if part.line_id not in theirs):
            sums[part.line_id] += part.amount.minor
    return sums


def of_a_seller_who_was_paid_just_that_is_asked_which_the_buyer_has(market: Market) -> None:
    """K19: once money is asked for, and until a later word leaves less of it."""
    for dispute in market.disputes:
        asked = by_line([one.due for one in dispute.refunds.values() if not one.brings_nothing])
        clawbacks = dispute.case.clawbacks
        of_buyer, of_seller = (
            by_line([*filter(None, [clawbacks.standing(party)]), *clawbacks.over(party)]) for party in PARTIES
        )
        asked.subtract(of_buyer)
        assert without_zeros(of_seller) == {
            name: minor for name, minor in without_zeros(asked).items() if name in paid_out(dispute)
        }


def a_piece_has_at_most_one_open_dispute(market: Market) -> None:
    """I2, S109: by pieces, seen from the disputes, and as the order knows it."""
    holders = {
        (line.line_id, dispute.opened.dispute_id): line.quantity
        for dispute in market.open_disputes
        for line in dispute.opened.lines
    }
    for name, line in market.order.lines.items():
        assert sum(quantity for (of, _), quantity in holders.items() if of == name) <= line.quantity
        assert line.free >= 0
        assert line.free_cap <= line.remainder
    claims = market.order.lines.values()
    held = ((line, x, claim) for line in claims for x, claim in line.open_claims.items())
    assert holders == {(line.line_id, x): claim.quantity for line, x, claim in held if x in line.disputes}


def nobody_is_asked_for_more_than_the_cap(market: Market) -> None:
    """G9, I1: of a line no more than its cap is asked for, whatever words and clawbacks there were."""
    nothing = {noted.refund_id for noted in market.events(RefundNoted) if noted.outcome in NOTHING}
    asked = by_line([due for due in market.events(RefundDue) if due.refund_id not in nothing])
    released, back = market.released(), asked_back(market)
    for name, line in market.order.lines.items():
        assert asked[name] <= line.cap.minor
        assert asked[name] + released[name] <= line.cap.minor + back[name]


def what_went_back_is_what_the_last_word_says(market: Market) -> None:
    """K18, S52: of a dispute that ended with its solution, what was paid less what is asked back is the last word, less
    what support gave up of it.
    """
    for dispute in market.disputes:
        end = dispute.closed
        if not end or end.reason not in ENDED_BY_ITS_WORD:
            continue
        of_it = market.streams[f"dispute-{dispute.opened.dispute_id}"][: dispute.end]
        back = by_line([event for event in of_it if isinstance(event, ClawbackRequested) and event.party == "buyer"])
        not_back = [event for event in of_it if isinstance(event, ClawbackNotDue) and event.party == "buyer"]
        back.subtract(by_line(not_back))
        paid = [event for event in of_it if isinstance(event, RefundNoted) and event.outcome == RefundOutcome.ISSUED]
        stays = by_line(paid)
        stays.subtract(back)
        said = by_line([last_word(of_it)])
        said.subtract(given_up(of_it))
        assert without_zeros(stays) == without_zeros(said)
        assert end.amount.minor == stays.total()


def without_zeros(sums: Counter[str]) -> dict[str, int]:
    """What a counter's plus would leave out counts too: less than nothing."""
    return {name: minor for name, minor in sums.items() if minor}


def of_a_cancelled_order_nothing_is_asked_back(market: Market) -> None:
    """T45, S66: so that its buyer ends with all that was paid."""
    if market.order.registered and market.order.cancelled_at:
        assert not [dispute.case.asked_back for dispute in market.disputes if dispute.case.asked_back]


def last_word(events: Sequence[Event]) -> Any:
    """What said last how much of each line goes back."""
    said = [getattr(event, "ruling", None) or event for event in events if isinstance(event, WORDS)]
    return [word for word in said if hasattr(word, "lines")][-1]


def given_up(events: Sequence[Event]) -> Counter[str]:
    """What support gave up of the last word, or did not ask for again: nothing that was refused or given up before it,
    for that it counts anew, and nothing that turned out to be paid (T31a).
    """
    words = [n for n, event in enumerate(events) if isinstance(event, WORDS) and is_new(event)]
    notes = [(n, event) for n, event in enumerate(events) if isinstance(event, RefundNoted)]
    before = {noted.refund_id for n, noted in notes if n < words[-1] and noted.outcome in NOTHING}
    paid = {noted.refund_id for _, noted in notes if noted.outcome == RefundOutcome.ISSUED}
    abandoned = [noted for n, noted in notes if n > words[-1] and noted.outcome == RefundOutcome.ABANDONED]
    gone = by_line([noted for noted in abandoned if noted.refund_id not in before | paid])
    dues = {event.refund_id: event for event in events if isinstance(event, RefundDue)}
    again = [due for n, due in enumerate(events) if n > words[-1] and isinstance(due, RefundDue) and due.replaces]
    gone.update(by_line([dues[due.replaces] for due in again if due.replaces]))
    gone.subtract(by_line(again))
    return gone


def is_new(word: Any) -> bool:
    """Whether it says something else about the money: what is upheld does not, nor what forces another state."""
    upheld = isinstance(word, AppealDecided) and word.decision == AppealOutcome.UPHELD
    return not upheld and bool(getattr(word, "ruling", None) or hasattr(word, "lines"))


def by_line(events: Sequence[Any]) -> Counter[str]:
    """The money of events by line."""
    sums: Counter[str] = Counter()
    for part in (part for event in events for part in event.lines):
        sums[part.line_id] += part.amount.minor
    return sums


def an_agreement_waits_for_somebody(market: Market) -> None:
    """I4: money or goods are asked for, or awaited until D13, or a refusal is at hand (T30a) and the hold stands."""
    asked = {due.dispute_id for due in market.unpaid()} | {due.dispute_id for due, _ in market.under_way()}
    asked |= {x.opened.dispute_id for x in market.open_disputes if x.due(DeadlineKind.REPLACEMENT)}
    settled = {dispute.opened.dispute_id for dispute in market.open_disputes if waits_for_nobody_here(dispute)}
    assert settled <= asked | refused(market)


def waits_for_nobody_here(dispute: Dispute) -> bool:
    """It is agreed, or decided and nobody can appeal any more."""
    final = dispute.state == DisputeState.DECIDED and not dispute.case.appeal_until
    return dispute.state == DisputeState.AGREED or final


def the_deadlines_of_the_fold_are_the_rows(market: Market) -> None:
    """Every deadline that stands in a state has its row; another row is dropped when it is asked about."""
    standing = {
        (stream, kind): market.state(stream).due(kind)
        for stream in market.streams
        for kind in KINDS[stream.partition("-")[0]]
    }
    assert {key: due for key, due in standing.items() if due}.items() <= market.rows.items()


def what_stands_may_be_accepted(market: Market) -> None:
    """Of each side its last solution at most: the live request and the live offer, while the parties may agree."""
    for dispute in market.disputes:
        standing = {x.by: x.solution for x in dispute.solutions if x.state == Standing.STANDING and x.by != "platform"}
        live = {"buyer": dispute.request, "seller": dispute.offer} if dispute.state in MAY_AGREE else {}
        assert standing == {by: solution for by, solution in live.items() if solution}
        for by in {each.by for each in dispute.solutions}:
            versions = [each.version for each in dispute.solutions if each.by == by]
            assert versions == [*range(1, len(versions) + 1)]


def every_id_carries_the_orders_slot(market: Market) -> None:
    """An id alone says where its streams are: disputes, refunds, returns and texts are found without a directory."""
    fields = [
        (name, value) for events in market.streams.values() for event in events for name, value in dict(event).items()
    ]
    ours = {value for name, value in fields if value and name in NAMED}
    assert {slot_of_id(value.partition("_")[0], value) for value in ours} <= {slot_of(ORDER)}


def refused(market: Market) -> set[str | None]:
    """The disputes whose refund was refused: people look at them."""
    return {noted.dispute_id for noted in market.events(RefundNoted) if noted.outcome == RefundOutcome.REFUSED}


def order_given_up(market: Market) -> bool:
    """Whether support gave up what a cancelled order was owed: the seller has sent nothing, so the money stays held."""
    noted = [note for note in market.events(RefundNoted) if note.outcome == RefundOutcome.ABANDONED]
    return bool(market.order.cancelled_at) and any(not note.dispute_id for note in noted)


def run_to_the_end(life: Life) -> None:
    """Everybody answers, every timer fires, what the case team has is decided or withdrawn, and every appeal comes to
    nothing.
    """
    for _ in range(ROUNDS):
        if not is_open(life):
            return
        end_what_is_open(life)
    raise AssertionError(f"a life without end: {life.market.rows}")


def is_open(life: Life) -> bool:
    """Whether somebody or something is still awaited."""
    market = life.market
    owed = market.unpaid() or market.in_doubt() or market.order.gifts.waiting
    return bool(market.rows or owed or market.under_way() or life.of(*WITH_THE_TEAM))


def end_what_is_open(life: Life) -> None:
    market = life.market
    for due in market.unpaid():
        market.ask(note_refund(due, market.now))
    for due in market.in_doubt():
        market.ask(note_refund(due, market.now, RefundOutcome.FOUND_UNPAID))
    end_gifts(market)
    for back, steps in market.under_way():
        market.ask(note_return(back, steps[0], market.now))
    for n in life.of(*WITH_THE_TEAM):
        end_the_case(life, n)
    for n in life.of(DisputeState.APPEAL_REVIEW):
        for reviewer in (CASE_TEAM, REVIEWER_2, REVIEWER_3):  # two of them may have decided together (G15)
            weights = dict.fromkeys(market.state(dispute_stream(n)).evidence.to_weigh, 1)
            market.ask(decide_appeal(market.now, actor=reviewer, n=n, weights=weights))
    if market.rows:
        fire_next(market)


def end_gifts(market: Market) -> None:
    """What sellers give comes of them."""
    for waiting in market.order.gifts.waiting:
        disputes = tuple(sorted(disputes_of(market.order)))
        market.ask(end_clawback(waiting.clawback_id, market.now, disputes=disputes))


def end_the_case(life: Life, n: int) -> None:
    """The buyer withdraws it, or the case team decides it once its review has begun."""
    if life.dice.randrange(3):
        life.decide(n)
    else:
        life.market.ask(cancel(life.market.now, acknowledge_release=True, n=n))


def fire_next(market: Market) -> None:
    market.now = max(market.now, min(market.rows.values()))
    stream, kind = market.due()[0]
    before = market.state(stream)
    silence_does_not_help(before, kind, market.fire(stream, kind))


def silence_does_not_help(before: Any, kind: str, events: Any) -> None:
    """I8: D1 grants exactly what was asked; D2 grants nothing."""
    if kind == DeadlineKind.SELLER_RESPONSE:
        assert isinstance(before, Dispute)
        assert [type(event) for event in events][:2] == [SellerResponseTimedOut, SolutionReached]
        assert events[1].solution == before.request
        assert isinstance(events[2], RefundDue | ReturnDue)
    if kind == DeadlineKind.BUYER_RESPONSE:
        assert [type(event) for event in events] == [BuyerResponseTimedOut, Escalated]


def every_dispute_ends(market: Market) -> None:
    """I4, in the long run."""
    assert {dispute.opened.dispute_id for dispute in market.open_disputes} <= refused(market)


def nothing_is_lost(market: Market) -> None:
    """Of an order that is over, every line's money went to the buyer or to the seller."""
    order = market.order
    assert order.completed or refused(market) or order_given_up(market) or not order.protection_ends_at
    if order.completed:
        went = market.refunded() + market.released() - market.reclaimed() + given_and_not_paid(market)
        assert went == Counter({name: line.cap.minor for name, line in order.lines.items() if line.cap})
