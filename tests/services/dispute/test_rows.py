"""Rows of disputes, on real PostgreSQL: event by event each is what the fold of the same events is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.read_models import disputes
from dispute.views.as_of import History, dispute_row_of
from shared.events.mediation import AppealDecided
from shared.events.mediation.proposals import ProposalKind
from shared.eventstore.connections import open_pool
from tests.laws.size import examples
from tests.services.dispute.disputes.test_given_up import given_up_behind_what_was_paid, given_up_beside_a_replacement
from tests.support.builders import mediation as m
from tests.support.builders.disputes import (
    accept,
    cancel,
    counter,
    countered,
    dispute_id,
    dispute_of,
    expire,
    history_of,
    note_refund,
    open_dispute,
    refund_due,
)
from tests.support.builders.orders import BUYER, ORDER, SELLER, Histories, after, on, order, record
from tests.support.random_chargebacks import Charged
from tests.support.random_life import Life
from tests.support.recorded_life import behind_each_command, recorded_life

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

Migrated = Callable[[str], Awaitable[str]]
LIVED = examples(15)
"""How many lives."""


def asked_and_settled() -> Histories:
    """Both were asked, one after the other; then the seller grants the request, and it is paid."""
    asked = after(m.under_review(), m.ask_for(on("Mar 19")), m.state(on("Mar 20"), BUYER))
    asked = after(asked, m.ask_for(on("Mar 20", "13:00"), "seller"), m.state(on("Mar 20", "14:00"), SELLER))
    return m.paid(after(asked, m.decide(on("Mar 21"))), on("Mar 21", "13:00"))


def agreed_and_paid() -> Histories:
    agreed = after(countered(), accept(on("Mar 14")))
    return after(agreed, note_refund(refund_due(agreed), on("Mar 15")))


def closed_by_support() -> Histories:
    """One of the case team had the case when two persons of support closed it without a decision."""
    proposed = after(m.escalated(), m.claim(on("Mar 15")), m.transfer(on("Mar 16")))
    made = dispute_of(proposed).case.proposal
    assert made
    return after(proposed, m.agree(on("Mar 17"), m.SUPPORT_2, name=made.proposal_id, answers=ProposalKind.OVERRIDE))


def cancelled_in_review() -> Histories:
    """One of the case team had the case when the order was cancelled."""
    late = order(promised_by=on("Mar 10").date())
    escalated = after(late, open_dispute(on("Mar 12")), counter(on("Mar 13")), m.escalate(on("Mar 14")))
    claimed = after(escalated, m.claim(on("Mar 15")))
    told = record("cancelled", on("Mar 16"), by="seller")
    return after(claimed, CancelOrder(**dict(told) | {"disputes": (dispute_id(),)}))


LIVES = (
    closed_by_support(),
    cancelled_in_review(),
    asked_and_settled(),
    agreed_and_paid(),
    after(m.escalated(), cancel(on("Mar 15"), acknowledge_release=True)),
    after(m.paid(m.decided()), expire("appeal", m.D6)),
    given_up_beside_a_replacement(),
    given_up_behind_what_was_paid(),
    after(m.appealed(), m.decide_appeal(on("Mar 27"), "45.00")),
    after(m.appealed(), m.decide_appeal(on("Mar 27"))),
)


async def test_s52_s53_a_row_is_what_the_fold_says_event_by_event(migrated: Migrated) -> None:
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        for happened in LIVES:
            history = history_of(happened)
            # that nobody can appeal any more follows in the same append
            seen = [history[:n] for n, part in enumerate(history, 1) if not isinstance(part.event, AppealDecided)]
            await the_rows_are_folds(pool, connection, seen)


async def test_s52_s53_a_row_is_what_the_fold_says_behind_every_command_of_any_life(migrated: Migrated) -> None:
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        for seed in range(LIVED):
            _, market = recorded_life(seed, 70, kind=Charged if seed % 2 else Life)
            for history in market.histories:
                await the_rows_are_folds(pool, connection, list(behind_each_command(history)))


async def the_rows_are_folds(pool: Pool, connection: Connection, seen: Sequence[History]) -> None:
    """The row behind each of these beginnings of one history."""
    await connection.execute("delete from disputes")
    done = 0
    for happened in seen:
        for recorded in happened[done:]:
            await disputes.project(connection, recorded)
        done = len(happened)
        (row,) = await disputes.of_order(pool, ORDER)
        state = decider.fold(happened[0].stream, [each.event for each in happened])
        wanted = dispute_row_of(state, happened)
        assert {name: row[name] for name in wanted} == dict(wanted), happened[-1].event
