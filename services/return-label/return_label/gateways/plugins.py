"""Plug-ins: which carrier sells labels is one setting, and a carrier is whatever an installed package names as one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import entry_points

from return_label.gateways.guard import Guarded
from return_label.gateways.marks import Marks
from return_label.gateways.nobody import Nobody
from return_label.gateways.port import Carrier

GROUP = "makewhole.carriers"
"""The group of entry points in which a package names its carriers."""

Plugin = Callable[[str, Marks | None], AbstractAsyncContextManager[Carrier]]
"""What an entry point names: given its carrier's address, with the credentials that it holds, and marks for a
carrier that keeps no keys, it opens a carrier; without marks it is only held against its setting, and not opened.
ValueError says what the address lacks, without repeating it.
"""


def name_of(setting: str) -> str | None:
    """The name of the plug-in that is set, None where none is: then labels are samples."""
    return setting.partition("+")[0] or None


def carrier_of(setting: str, marks: Marks | None = None) -> AbstractAsyncContextManager[Carrier]:
    """Opens, with marks, the carrier that is set as `<plug-in>+<address>`; ends the process with one line where that is
    none.
    """
    if not setting:
        return contextlib.nullcontext(Nobody())
    name, _, address = setting.partition("+")
    known = entry_points(group=GROUP)
    if name not in known.names:
        sys.exit(f"MAKEWHOLE_CARRIER: must be one of {', '.join(sorted(known.names))}, a plus sign and an address")
    try:
        plugin: Plugin = known[name].load()
        return _guarded(plugin(address, marks))
    except ImportError as error:
        sys.exit(
            f"MAKEWHOLE_CARRIER: {name} needs what is not installed here, {error.name}: pip install makewhole[{name}]"
        )
    except ValueError as error:
        sys.exit(f"MAKEWHOLE_CARRIER: {error}")


@contextlib.asynccontextmanager
async def _guarded(opened: AbstractAsyncContextManager[Carrier]) -> AsyncIterator[Carrier]:
    async with opened as carrier:
        yield Guarded(carrier)
