"""Inputs that failed once, here or in other people's systems: each is a row of the table that `make proof` prints.

A test shows a row with `@pytest.mark.case("B09a", given="…", right="…")` and the fixture `came`; a neighbour, another
input of the same kind, adds a sign: `B09a+1`. A row without a test is a fault of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    "R7": "the complete dispute",
    "R9": "evidence",
    "B23": "returns: corrected tracking numbers",
    "B24": "returns: unannounced parcels",
}
"""Rows whose machine does not exist yet, and what brings it."""


def rows() -> Iterator[tuple[str, str]]:
    """Every row: its part and its id."""
    for part, ids in ROWS.items():
        for row in ids.split():
            yield part, row


def is_row(case: str) -> bool:
    """Whether an id is a row, or a neighbour of one."""
    return case.partition("+")[0] in {row for _, row in rows()}
