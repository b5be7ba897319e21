"""Lives of an order and its disputes, drawn by dice: what is likely happens often, what is forbidden is tried as
well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import chain
from random import Random
from typing import Any

from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.difference import passed
from dispute.domain.disputes.form import FORM_TYPES, RequestedLine
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.state import DisputeState
from dispute.domain.goodwill import GrantGoodwill
from dispute.domain.orders.cancellation import disputes_of
from dispute.domain.orders.facts import FactType
from dispute.domain.orders.payments.bank import AS_IT_WENT, NEXT_TRY, OF_THE_BANK
from dispute.domain.orders.payments.caps import refundable
from shared.events.base import Actor, Command, Event
from shared.events.dispute import SENT_AGAIN, Decision, Reason, RefundOutcome, ReturnDue, ReturnOutcome, SolutionType
from shared.events.ids import derived_uuid
from shared.events.inspection import InspectedPieces
from shared.events.mediation import AppealOutcome, Outcome
from shared.events.mediation.conversation import Addressee
from shared.events.mediation.proposals import ProposalKind, SupportOverrideProposed
from shared.events.money import Money
from tests.support.builders import mediation
from tests.support.builders.disputes import (
    accept,
    arrive,
    ask_again,
    cancel,
    dispute_stream,
    found,
    modify,
    note_refund,
    note_return,
    offer,
    open_dispute,
    receive,
    respond,
    say,
    ship,
)
from tests.support.builders.mediation import REVIEWER_2, REVIEWER_3, SUPPORT, SUPPORT_2
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    ORDER,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    SHOP,
    expire_stream,
    facts,
    on,
    order_line,
    record,
    register,
    report_seller,
    terms,
    usd,
)
from tests.support.dispute_service import KINDS, Market

Move = tuple[int, Callable[[], object]]
"""How likely, and what."""

ANSWERS = [
    *(word for word in RefundOutcome if word not in OF_THE_BANK),
    *(RefundOutcome.RETURNED_BY_BANK, RefundOutcome.ISSUED_AGAIN),
]
"""What the refund service may say of money that it has not paid, and two words that come too early."""
BANKS_WORDS = [RefundOutcome.RETURNED_BY_BANK, *NEXT_TRY, *sorted(AS_IT_WENT)]
SHIPPED = {"shipped": "Mar 1"}
TOLD: Sequence[dict[str, str]] = (SHIPPED, SHIPPED, SHIPPED | {"delivered": "Mar 9"}, {"finished": "Mar 2"}, {})
WITH_THE_TEAM = frozenset({DisputeState.ESCALATED, DisputeState.UNDER_REVIEW})
SETTLED = frozenset({DisputeState.AGREED, DisputeState.DECIDED, DisputeState.APPEAL_REVIEW})
STATES_OF: dict[Callable[..., Command], tuple[Actor, frozenset[DisputeState]]] = {
    respond: (SELLER, WITH_THE_TEAM | {DisputeState.AWAITING_SELLER}),
    accept: (BUYER, WITH_THE_TEAM | {DisputeState.AWAITING_BUYER}),
    modify: (BUYER, frozenset({DisputeState.AWAITING_BUYER})),
    cancel: (BUYER, frozenset(set(DisputeState) - {DisputeState.CLOSED, DisputeState.APPEAL_REVIEW})),
    mediation.escalate: (BUYER, frozenset({DisputeState.AWAITING_SELLER, DisputeState.AWAITING_BUYER})),
    mediation.decide: (CASE_TEAM, frozenset({DisputeState.UNDER_REVIEW})),
    mediation.appeal: (SELLER, frozenset({DisputeState.DECIDED, DisputeState.APPEAL_REVIEW})),
    mediation.decide_appeal: (REVIEWER_2, frozenset({DisputeState.APPEAL_REVIEW})),
    ship: (SELLER, SETTLED),
    receive: (BUYER, SETTLED),
}
"""By command: whose it is, and the states in which it may be accepted."""

DESK = [SUPPORT, SUPPORT_2]
BEHIND = [timedelta()] * 5 + [timedelta(milliseconds=5), timedelta(seconds=5), timedelta(minutes=1)]
"""How far clocks of several machines differ."""


class Life:
    """One order, any number of disputes on its lines, two parties, strangers, two other services and a clock; goods go
    back to `address`, where there is one.
    """

    def __init__(self, dice: Random, address: str | None = None) -> None:
        self.dice = dice
        self.address = address
        self.market = Market(on("Mar 12"))
        self.opened = 0
        self.gifts = 0
        self._register()

    def step(self) -> None:
        """Something happens, now and then on a machine whose clock is behind the others'."""
        behind = self.dice.choice(BEHIND)
        self.market.now -= behind
        moves = [move for move in self._moves() if move[0]]
        self.dice.choices([act for _, act in moves], [weight for weight, _ in moves])[0]()
        self.market.now += behind

    def of(self, *states: DisputeState) -> list[int]:
        """The disputes in these states."""
        return [n for n in range(self.opened) if self.market.state(dispute_stream(n)).state in states]

    def _moves(self) -> list[Move]:
        asked, answered = self.of(DisputeState.AWAITING_SELLER), self.of(DisputeState.AWAITING_BUYER)
        held, settled = self.of(*WITH_THE_TEAM), self.of(DisputeState.AGREED, DisputeState.DECIDED)
        unsent = [n for n in settled if self.market.state(dispute_stream(n)).goods_unsent]
        return [
            (3, self._time_passes),
            (1, self._fact),
            (1, self._vain_timer),
            (1, self._out_of_turn),
            (1, lambda: self._ask(report_seller, BUYER)),
            (4 if self.market.due() else 0, self._timer),
            (5 if self._free() else 0, self._open),
            (6 if asked else 0, lambda: self._respond(self.dice.choice(asked))),
            (2 if answered else 0, lambda: self._ask(accept, BUYER, n=self.dice.choice(answered))),
            (3 if answered else 0, lambda: self._modify(self.dice.choice(answered))),
            (1 if asked + answered else 0, lambda: self._cancel(self.dice.choice(asked + answered))),
            (1 if held else 0, lambda: self._cancel(self.dice.choice(held))),
            (1 if unsent else 0, lambda: self._cancel(self.dice.choice(unsent))),
            *self._replacements(),
            (1 if self.opened else 0, self._say),
            *self._mediation(),
            *self._overrides(),
            (4 if self.market.unpaid() else 0, self._refund),
            (1 if self.market.paid() else 0, self._bank),
            (1 if self.market.refused() else 0, self._give_up),
            (1 if self.market.refused() else 0, self._ask_again),
            (6 if self.market.under_way() else 0, self._return),
            (1, self._give),
        ]

    def _say(self) -> None:
        """Somebody writes, perhaps of a dispute that is closed, or to himself."""
        writer, to = self.dice.choice([BUYER, SELLER, CASE_TEAM]), self.dice.choice(list(Addressee))
        self._ask(say, writer, n=self.dice.randrange(self.opened), to=to)

    def _replacements(self) -> list[Move]:
        """What happens while something is to come in the place of the goods; now and then where nothing is."""
        carried = self.of(DisputeState.AGREED, DisputeState.DECIDED, DisputeState.APPEAL_REVIEW)
        awaited = [n for n in carried if self.market.state(dispute_stream(n)).replacement.is_awaited or self._rarely()]
        return [
            (3 if awaited else 0, lambda: self._ask(ship, SELLER, n=self.dice.choice(awaited))),
            (3 if awaited else 0, lambda: self._ask(receive, BUYER, n=self.dice.choice(awaited))),
            (2 if awaited else 0, lambda: self._ask(arrive, SHOP, n=self.dice.choice(awaited))),
        ]

    def _mediation(self) -> list[Move]:
        """What happens once the case team is in play."""
        negotiated = self.of(DisputeState.AWAITING_SELLER, DisputeState.AWAITING_BUYER)
        escalated, reviewed = self.of(DisputeState.ESCALATED), self.of(DisputeState.UNDER_REVIEW)
        decided = self.of(DisputeState.DECIDED)
        appealed = self.of(DisputeState.APPEAL_REVIEW)
        held = escalated + reviewed + appealed
        return [
            (1 if negotiated else 0, lambda: self._of_a_party(mediation.escalate, negotiated)),
            (3 if escalated else 0, lambda: self._of_a_party(mediation.state, escalated)),
            (1 if escalated + reviewed else 0, lambda: self._respond(self.dice.choice(escalated + reviewed))),
            (1 if escalated + reviewed else 0, lambda: self._of_a_party(accept, escalated + reviewed)),
            (1 if held else 0, lambda: self._of_the_team(mediation.claim, held)),
            (1 if held else 0, lambda: self._of_the_team(mediation.release, held)),
            (2 if escalated + reviewed else 0, lambda: self._of_the_team(mediation.review, escalated + reviewed)),
            (1 if reviewed else 0, lambda: self._of_the_team(mediation.ask_for, reviewed)),
            (5 if reviewed else 0, lambda: self.decide(self.dice.choice(reviewed))),
            (3 if decided + appealed else 0, lambda: self._of_a_party(mediation.appeal, decided + appealed)),
            (4 if appealed else 0, lambda: self._decide_appeal(self.dice.choice(appealed))),
            (4 if reviewed + appealed else 0, lambda: self._second_word(self.dice.choice(reviewed + appealed))),
            (1 if decided else 0, lambda: self._of_a_party(mediation.survey, decided)),
        ]

    def _overrides(self) -> list[Move]:
        """What support forces; another one of them, now and then the same, agrees or declines."""
        forceable = self.of(*(state for state in DisputeState if state != DisputeState.CLOSED))
        waiting = [n for n in forceable if isinstance(self._proposal(n), SupportOverrideProposed)]
        return [
            (1 if forceable and self.dice.randrange(3) == 0 else 0, lambda: self._force(self.dice.choice(forceable))),
            (6 if waiting else 0, lambda: self._second_word(self.dice.choice(waiting))),
        ]

    def _force(self, n: int) -> None:
        actor, action = self.dice.choice(DESK), self.dice.choice(["decide", "decide", "escalate", "close"])
        if action == "decide":
            self._ask(mediation.force, actor, n=n, **self._ruling(n))
        else:
            self._ask(mediation.transfer, actor, n=n, action=action)

    def _proposal(self, n: int) -> Any:
        return self.market.state(dispute_stream(n)).case.proposal

    def _of_a_party(self, builder: Callable[..., Command], disputes: list[int]) -> None:
        self._ask(builder, self.dice.choice([BUYER, SELLER]), n=self.dice.choice(disputes))

    def _of_the_team(self, builder: Callable[..., Command], disputes: list[int]) -> None:
        self._ask(builder, self.dice.choice([CASE_TEAM, REVIEWER_2]), n=self.dice.choice(disputes))

    def decide(self, n: int) -> None:
        """One of the case team rules what may be right."""
        self._ask(mediation.decide, self.dice.choice([CASE_TEAM, REVIEWER_2]), n=n, **self._ruling(n))

    def _decide_appeal(self, n: int) -> None:
        word = self.dice.choice(list(AppealOutcome))
        ruled = {"weights": self._weights(n)} if word == AppealOutcome.UPHELD else self._ruling(n)
        self._ask(mediation.decide_appeal, self.dice.choice([CASE_TEAM, REVIEWER_2]), n=n, decision=word, **ruled)

    def _second_word(self, n: int) -> None:
        """On what is proposed, if anything is."""
        made = self._proposal(n)
        named = {"name": made.proposal_id, "answers": made.kind} if made else {"answers": ProposalKind.DECISION}
        builder = self.dice.choice([mediation.agree, mediation.agree, mediation.decline])
        forced = isinstance(made, SupportOverrideProposed)
        self._ask(builder, self.dice.choice(DESK if forced else [CASE_TEAM, REVIEWER_2, REVIEWER_3]), n=n, **named)

    def _ruling(self, n: int) -> dict[str, Any]:
        """Amounts of all lines, and the word that fits them; now and then too much, or the wrong word."""
        dispute = self.market.state(dispute_stream(n))
        none = self.dice.randrange(4) == 0
        drawn = [(line.line_id, 0 if none else self._minor(line.cap.minor)) for line in dispute.opened.lines]
        parts = [(name, max(minor, passed(dispute).get(name, 0))) for name, minor in drawn]
        amount = sum(minor for _, minor in parts)
        weights = self._weights(n)
        if not amount and self.dice.randrange(3) == 0:
            return {"outcome": Outcome.BUYER_FAVOUR, "type": self.dice.choice(SENT_AGAIN), "weights": weights}
        fitting = Outcome.SPLIT if 0 < amount < dispute.request.amount.minor else Outcome.BUYER_FAVOUR
        outcome = self.dice.choice(list(Outcome)) if self._rarely() else fitting if amount else Outcome.SELLER_FAVOUR
        return {
            "outcome": outcome,
            "type": self._kind() if amount else None,
            "address": self.address if amount else None,
            "lines": tuple(RuledLine(line_id=name, amount=Money(minor, "USD")) for name, minor in parts),
            "weights": weights,
        }

    def _weights(self, n: int) -> dict[str, int]:
        """Carriers' scans are the only evidence here."""
        return dict.fromkeys(self.market.state(dispute_stream(n)).evidence.to_weigh, 1)

    def _minor(self, cap: int) -> int:
        return cap + 1 if self._rarely() else self.dice.randint(0, cap)

    def _rarely(self) -> bool:
        return self.dice.randrange(12) == 0

    def _ask(self, builder: Callable[..., Command], party: Actor, **more: Any) -> Sequence[Event]:
        """The party's command, now and then from somebody else."""
        actor = self.dice.choice([OTHER_BUYER, OTHER_SELLER, CASE_TEAM, BUYER, SELLER]) if self._rarely() else party
        return self.market.ask(builder(at=self.market.now, actor=actor, **more))

    # The order, the clock, the shop

    def _register(self) -> None:
        dice = self.dice
        lines = [order_line(f"l{i}", _cents(dice.randrange(20)), dice.randint(1, 3)) for i in range(dice.randint(1, 3))]
        bound = {
            "max_rounds": dice.randint(1, 4),
            "negotiation_days": dice.randint(0, 9),
            "seller_response_days": dice.randint(0, 5),
            "two_person_amounts": dice.choice([(), (), (Money(dice.randint(0, 30), "USD"),)]),
        }
        promised = {"promised_by": on("Mar 5").date()} if dice.randrange(2) else {}
        told = facts(**dice.choice(TOLD))
        paid = {"amount": Money(dice.randint(1, 60), "USD")}
        where = {"return_address": self.address}
        self.market.ask(register(*lines, payment=paid, terms=terms(**bound), facts=told, **where, **promised))

    def _time_passes(self) -> None:
        self.market.now += timedelta(hours=self.dice.choice([1, 5, 24, 24, 48, 48, 72, 120, 400]))

    def _timer(self) -> None:
        self.market.fire(*self.dice.choice(self.market.due()))

    def _vain_timer(self) -> None:
        """A deadline that stands at another instant, or not at all, decides nothing."""
        stream = self.dice.choice(list(self.market.streams))
        kind, at = self.dice.choice([kind for kinds in KINDS.values() for kind in kinds]), self.market.now
        if self.market.rows.get((stream, kind)) != at:
            assert not self.market.ask(expire_stream(stream, kind, at))
        if due := self.market.rows.get((stream, kind)):
            assert due <= at or not self.market.ask(expire_stream(stream, kind, due, at))

    def _fact(self) -> None:
        name = self.dice.choice(list(FactType))
        if name in (FactType.CANCELLED, FactType.ACCOUNT_STATUS) and not self._rarely():
            name = FactType.FINISHED
        told_at = self.market.now - timedelta(hours=self.dice.randrange(200))
        told = record(name, told_at, status=self.dice.choice(["good", "restricted"]))
        disputes = tuple(sorted(disputes_of(self.market.order)))
        told = told.model_copy(update={"disputes": disputes})
        self.market.ask(CancelOrder(**dict(told)) if name == FactType.CANCELLED else told)

    # The parties

    def _free(self) -> list[str]:
        order = self.market.order
        over = order.protection_over(self.market.now) or order.nothing_due
        return [] if over else [name for name, line in order.lines.items() if line.free and not line.settled]

    def _open(self) -> None:
        lines = sorted(self.market.order.lines) if self._rarely() else self._free()
        named = {name: self.dice.randint(1, 3) for name in self.dice.sample(lines, self.dice.randint(1, len(lines)))}
        known = [(self.market.order.lines[name], quantity) for name, quantity in named.items()]
        cap = sum(refundable(line, min(quantity, line.quantity)).minor for line, quantity in known)
        self.opened += bool(
            self._ask(
                open_dispute,
                BUYER,
                n=self.opened,
                amount=self._part(cap),
                lines=tuple(
                    RequestedLine(line_id=line.line_id, quantity=min(quantity, line.quantity))
                    for line, quantity in known
                ),
                reason=self._reason(),
                type=self.dice.choice(FORM_TYPES),
            )
        )

    def _reason(self) -> Reason:
        """Every third dispute says that nothing came; without a throw, so that known seeds stay the lives they are."""
        usual = Reason.NOT_RECEIVED if self.opened % 3 == 2 else Reason.LATE
        return self.dice.choice(list(Reason)) if self._rarely() else usual

    def _respond(self, n: int) -> None:
        decision = self.dice.choice([Decision.ACCEPT, Decision.REJECT, Decision.COUNTER, Decision.COUNTER])
        kind = self._kind()
        amount = "0.00" if kind in SENT_AGAIN and not self._rarely() else self._amount(n)
        offered = offer(amount, kind, address=self.address) if decision == Decision.COUNTER else None
        self._ask(respond, SELLER, n=n, decision=decision, solution=offered)

    def _kind(self) -> SolutionType:
        return self.dice.choice(list(SolutionType))

    def _modify(self, n: int) -> None:
        kind = self.dice.choice(FORM_TYPES)
        self._ask(modify, BUYER, n=n, amount=self._amount(n), reason=self._reason(), type=kind)

    def _cancel(self, n: int) -> None:
        self._ask(cancel, BUYER, n=n, acknowledge_release=bool(self.dice.randrange(3)))

    def _out_of_turn(self) -> None:
        """Whoever it is, what is not in this state decides nothing."""
        n = self.dice.randint(0, self.opened)
        builder, (party, states) = self.dice.choice(list(STATES_OF.items()))
        if self.market.state(dispute_stream(n)).state not in states:
            assert not self._ask(builder, party, n=n, **({"decision": Decision.ACCEPT} if builder is respond else {}))

    def _amount(self, n: int) -> str:
        return self._part(sum(line.cap.minor for line in self.market.state(dispute_stream(n)).opened.lines))

    def _part(self, cap: int) -> str:
        """All of it, or some, now and then nothing or too much."""
        return _cents(
            self.dice.choice([0, cap + 1])
            if self._rarely()
            else self.dice.choice([cap, cap, self.dice.randint(min(1, cap), cap)])
        )

    # The other services

    def _refund(self) -> None:
        outcome = self.dice.choice([RefundOutcome.ISSUED] * 4 + ANSWERS)
        self.market.ask(note_refund(self.dice.choice(self.market.unpaid()), self.market.now, outcome))

    def _bank(self) -> None:
        """What becomes of money that was paid: a bank credits it or sends it back, and it goes again; all of that may
        be told twice, and in any order.
        """
        outcome = self.dice.choice(BANKS_WORDS)
        note = note_refund(self.dice.choice(self.market.paid()), self.market.now, outcome)
        self.market.ask(note.model_copy(update={"command_id": derived_uuid("bank", self.dice.random())}))

    def _give_up(self) -> None:
        due = self.dice.choice(self.market.refused())
        self.market.ask(note_refund(due, self.market.now, RefundOutcome.ABANDONED))

    def _ask_again(self) -> None:
        """All of it, or one line of it, or some of that; also where nothing waits for it any more."""
        due = self.dice.choice(self.market.refused())
        part = self.dice.choice(due.lines)
        some = part.model_copy(update={"amount": usd(_cents(self.dice.randint(1, part.amount.minor)))})
        lines = self.dice.choice([due.lines, (part,), (some,)])
        self.market.ask(ask_again(due, self.market.now).model_copy(update={"lines": lines}))

    def _give(self) -> None:
        """A seller gives some of a line of its own, or of another's, or too much."""
        line = self.dice.choice(list(self.market.order.lines.values()) or [None])
        if line:
            self.gifts += 1
            named = (RequestedLine(line_id=line.line_id, quantity=self.dice.randint(1, line.quantity)),)
            command_id = derived_uuid("give", self.gifts)
            gift = {"type": "refund_only", "lines": named, "amount": usd(self._part(line.releasable.minor))}
            who = self.dice.choice([SELLER, SELLER, OTHER_SELLER])
            self.market.ask(GrantGoodwill(command_id=command_id, actor=who, at=self.market.now, order_id=ORDER, **gift))

    def _return(self) -> None:
        due, steps = self.dice.choice(self.market.under_way())
        step = self.dice.choice(steps)
        pieces = self._found(due) if step is ReturnOutcome.FAILED else ()
        self.market.ask(note_return(due, step, self.market.now, pieces=pieces))

    def _found(self, due: ReturnDue) -> tuple[InspectedPieces, ...]:
        """Some pieces pass and some do not; of one return nobody has looked at single pieces."""
        dice = Random(due.return_id)  # of its own, so that the lives before are lived as they were
        good = {line.line_id: dice.randint(0, line.quantity) for line in due.lines}
        each = [found(line.line_id, good[line.line_id], line.quantity - good[line.line_id]) for line in due.lines]
        some_fail = any(good[line.line_id] < line.quantity for line in due.lines)
        return tuple(chain(*each)) if some_fail and dice.randrange(4) else ()


def _cents(minor: int) -> str:
    return Money(minor, "USD").amount
