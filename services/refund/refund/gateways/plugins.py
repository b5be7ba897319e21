"""Plug-ins: which gateway pays is one setting, and a gateway is whatever an installed package names as one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import entry_points

from refund.gateways.guard import Guarded
from refund.gateways.port import Gateway

GROUP = "makewhole.gateways"
"""The group of entry points in which a package names its gateways."""

Plugin = Callable[[str], AbstractAsyncContextManager[Gateway]]
"""What an entry point names: given its provider's address, with the credentials that it holds, it opens a gateway.
ValueError says what the address lacks, without repeating it.
"""


def gateway_of(setting: str) -> AbstractAsyncContextManager[Gateway]:
    """Opens the gateway that is set as `<plug-in>+<address>`; ends the process with one line where that is none."""
    name, _, address = setting.partition("+")
    known = entry_points(group=GROUP)
    if name not in known.names:
        sys.exit(f"MAKEWHOLE_GATEWAY: must be one of {', '.join(sorted(known.names))}, a plus sign and an address")
    try:
        plugin: Plugin = known[name].load()
        return _guarded(plugin(address))
    except ImportError as error:
        sys.exit(
            f"MAKEWHOLE_GATEWAY: {name} needs what is not installed here, {error.name}: pip install makewhole[{name}]"
        )
    except ValueError as error:
        sys.exit(f"MAKEWHOLE_GATEWAY: {error}")


@contextlib.asynccontextmanager
async def _guarded(opened: AbstractAsyncContextManager[Gateway]) -> AsyncIterator[Gateway]:
    async with opened as gateway:
        yield Guarded(gateway)
