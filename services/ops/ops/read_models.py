"""Read models of a service: what keeps each one, and its tables."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module, util
from typing import cast

from shared.subscriptions.projection import ReadModel


def read_models(service: str) -> Mapping[str, ReadModel]:
    """The read models by name, found as the modules that have one; a service may have none."""
    if util.find_spec(package := f"{service}.read_models") is None:
        return {}
    modules = [
        import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(import_module(package).__path__)
    ]
    return {module.NAME: cast(ReadModel, module) for module in modules if hasattr(module, "NAME")}
