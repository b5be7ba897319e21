"""Line of an order: its cap, what was refunded and released of it, and which of its pieces a dispute is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from shared.events import order as events
from shared.events.money import Money, total


@dataclass(frozen=True, slots=True)
class Claim:
    """So many pieces of a line that one dispute is about, or that go back without one, with their share of the cap;
    `agreed` once it ended so, or by a decision, or they were paid back.

    `parcels` are those that the pieces were in when it began. If the seller was `paid_out` before, nothing of the
    line's money waits for it: what goes back is asked of him (K19).
    """

    quantity: int
    cap: Money
    refunded: Money
    parcels: tuple[str, ...] = ()
    agreed: bool = False
    paid_out: bool = False
    doubts: Mapping[str, Money] = field(default_factory=dict)

    @property
    def remainder(self) -> Money:
        """What was not refunded of these pieces, for certain."""
        return self.cap - total([self.refunded, *self.doubts.values()])

    @property
    def stays(self) -> bool:
        """Its pieces are not released with the others: it waits, or something of it is in doubt."""
        return not self.agreed or any(self.doubts.values())


KEPT = (events.HoldEnd.AGREED, events.HoldEnd.DECIDED, events.HoldEnd.RETURNED)
"""After these ends the pieces are not in any dispute or return again."""


@dataclass(frozen=True, slots=True)
class Sold:
    """So many pieces, and what the seller was paid for them."""

    quantity: int
    paid: Money


@dataclass(frozen=True, slots=True)
class Line:
    """One order line: a piece is in at most one dispute or return (S109); released and refunded together never exceed
    the cap, which is what was taken for it so far, but for what was `reclaimed`: refunded after the seller was paid,
    and asked of him, or refunded, asked back and left to him (K19). What its seller gives of it, and is not paid yet,
    is `promised` (S20); what was given up and may have been paid is among the `doubts`, by refund (T31a).

    `claims` are by dispute or return, `disputes` all that ever had one; `holds` are of neither: they keep the line's
    money, and lift by themselves. Of the released pieces those that are `sold` had neither an agreement nor a decision.
    """

    line_id: str
    seller_id: str
    quantity: int
    cap: Money
    flags: tuple[str, ...]
    refunded: Money
    released: Money
    reclaimed: Money
    promised: Money
    charged_back: Money
    sold: Sold
    released_pieces: int = 0
    claims: Mapping[str, Claim] = field(default_factory=dict)
    disputes: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    disputed: int = 0
    reopens: str | None = None
    doubts: Mapping[str, Money] = field(default_factory=dict)
    ordered: events.OrderLine | None = None

    @classmethod
    def of(cls, line: events.OrderLine) -> Self:
        """The line as it was ordered."""
        nothing, cap = Money.zero(line.cap), line.cap if line.captured is None else line.captured
        said = (line.line_id, line.seller_id, line.quantity, cap, line.flags)
        return cls(*said, nothing, nothing, nothing, nothing, nothing, Sold(0, nothing), ordered=line)

    @property
    def listing(self) -> events.OrderLine:
        """What the listing said when it was ordered (S97)."""
        assert self.ordered
        return self.ordered

    @property
    def uncaptured(self) -> Money:
        """What was authorised for it and is not taken yet."""
        return self.listing.cap - self.cap

    def captured(self, amount: Money) -> Self:
        """With so much more taken for it."""
        return replace(self, cap=self.cap + amount)

    @property
    def remainder(self) -> Money:
        """What is neither refunded nor released nor promised nor in doubt, nor paid to the buyer by a bank (T35)."""
        gone = self.refunded + self.released + self.promised + self.in_doubt + self.charged_back
        return max(Money.zero(self.cap), self.cap + self.reclaimed - gone)

    @property
    def in_doubt(self) -> Money:
        """What of its money may have been paid, and nobody knows."""
        return total([Money.zero(self.cap), *self.doubts.values()])

    @property
    def open_claims(self) -> Mapping[str, Claim]:
        """Of the disputes and returns that go on."""
        return {dispute_id: claim for dispute_id, claim in self.claims.items() if not claim.agreed}

    @property
    def kept_claims(self) -> Mapping[str, Claim]:
        """Those whose pieces are not paid out."""
        return {dispute_id: claim for dispute_id, claim in self.claims.items() if not claim.paid_out}

    @property
    def waiting_claims(self) -> Mapping[str, Claim]:
        """Those for which money of the line waits."""
        return {dispute_id: claim for dispute_id, claim in self.kept_claims.items() if not claim.agreed}

    @property
    def held_by(self) -> str | None:
        """The first dispute or return that goes on."""
        return next(iter(self.open_claims), None)

    @property
    def named_claim(self) -> Mapping[str, Any]:
        """The same as a member of a refusal."""
        return {"dispute_id" if self.held_by in self.disputes else "return_id": self.held_by}

    @property
    def agreed(self) -> bool:
        """The parties have agreed on some of its pieces."""
        agreed = any(claim.agreed for name, claim in self.claims.items() if name in self.disputes)
        return agreed or self.released_pieces > self.sold.quantity

    @property
    def free(self) -> int:
        """How many pieces are or were in no dispute or return, and are not released."""
        return self.quantity - self.released_pieces - sum(claim.quantity for claim in self.kept_claims.values())

    @property
    def free_cap(self) -> Money:
        """What is left for the pieces that are free (G9)."""
        return self._less(self.kept_claims)

    @property
    def reach(self) -> Sold:
        """Of what is sold that which no dispute is about: the law still reaches it (S17)."""
        claims = [claim for claim in self.claims.values() if claim.paid_out]
        quantity, caps = sum(claim.quantity for claim in claims), [claim.cap for claim in claims]
        return Sold(self.sold.quantity - quantity, self.sold.paid - total([Money.zero(self.cap), *caps]))

    @property
    def releasable(self) -> Money:
        """What the seller may have: nothing while something holds the line, else all that no open dispute is about."""
        return Money.zero(self.cap) if self.holds else self._less(self.waiting_claims)

    def left_of(self, dispute_id: str) -> Money:
        """What was not refunded of this dispute's pieces; the seller has it, or may have it once it has ended."""
        claim = self.claims[dispute_id]
        return claim.remainder if claim.paid_out else min(claim.remainder, self.remainder)

    def _less(self, claims: Mapping[str, Claim]) -> Money:
        # A refund without a dispute may have taken from what the claims stand for.
        nothing = Money.zero(self.cap)
        return max(nothing, self.remainder - total([nothing, *(claim.remainder for claim in claims.values())]))

    @property
    def settled(self) -> bool:
        """It was released or fully refunded; a gift, on which nothing was paid, was neither."""
        return self.released_pieces == self.quantity or bool(self.cap and not self.remainder)

    @property
    def done(self) -> bool:
        """Nothing is left to dispute, refund or release."""
        return not (self.held or self.promised or self.in_doubt or self.remainder)

    @property
    def held(self) -> bool:
        """Money of it waits, for a dispute or something else."""
        return bool(self.waiting_claims or self.holds)

    def is_again(self, quantity: int) -> bool:
        """Whether some of so many pieces were disputed before (G18)."""
        return self.disputed + quantity > self.quantity

    def held_for(self, event: events.PaymentHeld, part: events.HeldPieces) -> Self:
        """With one hold more."""
        if not (claimant := event.dispute_id or event.return_id):
            return replace(self, holds=self.holds | {event.hold})
        paid_out = self.line_id in event.paid_out
        claim = Claim(part.quantity, part.cap, Money.zero(self.cap), part.parcels, paid_out=paid_out)
        held = replace(self, claims={**self.claims, claimant: claim})
        if not event.dispute_id:
            return held
        disputed = min(self.quantity, self.disputed + part.quantity)
        return replace(held, disputes=self.disputes | {event.dispute_id}, disputed=disputed)

    def lifted(self, event: events.PaymentHoldLifted) -> Self:
        """Without this hold; after a dispute its pieces are agreed or decided on, or may be disputed again: of what the
        seller was paid for them, what went back is gone.
        """
        if not (claimant := event.dispute_id or event.return_id):
            return replace(self, holds=self.holds - {event.hold})
        if event.because in KEPT:
            agreed = replace(self.claims[claimant], agreed=True)
            return replace(self, claims={**self.claims, claimant: agreed})
        reopens = event.dispute_id if event.because == events.HoldEnd.CANCELLED else None
        claim = self.claims[claimant]
        sold = replace(self.sold, paid=self.sold.paid - claim.refunded) if claim.paid_out else self.sold
        left = {name: one for name, one in self.claims.items() if name != claimant}
        return replace(self, claims=left, reopens=reopens, sold=sold)

    def paid_out(self, amount: Money, event: events.PaymentReleased) -> Self:
        """With so much released: of a dispute that has ended, of all that none is about, or left by a clawback."""
        released = replace(self, released=self.released + amount)
        if event.clawback_id:
            return replace(released, reclaimed=self.reclaimed + amount)
        if event.dispute_id:
            claims = {**self.claims, event.dispute_id: replace(self.claims[event.dispute_id], agreed=True)}
            left = {name: one for name, one in claims.items() if name != event.dispute_id or one.stays}
            pieces = 0 if event.dispute_id in left else claims[event.dispute_id].quantity
            sold = Sold(pieces, amount) if event.because in (events.HoldEnd.CANCELLED, events.HoldEnd.CLOSED) else None
        else:
            staying = sum(one.quantity for one in self.kept_claims.values() if one.stays)
            pieces = self.quantity - self.released_pieces - staying
            left = {name: claim for name, claim in self.claims.items() if claim.paid_out or claim.stays}
            sold = Sold(self.free, min(amount, self.free_cap))
        whole = Sold(self.sold.quantity + sold.quantity, self.sold.paid + sold.paid) if sold else self.sold
        return replace(released, released_pieces=self.released_pieces + pieces, claims=left, sold=whole)

    def paid_back(self, amount: Money, claimant: str | None) -> Self:
        """With so much refunded, on the ground of a dispute or a return, or without one."""
        claims, reclaimed = self.claims, self.reclaimed
        if claimant and (claim := claims.get(claimant)):
            claims = {**claims, claimant: replace(claim, refunded=claim.refunded + amount)}
            reclaimed = reclaimed + amount if claim.paid_out else reclaimed
        return replace(self, refunded=self.refunded + amount, reclaimed=reclaimed, claims=claims)
