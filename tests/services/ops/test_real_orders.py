"""The page of real orders: every order stands once in each column, granted or refused by a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.generators.real_orders import BEST, COMPLAINTS, LAW, Tally, names, page, tallied
from tests.support.orders_file import item, marketplace_line, review

COMPLAINT = [review(1, "2017-12-20T00:00:00", "2017-12-21T08:00:00")]
LINES: list[dict[str, Any] | str] = [
    marketplace_line(),
    marketplace_line(order_id="m-2", reviews=COMPLAINT, delivered_at=None),
    marketplace_line(order_id="m-3", reviews=COMPLAINT),
    marketplace_line(order_id="m-4", items=[]),
    marketplace_line(order_id="m-5", items=[item(1, 2199, "seller-a", category_en="food")]),
    "no order",
]


@pytest.fixture(scope="module")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Tally:
    file = tmp_path_factory.mktemp("orders") / "orders.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in LINES))
    return tallied(file)


def test_every_order_that_is_read_stands_once_in_each_column(tally: Tally) -> None:
    assert (tally.read, tally.unreadable) == (6, 1)
    for name in names():
        assert sum(counts[name] for counts in tally.table(COMPLAINTS).values()) == 5
        assert sum(counts[name] for counts in tally.table(BEST).values()) == 4


def test_s98_s99_a_complaint_six_weeks_after_the_delivery_is_late_for_one_programme_and_not_for_another(
    tally: Tally,
) -> None:
    rows = {row: dict(counts) for row, counts in tally.table(COMPLAINTS).items() if row[0] == "not_as_described"}
    assert rows == {
        ("not_as_described", "protection_expired", "S22"): dict.fromkeys(
            ("aliexpress_advanced", "aliexpress_basic", "wish"), 1
        ),
        ("not_as_described", "granted", "S2, S21"): {"temu": 1, "dhgate": 1},
    }


def test_s95_brazils_law_is_the_same_under_every_programme(tally: Tally) -> None:
    for counts in tally.table(LAW).values():
        assert set(counts) == set(names())
        assert len(set(counts.values())) == 1
    assert ("statutory br_regret", "item_excluded", "S95, K25, S17") in tally.table(LAW)


def test_the_page_has_a_table_for_each_question(tally: Tally) -> None:
    text = "\n".join(page(tally))
    assert text.count("\n## ") == 4
    assert "| all | | | 5 | 5 | 5 | 5 | 5 |" in text
