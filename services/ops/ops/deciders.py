"""Deciders by service: what folds each one's streams."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from shared.decider import Decider
from shared.events.logs import LOGS

DECIDERS: Mapping[str, Decider] = {service: import_module(f"{service}.domain.decider").decider for service in LOGS}
