"""Form with a file (multipart/form-data), read as it comes: the file goes to a place on the disk that has no name, so
that nothing is left of it whatever happens to the process.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

from shared.faults import Faults, fault
from shared.http.problems import Refusal
from shared.http.request.body import Disconnected, Headers, limited
from shared.http.request.json_text import refuse_nul

FORM = b"multipart/form-data"
FILE = "file"
BESIDE = 64 * 1024
"""Bytes that a body may have beside its file."""
SECONDS = 120.0
"""For a whole body; between two pieces of it a client has as long as everywhere."""
MOST_PARTS = 10
LONGEST_FIELD = 8 * 1024
HEAD = 32


@dataclass(slots=True)
class Form:
    """What came: the file, its size and digest, and the other fields. `kept` is False for a file that was larger than
    what it begins like may be: it was counted, and not written to its end.
    """

    file: IO[bytes]
    size: int = 0
    head: bytes = b""
    digest: str = ""
    kept: bool = True
    fields: dict[str, str] = field(default_factory=dict)


async def read_form(receive: Receive, headers: Headers, most: int, most_of: Callable[[bytes], int]) -> Form:
    """The whole form; `most` bytes are the largest file of all, `most_of` says how large one may be that begins so.

    Refusal of what is no form, and of a form without exactly one file that has a name and a content.
    """
    reader = _Reader(_boundary(headers), most_of)
    try:
        await _feed(reader, limited(receive, headers, most + BESIDE, SECONDS))
        return reader.finished()
    except BaseException:
        reader.form.file.close()
        raise


async def _feed(reader: _Reader, take: Receive) -> None:
    more = True
    while more:
        message = await take()
        if message["type"] == "http.disconnect":
            raise Disconnected
        reader.feed(message.get("body", b""))
        more = message.get("more_body", False)


def _boundary(headers: Headers) -> bytes:
    kind, options = parse_options_header(headers.get(b"content-type"))
    if kind != FORM:
        raise Refusal("unsupported_media_type", "A file comes as multipart/form-data.")
    if not (boundary := options.get(b"boundary")):
        raise Refusal("malformed_form", "The form names no boundary.")
    return boundary


class _Reader:
    """Takes the body apart, piece by piece."""

    def __init__(self, boundary: bytes, most_of: Callable[[bytes], int]) -> None:
        self._most_of = most_of
        self._most = 0
        self._digest = hashlib.sha256()
        self._faults: Faults = []
        self._files = self._parts = 0
        self._ended = False
        self._name = b""
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        self._text: bytearray | None = None
        self._parser = _parser(boundary, self)
        self.form = Form(tempfile.TemporaryFile())  # noqa: SIM115 - whoever asked for the form closes it

    def feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError:
            raise Refusal("malformed_form", "The form does not keep to its own boundary.") from None

    def finished(self) -> Form:
        """The form, once all has come."""
        if not self._ended:
            raise Refusal("malformed_form", "The form has no end.")
        form = self.form
        if not self._files:
            self._wrong(FILE, "missing", "A file is part of this form.")
        elif not form.size and not self._faults:
            self._wrong(FILE, "empty", "The file is empty.")
        if self._faults:
            raise Refusal("validation_failed", errors=self._faults)
        form.digest = self._digest.hexdigest()
        return form

    # What the parser tells

    def part_begins(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Refusal("malformed_form", f"A form has at most {MOST_PARTS} parts.")
        self._disposition, self._text = b"", None

    def header_named(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_told(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def headers_end(self) -> None:
        _, told = parse_options_header(self._disposition.decode("latin-1"))
        self._name = told.get(b"name", b"")
        if self._name != FILE.encode():
            self._text = bytearray()
            return
        self._files += 1
        if self._files > 1:
            self._wrong(FILE, "repeated", "A form has one file.")
        elif not told.get(b"filename"):
            self._wrong(FILE, "nameless", "The file has a name.")

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self._of_file(data[start:end])
        else:
            self._text += data[start:end]
            if len(self._text) > LONGEST_FIELD:
                raise Refusal("malformed_form", f"A field has at most {LONGEST_FIELD} bytes.")

    def part_ends(self) -> None:
        if self._text is None:
            return
        name, value = _decoded(self._name), _decoded(bytes(self._text))
        if name is None or value is None:
            raise Refusal("malformed_form", "The fields of a form are UTF-8.")
        if name in self.form.fields:
            self._wrong(name, "repeated", "This stands in the form twice.")
        refuse_nul(name, value)
        self.form.fields[name] = value

    def ends(self) -> None:
        self._ended = True

    def _of_file(self, piece: bytes) -> None:
        form = self.form
        form.size += len(piece)
        if len(form.head) < HEAD:
            form.head += piece[: HEAD - len(form.head)]
            self._most = self._most_of(form.head)
        form.kept = form.size <= self._most
        if form.kept:
            form.file.write(piece)
            self._digest.update(piece)

    def _wrong(self, name: str, code: str, detail: str) -> None:
        self._faults.append(fault(("body", name), code, detail))


def _parser(boundary: bytes, reader: _Reader) -> MultipartParser:
    try:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": reader.part_begins,
                "on_header_field": reader.header_named,
                "on_header_value": reader.header_told,
                "on_header_end": reader.header_ends,
                "on_headers_finished": reader.headers_end,
                "on_part_data": reader.data,
                "on_part_end": reader.part_ends,
                "on_end": reader.ends,
            },
        )
    except FormParserError:
        raise Refusal("malformed_form", "The form's boundary is too long.") from None


def _decoded(text: bytes) -> str | None:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return None
