"""What stands on the wire: a view as its reader gets it."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from shared.http.responses import to_json


def on_the_wire(view: Any) -> Any:
    """The view's JSON, read again."""
    return from_json(to_json(view))
