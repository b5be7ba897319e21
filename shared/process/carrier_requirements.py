"""Requirements of who sells labels, and of whose scans are heard."""

from __future__ import annotations

from shared.process.environment import Environment
from shared.process.requirements import address_parts, are_secret


def carrier_is_real(settings: Environment) -> bool:
    """Whether no carrier is named, or one that is not the sandbox's, which is asked by https."""
    name, _, address = settings.carrier.partition("+")
    place = address_parts(address)
    return not settings.carrier or bool(name != "sandbox" and place and place.scheme == "https" and place.hostname)


def carrier_webhooks_are_secret(settings: Environment) -> bool:
    """Whether no carrier's webhooks are heard, or those of one that is not the sandbox's, with secrets."""
    return are_secret(settings.carrier_webhooks)
