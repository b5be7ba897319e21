"""Rows of disputes, on real PostgreSQL: event by event each is what the fold of the same events is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dispute.domain.decider import decider
from dispute.read_models import disputes
from dispute.views.as_of import dispute_row_of
from shared.events.mediation import AppealDecided
from shared.eventstore.connections import open_pool
from tests.support.builders import mediation as m
from tests.support.builders.disputes import accept, cancel, countered, expire, history_of, note_refund, refund_due
from tests.support.builders.orders import BUYER, ORDER, SELLER, Histories, after, on

Migrated = Callable[[str], Awaitable[str]]


def asked_and_settled() -> Histories:
    """Both were asked, one after the other; then the seller grants the request, and it is paid."""
    asked = after(m.under_review(), m.ask_for(on("Mar 19")), m.state(on("Mar 20"), BUYER))
    asked = after(asked, m.ask_for(on("Mar 20", "13:00"), "seller"), m.state(on("Mar 20", "14:00"), SELLER))
    return m.paid(after(asked, m.decide(on("Mar 21"))), on("Mar 21", "13:00"))


def agreed_and_paid() -> Histories:
    agreed = after(countered(), accept(on("Mar 14")))
    return after(agreed, note_refund(refund_due(agreed), on("Mar 15")))


LIVES = (
    asked_and_settled(),
    agreed_and_paid(),
    after(m.escalated(), cancel(on("Mar 15"), acknowledge_release=True)),
    after(m.paid(m.decided()), expire("appeal", m.D6)),
    after(m.appealed(), m.decide_appeal(on("Mar 27"), "45.00")),
    after(m.appealed(), m.decide_appeal(on("Mar 27"))),
)


async def test_s52_s53_a_row_is_what_the_fold_says_event_by_event(migrated: Migrated) -> None:
    async with open_pool(await migrated("dispute")) as pool, pool.acquire() as connection:
        for happened in LIVES:
            await connection.execute("delete from disputes")
            history = history_of(happened)
            for n, recorded in enumerate(history, 1):
                await disputes.project(connection, recorded)
                if isinstance(recorded.event, AppealDecided):
                    continue  # nobody can appeal any more: that follows in the same append
                (row,) = await disputes.of_order(pool, ORDER)
                state = decider.fold(recorded.stream, [each.event for each in history[:n]])
                wanted = dispute_row_of(state, history[:n])
                assert {name: row[name] for name in wanted} == dict(wanted), recorded.event
