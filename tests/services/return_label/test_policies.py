"""What the dispute service's events lead to in the return-label service."""

from __future__ import annotations

from functools import partial

import pytest

from return_label.domain.returns.request import RequestReturn, asked
from return_label.domain.returns.withdrawal import WithdrawReturn
from return_label.policies import react
from shared.events.base import Event
from shared.events.dispute import ReturnKind, ReturnNotDue
from tests.support.builders import refunds as p
from tests.support.builders import returns as r
from tests.support.policies import recorded, sent


def test_on_a_return_due_the_return_is_requested() -> None:
    command: RequestReturn = sent(react, r.DUE)
    assert isinstance(command, RequestReturn)
    assert command.kind is ReturnKind.DISPUTE
    own = {"command_id", "actor", "at", "carrier", "warehouse_id"}
    assert command.model_dump(exclude=own) == r.DUE.model_dump()
    assert [(stream.name, stream.key) for stream in command.streams] == [
        ("return-ret_1", "o1"),
        (f"label_quota-{r.BUYER.id}", r.BUYER.id),
    ]


@pytest.mark.parametrize(("address_ref", "warehouse"), [(None, "Dock 4"), ("txt_1", None)])
def test_k22_a_return_names_the_warehouse_that_it_goes_to(address_ref: str | None, warehouse: str | None) -> None:
    due = r.DUE.model_copy(update={"address_ref": address_ref, "warehouse": warehouse})
    command: RequestReturn = sent(partial(react, warehouse_id="warehouse-1"), due)
    assert asked(command).warehouse_id == (warehouse and "warehouse-1")


def test_t21_on_a_return_not_due_it_is_withdrawn() -> None:
    event = ReturnNotDue(return_id="ret_1", dispute_id="dsp_9a31", order_id="o1", buyer_id="bea", rules=("T21",))
    command: WithdrawReturn = sent(react, event)
    assert (type(command), command.return_id, command.buyer_id) == (WithdrawReturn, "ret_1", "bea")


@pytest.mark.parametrize("event", [p.PAID, p.DUE])
def test_other_events_are_nothing_to_the_policy(event: Event) -> None:
    assert list(react(recorded(event))) == []
