"""Laws of receipts: whatever happened in a dispute, each decision of it recomputes from its receipt alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.disputes.mediation.receipts import Receipt, decides, receipt_of
from dispute.views.mediation.receipts import recomputation_view
from tests.laws.size import LONG, examples
from tests.support.recorded_life import RecordedMarket, recorded_life

SEEDS, STEPS = st.integers(0, 2**32), st.integers(1, 70)


def receipts(market: RecordedMarket) -> list[Receipt]:
    """The receipt of every decision of a life."""
    return [
        receipt_of(history, part.version) for history in market.histories for part in history if decides(part.event)
    ]


@settings(max_examples=examples(20, LONG))
@given(SEEDS, STEPS)
def test_g13_every_decision_of_a_life_recomputes_from_its_receipt(seed: int, steps: int) -> None:
    _, market = recorded_life(seed, steps)
    for receipt in receipts(market):
        view = recomputation_view(receipt)
        assert view["same"] and not view["differences"], view
        other = replace(receipt, results={**receipt.results, "goods": not receipt.results["goods"]})
        assert [found["member"] for found in recomputation_view(other)["differences"]] == ["goods"]
    for dispute in market.disputes:
        history = market.recorded[f"dispute-{dispute.opened.dispute_id}"]
        assert [part.version for part in history if decides(part.event)] == sorted(dispute.case.decisions)


def test_lives_hold_every_kind_of_decision() -> None:
    kinds = {"SolutionReached", "DecisionIssued", "AppealDecided", "SupportOverrideApplied"}
    lives, found = iter(range(80)), Counter[str]()
    while found.keys() != kinds and (seed := next(lives, None)) is not None:
        found.update(type(receipt.decision.event).__name__ for receipt in receipts(recorded_life(seed, 60)[1]))
    assert found.keys() == kinds, found
