"""Giving back of a label that nothing went with: it is void, and the quota has its place again (S76, K24)."""

from __future__ import annotations

from return_label.domain.commands import LabelCommand
from return_label.domain.label_quotas.state import Quota
from return_label.domain.returns.labels.issuing import ASKERS
from return_label.domain.returns.labels.leaving import left
from return_label.domain.returns.state import Return, ReturnState
from shared.decider import Decided
from shared.events.base import Actor
from shared.events.return_label import ReturnLabelGivenBack
from shared.rejections import WrongPhase


class GiveBackLabel(LabelCommand):
    """The prepaid label is not wanted; the return goes on, at K26's cost or with one more label."""


def guard_void(return_: Return, actor: Actor) -> None:
    """G8 of a label that is given back: before the first parcel goes with it."""
    return_.parties.guard(actor, "return", *ASKERS)
    WrongPhase.unless_in("return", return_.state, ReturnState.LABEL_ISSUED)


def give_back(command: GiveBackLabel, return_: Return, *quotas: Quota) -> Decided:
    """Once: a label that is void already stays so. One that another return's parcel went with is no longer to have."""
    return_.parties.guard(command.actor, "return", *ASKERS)
    if return_.given_back and not return_.has_prepaid_label and return_.state is ReturnState.AUTHORIZED:
        return []
    guard_void(return_, command.actor)
    label = return_.label
    assert label
    for quota in quotas:
        if (held := quota.labels.get(label.label_id)) and held.used:
            raise WrongPhase("A parcel went with this label.", rules=("S78", "K24"), state=return_.state)
    void = ReturnLabelGivenBack(**return_.event_fields, label_id=label.label_id, rules=("S76", "K24"))
    return left([void], return_, quotas, command.at)
