"""Files as real exporters write them: each order is read, or reported by the number of its line, and none is lost."""

from __future__ import annotations

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ops.orders.file import FileLine, OrdersFile
from ops.orders.text import LONGEST
from tests.cases.plugin import Came
from tests.support.orders_file import NOW, marketplace_line, native_line, read_all, requests_of

ORDERS = [native_line(order_id=f"own-{n}", buyer_id="Zo\u00eb") for n in range(3)]


def written(*orders: Any, end: str = "\n") -> str:
    return "".join(json.dumps(order, ensure_ascii=False) + end for order in orders)


def said(lines: list[FileLine]) -> str:
    """Which lines were read, and which were reported."""
    read = " ".join(str(line.number) for line in lines if line.order)
    reported = " ".join(str(line.number) for line in lines if not line.order)
    return f"read {read or 'none'}, reported {reported or 'none'}"


def buyer(line: FileLine) -> str:
    assert line.order
    return str(line.order.requests(NOW).body["buyer_id"])


@pytest.mark.case("B14", given="three orders behind EF BB BF", right="read 1 2 3, reported none")
def test_a_mark_before_the_first_order_is_no_part_of_it(came: Came) -> None:
    came(said(read_all(codecs.BOM_UTF8 + written(*ORDERS).encode())))


@pytest.mark.parametrize(
    ("case", "encoding", "mark"),
    [
        ("B14+1", "utf-16-le", codecs.BOM_UTF16_LE),
        ("B14+2", "utf-16-be", codecs.BOM_UTF16_BE),
        ("B14+3", "utf-16-le", b""),
        ("B14+4", "utf-32-le", codecs.BOM_UTF32_LE),
    ],
)
def test_wide_characters_are_read(case: str, encoding: str, mark: bytes) -> None:
    lines = read_all(mark + written(*ORDERS, end="\r\n").encode(encoding))
    assert said(lines) == "read 1 2 3, reported none", case
    assert buyer(lines[0]) == "Zo\u00eb"


@pytest.mark.case("B14+5", given="two files, each with its mark, one behind the other", right="read 1 2, reported none")
def test_files_that_were_joined_have_marks_in_the_middle(came: Came) -> None:
    one = codecs.BOM_UTF8 + written(ORDERS[0]).encode()
    came(said(read_all(one + one)))


@pytest.mark.case("B14+6", given="an old code page: Zo\\xeb", right="read 1, reported none; not UTF-8: read as cp1252")
def test_text_of_an_old_code_page_is_read_as_such_and_noted(came: Came) -> None:
    lines = read_all(written(ORDERS[0]).encode("latin-1"))
    assert buyer(lines[0]) == "Zo\u00eb"
    came(f"{said(lines)}; {lines[0].note}")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_a_line_is_one_also_between_two_reads(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for chunk in (1, 7, 64, 1 << 16):
        monkeypatch.setattr("ops.orders.text.CHUNK", chunk)
        text = (written(*ORDERS, end=end) + end + written(native_line(order_id="x"), end="")).encode()
        assert said(read_all(text)) == "read 1 2 3 5, reported none"


def test_a_separator_that_is_no_end_of_a_line_stays_in_its_text() -> None:
    lines = read_all(written(native_line(buyer_id="a\u2028b\u0085c")).encode())
    assert buyer(lines[0]) == "a\u2028b\u0085c"


@pytest.mark.case("B14b", given="a line of 1.05 MB, a bad line, a good line", right="read 3, reported 1 2")
def test_a_line_that_is_too_long_is_one_line(came: Came) -> None:
    long = json.dumps(native_line(buyer_id="x" * 1_050_000))
    came(said(read_all(f"{long}\nnonsense\n{written(ORDERS[0])}".encode())))


@pytest.mark.case("B14b+1", given="20 MB without an end, then an order", right="read 2, reported 1")
def test_a_line_without_end_does_not_fill_the_memory(came: Came) -> None:
    came(said(read_all(b"x" * (20 * LONGEST) + b"\n" + written(ORDERS[0]).encode())))


@pytest.mark.case("B14b+2", given="zero bytes in place of a line", right="read 1 3, reported 2")
def test_a_hole_of_a_damaged_disk_is_one_line(came: Came) -> None:
    came(said(read_all(written(ORDERS[0]).encode() + b"\0" * 4096 + b"\n" + written(ORDERS[1]).encode())))


@pytest.mark.case("B14b+3", given="a packed file without its last third", right="all before the cut, then the cut")
def test_what_was_packed_before_a_cut_is_read(came: Came, tmp_path: Path) -> None:
    orders = [native_line(order_id=f"own-{n}", seller_id=str(hash((n, "x")))) for n in range(400)]
    whole = gzip.compress(written(*orders).encode())
    path = tmp_path / "orders.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with OrdersFile(path) as file:
        lines = list(file)
    numbers = [line.number for line in lines]
    assert numbers == list(range(1, len(lines) + 1))
    assert len(lines) > 200
    assert [bool(line.order) for line in lines] == [True] * (len(lines) - 1) + [False]
    came("all before the cut, then the cut" if "ends in the middle" in lines[-1].fault else lines[-1].fault)


@pytest.mark.case("B14b+4", given="two packed files, one behind the other", right="read 1 2, reported none")
def test_packed_files_that_were_joined_are_one_file(came: Came, tmp_path: Path) -> None:
    path = tmp_path / "orders.gz"
    path.write_bytes(b"".join(gzip.compress(written(order).encode()) for order in ORDERS[:2]))
    with OrdersFile(path) as file:
        came(said(list(file)))


@pytest.mark.parametrize("nothing", ["", " ", "null", "NULL", "NaN", "None", "N/A", "\\N", None, float("nan")])
def test_what_an_exporter_writes_for_nothing_is_nothing(nothing: Any) -> None:
    absent = {"approved_at": nothing, "delivered_at": nothing, "estimated_delivery_at": nothing}
    order = requests_of(marketplace_line(**absent))
    assert order.body["promised_by"] is None
    assert [fact["type"] for fact in order.body["facts"]] == ["shipped"]
    assert "promised_by" not in requests_of(native_line(promised_by=nothing)).body


def test_whole_numbers_with_a_fraction_are_whole() -> None:
    line = marketplace_line()
    line["items"][0].update(price_cents=2199.0, weight_g=1250.0)
    assert requests_of(line).body["lines"][0]["price"] == {"amount": "21.99", "currency": "BRL"}


@pytest.mark.case(
    "B19",
    given="promised 25 November, delivered 23:30-03:00 of that day and 01:30+03:00 of the next",
    right="late, not_as_described",
)
def test_a_day_is_one_of_the_policys_zone(came: Came) -> None:
    came(", ".join(reason("2030-11-25", at) for at in ("2030-11-25T23:30:00-03:00", "2030-11-26T01:30:00+03:00")))


@pytest.mark.case("B19+1", given="delivered 24:00 by +14:00, lower-case letters", right="not_as_described")
def test_a_day_is_that_of_the_instant_however_it_is_written(came: Came) -> None:
    came(reason("2030-11-25", "2030-11-26t13:59:59+14:00"))


@pytest.mark.case("B19+2", given="delivered at an instant without an offset", right="not_as_described")
def test_an_instant_without_an_offset_is_none(came: Came) -> None:
    came(reason("2030-11-25", "2030-11-27T00:00:00"))


def reason(promised: str, delivered: str) -> str:
    facts = [{"type": "delivered", "at": delivered}]
    order = requests_of(native_line(complaint={}, promised_by=promised, facts=facts))
    assert order.dispute
    return str(order.dispute["reason"])
