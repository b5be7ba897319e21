"""The service's decider as a whole: which commands it knows, and that its folds cannot fail."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from dispute.domain import commands, decider
from dispute.domain.dispute import Dispute
from dispute.domain.order import Order
from shared.decider import Clear, Start
from shared.events.base import Command
from shared.events.codec import EVENT_CLASSES, decode
from tests.support.builders.commands import (
    ORDER,
    ORDER_STREAM,
    SHOP,
    cancel,
    dispute_stream,
    on,
    open_dispute,
    record,
    register,
)
from tests.support.builders.histories import opened

GOLDEN = Path(__file__).parents[2] / "golden"
ABSTRACT = {commands.OrderCommand, commands.DisputeCommand, commands.DisputeAndOrderCommand}


class Unheard(Command):
    """No command of this service."""


def test_what_is_no_command_of_this_service_is_a_defect() -> None:
    with pytest.raises(TypeError, match="Unheard"):
        decider.decide(Unheard(command_id=register().command_id, actor=SHOP, at=on("Mar 1")), Dispute())


def test_every_command_is_dispatched() -> None:
    source = inspect.getsource(decider.decide)
    named = (
        {kind for kind in vars(commands).values() if isinstance(kind, type) and issubclass(kind, Command)}
        - {Command}
        - ABSTRACT
    )
    assert {kind.__name__ for kind in named if f"commands.{kind.__name__}(" not in source} == set()


def test_the_streams_fold_by_their_category() -> None:
    fold = decider.decider.fold
    assert (fold("dispute-dsp_9a31")(()), fold("order-o-1")(())) == (Dispute(), Order())
    with pytest.raises(KeyError):
        fold("warranty-1")


def test_a_command_names_the_stream_that_it_moves_first_and_the_key_of_what_it_begins() -> None:
    names = [
        [(stream.name, stream.key) for stream in command.streams]
        for command in (open_dispute(on("Mar 12")), cancel(on("Mar 13")))
    ]
    assert names[0] == [(dispute_stream(), ORDER), (ORDER_STREAM, ORDER)]
    assert names[1] == [(dispute_stream(), None), (ORDER_STREAM, None)]
    assert [(stream.name, stream.key) for stream in record("shipped", on("Mar 1")).streams] == [(ORDER_STREAM, ORDER)]


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_every_event_can_be_asked_for_its_deadlines_and_passed_to_a_dispute(name: str) -> None:
    """A fold never validates: what it does not know leaves it as it is."""
    event = decode(name, (GOLDEN / f"{name}.json").read_text("utf-8"))
    assert all(isinstance(change, Start | Clear) for change in decider.deadlines(event))
    begun = decider.decider.fold(dispute_stream())(opened()[dispute_stream()])
    assert isinstance(decider.decider.fold(dispute_stream())([event], begun), Dispute)
