"""Player of an orders file: its totals add up."""

from collections import Counter

from ops.orders.file import FileLine
from ops.orders.player import Totals


def test_the_sum_adds_up_and_a_services_failure_fails_the_run() -> None:
    totals = Totals(
        orders=7,
        disputed=2,
        plain=1,
        refused=Counter({"too_early (S21)": 3}),
        unreadable=[FileLine(4, fault="no JSON")],
    )
    assert totals.line == "orders: 7 read = 2 disputed + 1 without complaint + 3 refused + 1 unreadable"
    assert not totals.failed
    totals.refused["internal"] += 1
    totals.orders += 1
    assert totals.failed
