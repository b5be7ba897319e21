"""Plug-ins: which carrier's webhooks are heard is one setting, and anybody's package may name a carrier's.

They hold the webhooks' secret and nothing else: the process that hears them buys no label.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

from return_label.webhooks.port import Receive

GROUP = "makewhole.carrier_webhooks"
"""The group of entry points in which a package names the webhooks that it understands."""

Plugin = Callable[[Sequence[str]], Receive]
"""What an entry point names: given the secrets, all of which count while one takes the place of another. ValueError
says what is wrong with one, without repeating it.
"""


def receiver_of(setting: str) -> Receive | None:
    """Understands the webhooks that are set as `<plug-in>+<secret>`, further secrets behind commas; None where nothing
    is set. Ends the process with one line where that is none.
    """
    if not setting:
        return None
    name, _, secrets = setting.partition("+")
    known = entry_points(group=GROUP)
    if name not in known.names or not secrets:
        sys.exit(
            f"MAKEWHOLE_CARRIER_WEBHOOKS: must be one of {', '.join(sorted(known.names))}, a plus sign and a secret"
        )
    try:
        plugin: Plugin = known[name].load()
        return plugin(secrets.split(","))
    except ValueError as error:
        sys.exit(f"MAKEWHOLE_CARRIER_WEBHOOKS: {error}")
