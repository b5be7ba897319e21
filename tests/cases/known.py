"""Inputs that failed once, here or in other people's systems: each is a row of the table that `make proof` prints.

A test shows a row with `@pytest.mark.case("B09a", given="…", right="…")` and the fixture `came`; a neighbour, another
input of the same kind, adds a sign: `B09a+1`. A row without a test is a fault of the table, and so is a kind with fewer
than three neighbours.

An id says where its input comes from, and no more: B, what users of other systems reported as a bug; R, the published
rules; H, M and L, a reading of this tree for security, by how grave it was; EH, EM and EL, one of its core, likewise.
What it stands for is said in words: the input in the test's `given`, the kind of fault in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

ROWS = {
    "facts, flow, command line, odd input": (
        "B09a B03 B62 B08e B12 B01a B01b B60 B09b B13 B79a B24 B23 B10 B22 B08c B07 B19 B14 B18 B04 B23b B06 B17 B28"
        " B21 B73 B71 B14b"
    ),
    "what held": "B16 B31 B77 B43 B08a B08b B64 B27 B41 B29 B25 B74 B78",
    "the published rules": "R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12",
    "security": (
        "H1 H2 H3 H4 H5 M1 M2 M3 M4 M5 M6 M7 M8 M9 M10 M11 M12 M13 M14 M15 L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12 L13"
        " L14"
    ),
    "the core": "EH1 EH2 EH3 EH4 EH5 EM1 EM2 EM3 EM4 EM5 EM6 EM7 EM8 EM9 EL1 EL2 EL3 EL4 EL5 EL6 EL7 EL8 EL9",
}
"""The rows of each part, in their order."""

COMES_WITH: Mapping[str, str] = {
    "R5": "the refunds' bank windows",
    "R6": "returns of several parcels",
    "B23": "returns: corrected tracking numbers",
    "B24": "returns: unannounced parcels",
}
"""Rows whose machine does not exist yet, and what brings it."""

KINDS: Mapping[str, str] = {
    "a fact's instant passes one function": "B09a B09b B03",
    "a fact is of its parcels, and what follows of lines and pieces": "B60 B13 B23 B24 R6 R8",
    "a wait counts from when its reason became known": "B62",
    "a fact is taken only when the machine behind it exists": "B01a B01b R1",
    "what is missing has its default": "B79a",
    "foreign records are data, never a stop": "B08a B08b B08c B08e B22 H1 H2 EL5",
    "types are as strict as the document says": "B07 B21 B27 B28 B43 B73 L1 L5 M9",
    "ids and names are as the world has them": "B18 B23b M13",
    "nothing to read and nothing to change are refused": "B10 B17",
    "files and settings have an encoding": "B12 B14 B14b",
    "a day is that of the policy's zone": "B19 B64",
    "HTTP is as its standards say": "B04 B06 B41 L8",
    "a page takes what browsers send, and leads nowhere else": "B29 B71 L6 L7",
    "the same at once is done once": "B31 B77",
    "money goes once, and never more than there was": "B16 EM1 EM2",
    "the rules as published": "R2 R3 R4 R5 R7 R9 R10 R11 R12",
    "what a party sees is written as a list": "M1 M2 M3 M11 L14",
    "money past a release or a try takes more than one word": "L10 L11",
    "the log tells of nobody": "M10",
    "a name is framed, and known by its content": "L2 L3 L9 EM3",
    "a setting that makes no sense or no safety is refused by its name": "B25 H3 M7 M8 M12",
    "a request names one of our hosts": "M6 M15",
    "nobody has more rights than the work needs": "M4 M5 L12 L13",
    "who floods or idles gives way": "H4 H5 M14 L4",
    "a long stream or log stalls nobody": "B74 EM9 EL1 EL6",
    "a deadline goes only where nobody wants it": "B78 EH2 EH3 EM6 EL3 EL8",
    "a carrier passes on what it carries": "EH1",
    "a log is known by its content": "EH4 EM4",
    "what should have happened is asked for": "EH5",
    "every wait has a limit, and so has every holder": "EM5 EM8",
    "what fails beside an event is no fault of the event": "EM7 EL2 EL4 EL7 EL9",
}
"""The kind of fault that each row stands for: the kind is ended, not the row."""
NEIGHBOURS = 3
"""So many inputs of our own each kind has at least."""


def rows() -> Iterator[tuple[str, str]]:
    """Every row: its part and its id."""
    for part, ids in ROWS.items():
        for row in ids.split():
            yield part, row


def is_row(case: str) -> bool:
    """Whether an id is a row, or a neighbour of one."""
    return row_of(case) in {row for _, row in rows()}


def row_of(case: str) -> str:
    """The row that a case is, or is a neighbour of."""
    return case.partition("+")[0]


def neighbours(cases: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """By kind: which of the cases are neighbours of its rows, each once."""
    told = sorted({case for case in cases if "+" in case})
    return {kind: [case for case in told if row_of(case) in of.split()] for kind, of in KINDS.items()}
