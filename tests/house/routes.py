"""The routes of each service's application: `python routes.py dispute refund` prints them as JSON."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from starlette.routing import Route


def main() -> None:
    """Builds each application and prints its paths, a parameter as `{}`, with their methods."""
    with redirect_stdout(sys.stderr):
        found = {service: routes(import_module(f"{service}.app")) for service in sys.argv[1:]}
    json.dump(found, sys.stdout)


def routes(module: Any) -> dict[str, list[str]]:
    """The paths of one application."""
    paths: dict[str, set[str]] = {}
    for route in module.build(module.Settings()).routes:
        if isinstance(route, Route):
            parts = ("{}" if part.startswith("{") else part for part in route.path.split("/"))
            paths.setdefault("/".join(parts), set()).update(route.methods or {"GET"})
    return {path: sorted(methods) for path, methods in paths.items()}


if __name__ == "__main__":
    main()
