"""People of a history: the buyer who tries again, and support, who reads the provider's ledger before money is sent."""

from __future__ import annotations

from refund.domain.payments.proposals import says_paid
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.second_person import DeclineProposal
from shared.events.base import Command
from shared.events.mediation.proposals import ProposalKind, ProposalMade
from tests.proof.histories.world import World
from tests.support.builders import refunds as p

FIRST, SECOND = p.SUPPORT, p.OTHER_SUPPORT
BUYERS_TO_RETRY = RefundState.FAILED, RefundState.RETURNED_BY_BANK


async def buyer_retries(world: World) -> None:
    """Support's retry is a proposal; the buyer's is at once, of what the provider has refused."""
    failed = [part for part in world.parts if part.state in BUYERS_TO_RETRY]
    if failed:
        part = world.chance.choice(failed)
        await world.carry_out(p.retry(p.BUYER, refund_of(world, part).request.refund_id, at=world.now, part_id=part.id))


async def somebody_proposes(world: World) -> None:
    """One of support, about any refund."""
    if world.refunds:
        await propose(world, world.chance.choice(world.refunds))


async def propose(world: World, refund: Refund) -> None:
    """What the books say is best, of a part that people took over, or of a refund that was refused; what a bank has
    sent back is tried again, or given up where a chargeback leaves too little for it.
    """
    if back := next((part for part in refund.parts.values() if part.state is RefundState.RETURNED_BY_BANK), None):
        if not await world.carry_out(p.retry(FIRST, refund.request.refund_id, at=world.now, part_id=back.id)):
            await world.carry_out(p.abandon(FIRST, refund.request.refund_id, at=world.now, part_id=back.id))
        return
    part = next((part for part in refund.parts.values() if part.state is RefundState.MANUAL), None)
    if part is None:
        again = world.chance.random() < 0.5
        await world.carry_out((p.re_request if again else p.abandon)(FIRST, refund.request.refund_id, at=world.now))
        return
    paid = dict(world.provider.ledger).get(part.id)
    if paid is not None and paid != part.amount.minor:
        await world.carry_out(p.abandon(FIRST, refund.request.refund_id, at=world.now, part_id=part.id))
    elif paid is not None:
        await world.carry_out(by_hand(world, refund, part))
    else:
        await propose_unpaid(world, refund, part)


async def propose_unpaid(world: World, refund: Refund, part: Part) -> None:
    """What is not in the books: it is tried again, sent by hand (and the money goes), or given up."""
    refund_id, way = refund.request.refund_id, world.chance.randrange(3)
    if way == 0:
        await world.carry_out(p.retry(FIRST, refund_id, at=world.now, part_id=part.id))
    elif way == 1:
        await world.carry_out(p.abandon(FIRST, refund_id, at=world.now, part_id=part.id))
    elif await world.carry_out(by_hand(world, refund, part)):
        world.provider.ledger.append((part.id, part.amount.minor))


def by_hand(world: World, refund: Refund, part: Part) -> Command:
    refund_id, asked = refund.request.refund_id, refund.request.requested_at
    at = max(world.now, asked)
    return p.by_hand(FIRST, refund_id, at=at, paid_at=at, part_id=part.id)


async def somebody_answers(world: World) -> None:
    """The second one of support, to anything that is proposed."""
    waiting = [refund for refund in world.refunds if refund.proposal]
    if waiting:
        made = world.chance.choice(waiting).proposal
        assert made
        await answer(world, made, agrees=says_paid(made) or world.chance.random() < 0.7)


async def answer(world: World, made: ProposalMade, agrees: bool) -> None:
    """That money was sent is a fact, which is agreed to; a retry of what the provider has paid meanwhile is not. What
    cannot be agreed to any more is declined.
    """
    part = world.payment.find(made.part_id or made.refund_id or "")
    if made.kind == ProposalKind.RETRY and part and part[1].id in dict(world.provider.ledger):
        agrees = False
    if not agrees or not await world.carry_out(p.agree(SECOND, made, at=world.now)):
        why = {"reason": "The books say otherwise."}
        await world.carry_out(p.answer(DeclineProposal, SECOND, made, at=world.now, **why))


def refund_of(world: World, part: Part) -> Refund:
    found = world.payment.find(part.id)
    assert found
    return found[0]
