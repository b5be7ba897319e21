"""I9: whatever is asked in whatever order, no month of a buyer and no order has more prepaid labels than there are to
be had, as the audit counts them, which knows no code of the service; and no return has two at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ops.audit.readings.quotas import Labels
from return_label.domain.commands import quota_of
from return_label.domain.decider import decider
from return_label.domain.returns.labels.giving_back import GiveBackLabel
from return_label.domain.returns.labels.issuing import RequestLabel
from return_label.domain.returns.transit import MarkReturnShipped
from return_label.domain.returns.withdrawal import WithdrawReturn
from shared.events.base import SYSTEM
from shared.events.calendar import from_day
from shared.events.ids import derived_id, derived_uuid
from shared.events.return_label import ReturnLabelGivenBack, ReturnLabelIssued
from shared.rejections import Rejected
from tests.support.builders import returns as r
from tests.support.spec import given as decided

QUOTA = quota_of(r.BUYER.id).name
RETURNS = st.tuples(st.sampled_from(["o1", "o2"]), st.integers(0, 3))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["request", "request", "ask", "ask", "void", "send", "withdraw"]), RETURNS, st.integers(0, 40)
    ),
    min_size=5,
    max_size=60,
)


def command(word: str, n: int, order_id: str, return_id: str, at: datetime, number: str | None) -> Any:
    if word == "request":
        return r.request(at, order_id=order_id, return_id=return_id)
    named: dict[str, Any] = {"return_id": return_id, "buyer_id": r.BUYER.id, "command_id": derived_uuid(word, n)}
    if word == "send":
        return MarkReturnShipped(**named, actor=r.BUYER, at=at, tracking_number=number or "TRACK1")
    kind = {"ask": RequestLabel, "void": GiveBackLabel, "withdraw": WithdrawReturn}[word]
    return kind(**named, actor=SYSTEM if word == "withdraw" else r.BUYER, at=at)


@given(STEPS)
def test_i9_s76_s77_no_month_and_no_order_has_more_labels_than_there_are(steps: list[Any]) -> None:
    streams: dict[str, Any] = {}
    at = r.FRIDAY
    for n, (word, (order_id, place), days) in enumerate(steps):
        at = max(at, from_day(at, days // 10, "UTC"))
        return_id = derived_id("ret", order_id, order_id, place)
        return_ = decider.fold("return-", streams.get(f"return-{return_id}", []))
        wanted = command(word, n, order_id, return_id, at, return_.label and return_.label.tracking_number)
        try:
            streams |= decided(decider, streams).when(wanted).after
        except Rejected:
            continue
        counted = Labels()
        for event in streams.get(QUOTA, []):
            counted.add(type(event).__name__, event.model_dump(mode="json"))
        assert list(counted.beyond()) == []
        history = streams.get(f"return-{return_id}", [])
        labels = sum(isinstance(event, ReturnLabelIssued) for event in history)
        assert labels - sum(isinstance(event, ReturnLabelGivenBack) for event in history) in (0, 1)


def test_i9_the_audit_tells_of_a_label_too_many() -> None:
    counted = Labels()
    for n in range(4):
        taken = r.taken(label_id=f"lbl_{n}", order_id=f"o{n // 2}")
        counted.add("LabelQuotaTaken", taken.model_dump(mode="json"))
    assert list(counted.beyond()) == ["4 prepaid labels for month 2026-03"]
