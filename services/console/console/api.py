"""Console routes: the page and its assets; nothing here changes anything."""

from __future__ import annotations

from functools import cache
from importlib import resources

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from console.fetch import fetch_home
from console.pages.home import page
from console.services_client import ServicesClient
from shared.events.outside.ids import is_outside_id
from shared.http.problems import Refusal
from shared.http.routing import Router

router = Router("console")

ASSETS = {"console.css": "text/css", "console.js": "text/javascript", "mark.svg": "image/svg+xml"}
HEADERS = {
    # Nothing from elsewhere and no script in the page: markup that slipped through could do nothing.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@router.get("/", include_in_schema=False)
async def home(request: Request) -> Response:
    """The page, with one order on it where `order` names one; what else a link brings with it is passed over."""
    services: ServicesClient = request.app.state.services
    asked = request.query_params.get("order", "").strip()
    order_id = asked if is_outside_id(asked) else ""
    return HTMLResponse(page(await fetch_home(services, order_id), order_id, services.addresses), headers=HEADERS)


@router.get("/assets/{name}", include_in_schema=False)
async def asset(name: str) -> Response:
    """A stylesheet, script or image of the page."""
    if name not in ASSETS:
        raise Refusal("not_found")
    return Response(_content(name), media_type=ASSETS[name], headers={**HEADERS, "Cache-Control": "no-cache"})


@cache
def _content(name: str) -> bytes:
    return resources.files("console").joinpath("assets", name).read_bytes()
