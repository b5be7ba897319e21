"""Forms with a file: one file with a name and a content, read as it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive

from shared.eventstore.errors import Busy
from shared.http.admission.uploads import Uploads
from shared.http.files.download import Span
from shared.http.files.form import BESIDE, Form, read_form
from shared.http.problems import Refusal
from shared.http.request.body import Disconnected

BOUNDARY = b"frontier"
HEADERS = {b"content-type": b"multipart/form-data; boundary=" + BOUNDARY}
END = b"--" + BOUNDARY + b"--\r\n"
FILE = b'form-data; name="file"; filename="a.jpg"'
MOST = 1000


def form_of(*parts: tuple[bytes, bytes], end: bytes = END) -> bytes:
    """A body of parts, each a Content-Disposition and a content."""
    told = [b"--%b\r\nContent-Disposition: %b\r\n\r\n%b\r\n" % (BOUNDARY, name, content) for name, content in parts]
    return b"".join(told) + end


def receiving(body: bytes, step: int = 7, gone: bool = False) -> Receive:
    """The body in small pieces."""
    pieces = [body[start : start + step] for start in range(0, len(body), step)] or [b""]

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces) or gone}

    return receive


async def read(*parts: tuple[bytes, bytes], most: int = MOST, end: bytes = END) -> Form:
    return await read_form(receiving(form_of(*parts, end=end)), HEADERS, MOST, lambda _: most)


async def refusal_of(*parts: tuple[bytes, bytes], end: bytes = END) -> tuple[str, Sequence[str]]:
    with pytest.raises(Refusal) as refusal:
        await read(*parts, end=end)
    return refusal.value.code, [f"{fault['pointer']} {fault['code']}" for fault in refusal.value.errors]


async def test_a_file_and_the_fields_beside_it() -> None:
    form = await read((b'form-data; name="purpose"', b"item"), (FILE, b"content"))
    with form.file:
        form.file.seek(0)
        assert form.file.read() == b"content"
    assert (form.size, form.head, form.kept) == (7, b"content", True)
    assert form.digest == hashlib.sha256(b"content").hexdigest()
    assert form.fields == {"purpose": "item"}


async def test_a_file_that_is_too_large_is_counted_and_not_kept() -> None:
    form = await read((FILE, bytes(900)), most=100)
    with form.file:
        assert (form.size, form.kept) == (900, False)
        assert form.file.seek(0, 2) <= 100


async def test_a_body_above_all_limits_is_refused_before_its_end() -> None:
    with pytest.raises(Refusal) as refusal:
        await read_form(receiving(form_of((FILE, bytes(MOST + BESIDE))), 4096), HEADERS, MOST, lambda _: MOST)
    assert refusal.value.code == "too_large"


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ([(b'form-data; name="purpose"', b"item")], "/file missing"),
        ([(FILE, b"one"), (FILE, b"two")], "/file repeated"),
        ([(FILE, b"")], "/file empty"),
        ([(b'form-data; name="file"', b"content")], "/file nameless"),
        ([(FILE, b"a"), (b'form-data; name="a"', b"1"), (b'form-data; name="a"', b"2")], "/a repeated"),
        ([(FILE, b"a"), (b'form-data; name="caption"', b"a\0b")], "/caption nul_character"),
    ],
)
async def test_one_file_with_a_name_and_a_content(parts: list[tuple[bytes, bytes]], fault: str) -> None:
    assert await refusal_of(*parts) == ("validation_failed", [fault])


@pytest.mark.parametrize(
    "parts",
    [
        [(FILE, b"a"), (b'form-data; name="caption"', b"\xff\xfe")],
        [(FILE, b"a"), (b'form-data; name="caption"', bytes(9000))],
        [(b'form-data; name="%d"' % n, b"") for n in range(11)],
    ],
    ids=["no text", "long", "many"],
)
async def test_fields_are_few_and_short_and_utf_8(parts: list[tuple[bytes, bytes]]) -> None:
    assert await refusal_of(*parts) == ("malformed_form", [])


async def test_a_form_without_its_end_is_none() -> None:
    assert await refusal_of((FILE, b"a"), end=b"") == ("malformed_form", [])


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        (b"", "unsupported_media_type"),
        (b"application/json", "unsupported_media_type"),
        (b"multipart/form-data", "malformed_form"),
        (b"multipart/form-data; boundary=" + b"x" * 300, "malformed_form"),
        (b"multipart/form-data; boundary=other", "malformed_form"),
    ],
)
async def test_another_body_is_refused(content_type: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await read_form(receiving(form_of((FILE, b"a"))), {b"content-type": content_type}, MOST, lambda _: MOST)
    assert refusal.value.code == code


async def test_a_client_that_goes_leaves_nothing() -> None:
    with pytest.raises(Disconnected):
        await read_form(receiving(form_of((FILE, b"a"), end=b""), gone=True), HEADERS, MOST, lambda _: MOST)


# How many at once


def test_a_sender_has_its_share_of_the_places_and_all_have_so_many() -> None:
    uploads = Uploads(most=3, most_of_one=2)
    with uploads.one_of("bea"), uploads.one_of("bea"):
        with pytest.raises(Busy), uploads.one_of("bea"):
            pass
        with uploads.one_of("sam"), pytest.raises(Busy), uploads.one_of("eve"):
            pass
    with uploads.one_of("bea"), uploads.one_of("sam"), uploads.one_of("eve"):
        pass


# Parts of a download


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        (b"", (0, 100)),
        (b"bytes=0-9", (0, 10)),
        (b"bytes=90-", (90, 100)),
        (b"bytes=90-500", (90, 100)),
        (b"bytes=-10", (90, 100)),
        (b"bytes=-500", (0, 100)),
        (b"bytes=100-", (0, 100)),
        (b"bytes=9-5", (0, 100)),
        (b"bytes=-0", (0, 100)),
        (b"bytes=0-1,5-6", (0, 100)),
        (b"lines=0-1", (0, 100)),
    ],
)
def test_a_range_names_a_part_and_what_names_none_means_all(asked: bytes, span: tuple[int, int]) -> None:
    found = Span.asked({b"range": asked}, 100)
    assert (found.start, found.end) == span
    assert found.whole == (span == (0, 100))
