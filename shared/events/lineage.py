"""Lineage: a log that was restored, or split from another, says whose events it shares, and up to which position.

It is text, as it stands in the table `log` and in the header `ce_loglineage`: `<log id>@<last shared position>`, the
nearest former life first, a space between two.
"""

from __future__ import annotations

import re
from uuid import UUID

_FORMER = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@(0|[1-9][0-9]{0,18})")


def last_shared(lineage: str, former: UUID) -> int | None:
    """The last position at which `former` and the log of this lineage hold the same event; None for a foreign log."""
    shared = {found[1]: int(found[2]) for found in map(_FORMER.fullmatch, lineage.split(" ")) if found}
    return shared.get(str(former))
