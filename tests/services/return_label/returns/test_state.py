"""A return's fold: where the goods are."""

from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from tests.support.builders import returns as r
from tests.support.spec import given


def test_the_fold_follows_the_goods() -> None:
    outcome = given(decider).when(r.request())
    states = [outcome.states[0].state]
    for command in (r.ship(), r.receive(), r.inspect()):
        outcome = outcome.when(command)
        states.append(outcome.states[0].state)
    assert states == [ReturnState.LABEL_ISSUED, ReturnState.SHIPPED, ReturnState.RECEIVED, ReturnState.INSPECTED]
