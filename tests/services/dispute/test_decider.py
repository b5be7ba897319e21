"""The service's decider as a whole: which commands it knows, and that its folds cannot fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispute.domain import decider
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.state import Order
from shared.decider import Clear, Start
from shared.events.base import Command, StreamName, StreamOfKey
from shared.events.codec import EVENT_CLASSES, decode
from tests.support.builders.disputes import cancel, dispute_stream, open_dispute, opened
from tests.support.builders.orders import ORDER, ORDER_STREAM, SHOP, on, record, register

GOLDEN = Path(__file__).parents[2] / "golden"


class Unheard(Command):
    """No command of this service."""


def test_what_is_no_command_of_this_service_is_a_defect() -> None:
    with pytest.raises(KeyError, match="Unheard"):
        decider.decide(Unheard(command_id=register().command_id, actor=SHOP, at=on("Mar 1")), Dispute())


def test_every_command_has_the_function_that_answers_it() -> None:
    assert set(decider.COMMANDS) == set(commands(Command))


def commands(base: type[Command]) -> Iterator[type[Command]]:
    """The commands of this service: every class of its domain that derives from the base, without bases of others, and
    the one that every service with a log has.
    """
    for kind in base.__subclasses__():
        yield from commands(kind)
        own = [each for each in kind.__subclasses__() if each.__module__.startswith("dispute.")]
        if kind.__module__.startswith(("dispute.domain.", "shared.notifications.")) and not own:
            yield kind


def test_the_streams_fold_by_their_category() -> None:
    fold = decider.decider.fold
    assert (fold("dispute-dsp_9a31", ()), fold("order-o-1", ())) == (Dispute(), Order())
    with pytest.raises(KeyError):
        fold("unheard-1", ())


def test_a_command_names_the_stream_that_it_moves_first_and_the_key_of_what_it_begins() -> None:
    assert open_dispute(on("Mar 12")).streams == (StreamName(dispute_stream(), ORDER), StreamName(ORDER_STREAM, ORDER))
    assert cancel(on("Mar 13")).streams == (StreamName(dispute_stream()), StreamOfKey("order"))
    assert record("shipped", on("Mar 1")).streams == (StreamName(ORDER_STREAM, ORDER),)


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_every_event_can_be_asked_for_its_deadlines_and_passed_to_a_dispute(name: str) -> None:
    """A fold never validates: what it does not know leaves it as it is."""
    event = decode(name, (GOLDEN / f"{name}.json").read_text("utf-8"))
    for stream in (dispute_stream(), ORDER_STREAM):
        assert all(isinstance(change, Start | Clear) for change in decider.decider.deadlines(stream, event))
    begun = decider.decider.fold(dispute_stream(), opened()[dispute_stream()])
    assert isinstance(decider.decider.fold(dispute_stream(), [event], begun), Dispute)
