"""Labels as documents: read back by libraries that did not draw them, in the scripts of those who send goods back."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import unicodedata

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from return_label.domain.tracking.sandbox import sandbox_number
from return_label.views.labels.drawing import pdf, png
from return_label.views.labels.layout import Label
from return_label.views.labels.zpl import zpl
from shared.events.ids import derived_id
from shared.tracking.numbers import NumberCheck, tracking
from tests.support.builders.labels import ADDRESSES, SCRIPTS, label

PER_PLACE = 25


def read(picture: bytes) -> list[tuple[str, str]]:
    with Image.open(io.BytesIO(picture)) as image:
        return [(found.format.name, found.text) for found in zxingcpp.read_barcodes(image)]


def words(text: str) -> set[str]:
    """The letters and digits of each line; a reader may set gaps and marks as it likes where scripts mix."""
    plain = unicodedata.normalize("NFKC", text)
    return {"".join(sorted(filter(str.isalnum, line))) for line in plain.splitlines()} - {""}


def copied(document: bytes) -> str:
    """What somebody copies from the page."""
    with pypdfium2.PdfDocument(document) as whole:
        return str(whole[0].get_textpage().get_text_range())


def is_right(one: Label) -> bool:
    """Whether its number is a carrier's, its picture tells it, and its page has both addresses."""
    checked = tracking(one.number, None).check is NumberCheck.CHECK_DIGIT
    picture = read(png(one)) == [("Code128", one.number)]
    return checked and picture and words(f"{one.receiver}\n{one.sender}") <= words(copied(pdf(one)))


@pytest.mark.parametrize("country", SCRIPTS)
def test_s75_a_label_is_read_back_whatever_the_buyer_s_script(country: str) -> None:
    assert is_right(label(sender=ADDRESSES[country]))
    assert is_right(label(receiver=ADDRESSES[country]))


def test_s75_a_label_is_the_same_bytes_each_time() -> None:
    for draw in (pdf, png, zpl):
        assert draw(label()) == draw(label())
        assert draw(label()) != draw(label(sender="Somebody else"))


def test_s75_a_page_of_letter_has_the_label_in_its_own_size() -> None:
    for size, millimetres in (("a6", (105, 148)), ("letter", (215.9, 279.4))):
        with pypdfium2.PdfDocument(pdf(label(), size)) as document:
            assert len(document) == 1
            assert [round(points / 72 * 25.4, 1) for points in document[0].get_size()] == list(millimetres)
            shown = document[0].render(scale=203.2 / 72).to_pil()
        assert [found.text for found in zxingcpp.read_barcodes(shown)] == [label().number]


def test_a_long_address_stays_in_its_box() -> None:
    long = label(sender="Straße der langen Namen 12 " * 18, receiver="\n".join(f"Zeile {n}" for n in range(60)))
    assert read(png(long)) == [("Code128", long.number)]
    assert "Zeile 58, Zeile 59" in copied(pdf(long))


def test_s75_a_printer_is_told_the_number_and_gets_addresses_as_pictures() -> None:
    one = label(sender=ADDRESSES["SA"])
    told = zpl(one).decode("ascii")
    assert told.startswith("^XA") and told.endswith("^XZ") and told.count("^XZ") == 1
    assert f"^BY3^BCN,208,N,N,N,A^FD{one.number}^FS" in told
    assert re.findall(r"\^FD([^^]*)\^FS", told)[:3] == ["RETURN", one.return_id, f"SEND BY {one.send_by}"]
    assert re.findall(r"\^FO(\d+,\d+)\^GFA,", told) == ["32,200", "32,568"]


@pytest.mark.parametrize("box", [0, 1])
def test_what_a_printer_draws_of_an_address_is_what_the_picture_shows(box: int) -> None:
    one = label(sender=ADDRESSES["TH"])
    graphic = re.findall(r"\^FO(\d+),(\d+)\^GFA,\d+,\d+,(\d+),([^^]*)\^FS", zpl(one).decode("ascii"))[box]
    left, top, width = map(int, graphic[:3])
    rows = unpacked(graphic[3], width)
    with Image.open(io.BytesIO(png(one))) as whole:
        shown = whole.convert("L").crop((left, top, left + width * 8, top + len(rows)))
    dots = shown.tobytes()
    dark = [[dot < 128 for dot in dots[start : start + width * 8]] for start in range(0, len(dots), width * 8)]
    assert any(map(any, dark))
    assert rows == dark


def unpacked(told: str, width: int) -> list[list[bool]]:
    """The rows of a graphic: a comma ends one with white, a colon is the one above again."""
    rows: list[str] = []
    row = ""
    for one in told:
        if one == ":":
            rows.append(rows[-1])
            continue
        row = row.ljust(2 * width, "0") if one == "," else row + one
        if len(row) == 2 * width:
            rows.append(row)
            row = ""
    return [[bit == "1" for bit in f"{int(row, 16):0{width * 8}b}"] for row in rows]


def test_what_people_write_steers_no_printer_and_no_page() -> None:
    """Given an address in the languages of a printer and of the page, then it is drawn and not obeyed."""
    hostile = '^XZ^XA^FDfree^FS ~JA #panic() $x$ [*] "\\'
    one = label(sender=hostile, receiver=hostile)
    assert zpl(one).count(b"^XA") == 1
    assert b"free" not in zpl(one)
    assert copied(pdf(one)).count("#panic() $x$ [*]") == 2


def test_s81_the_numbers_of_labels_have_their_check_digit_and_no_parcel_of_anybody_s() -> None:
    numbers = {sandbox_number(derived_id("lbl", "o1", n)) for n in range(1000)}
    assert len(numbers) == 1000
    assert all(tracking(number, "sandbox").check is NumberCheck.CHECK_DIGIT for number in numbers)
    assert {number[-2:] for number in numbers} == {"AQ"}


def test_nothing_that_draws_is_loaded_before_a_label_is_drawn() -> None:
    asked = "import sys, return_label.app; print(sorted({'typst', 'barcode', 'PIL'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.proof
def test_s75_five_hundred_labels_of_twenty_countries_are_read_back() -> None:
    assert len(ADDRESSES) == 20
    ordered = [
        label(
            number=sandbox_number(derived_id("lbl", country, n)),
            sender=f"{ADDRESSES[country]}\n{n + 1}",
            receiver=ADDRESSES[other],
        )
        for country, other in zip(ADDRESSES, reversed(ADDRESSES), strict=True)
        for n in range(PER_PLACE)
    ]
    right = [one for one in ordered if is_right(one) and pdf(one) == pdf(one) and png(one) == png(one)]
    print(f"{len(right)} of {len(ordered)} labels of {len(ADDRESSES)} countries are read back, and the same twice")
    assert len(right) == len(ordered) == 500
