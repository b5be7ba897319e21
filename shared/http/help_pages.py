"""What a person reads in a browser: the documentation (no CDN), what each problem means, and how to reach a human."""

from __future__ import annotations

import html
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.http.error_codes import REFUSED, STATUS, known_codes, title
from shared.http.problems import Refusal
from shared.http.routing import Router

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_DAY = {"Cache-Control": "public, max-age=86400"}
_POLICY = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'"
}

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif }
body { max-width: 44rem; margin: 4rem auto; padding: 0 1.25rem }
h1 { font-size: 1.6rem; line-height: 1.25 } code { font-size: .95em } a { color: LinkText } li { margin: .3rem 0 }
    small { opacity: .7 }
"""

_START = """
window.addEventListener("load", () => SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, docExpansion: "none", tryItOutEnabled: true,
      persistAuthorization: true,
  syntaxHighlight: { activated: false }, validatorUrl: null,
}));
"""

_EXPLAINED = {
    "busy": (
        "Too much was waiting, or somebody else was quicker five times in a row. Nothing was recorded; the same "
        "request may succeed soon."
    ),
    "outcome_unknown": (
        "The connection to the database broke at the worst moment. Send the same request with the same "
        "Idempotency-Key: it is recorded at most once."
    ),
    "version_conflict": (
        "Something was recorded since the version named in If-Match. The problem lists it; look at it, then decide "
        "again."
    ),
    "if_match_required": (
        "This command agrees to, answers or decides something, so it says which version of it was seen: the ETag, "
        "sent as If-Match."
    ),
    "idempotency_key_reused": (
        "The key belongs to another request of yours. Choose a new key for each new command, and repeat it with "
        "that command."
    ),
    "not_found": "It does not exist, or it is somebody else's: the answer is the same on purpose.",
    "validation_failed": "Each entry of errors has a JSON pointer into the body, a code and what is expected there.",
    "projection_behind": (
        "The read model has not reached the position asked for within two seconds. The command is recorded; ask again."
    ),
}
_OTHERWISE = (
    "The problem's detail says why, rules names the rules that it rests on, and actions what can be done instead."
)

_SUPPORT = """
<h1>A human looks at it</h1>
<p>Every refusal of this service can be reviewed by a person. Write to the platform's support
    and name the <code>request_id</code> of the
problem, and the order or the dispute that it is about. Support sees what was recorded,
    and can open or correct a dispute by an override,
which two persons sign.</p>
<p>In an open dispute a message to the case team works too: <code>POST /v1/disputes/{id}/messages</code>.</p>
"""


def pages() -> Router:
    """The routes of the pages, outside the API's description."""
    router = Router()
    for path, endpoint in (
        ("/docs", _docs),
        ("/docs/start.js", _docs_start),
        ("/docs/{name}", _docs_asset),
        ("/problems", _problems),
        ("/problems/{code}", _problem),
        ("/support", _support),
    ):
        router.add_route(path, endpoint, include_in_schema=False)
    return router


async def _docs(request: Request) -> Response:
    body = (
        '<div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>'
    )
    return HTMLResponse(
        _document(request.app.title, body, '<link rel="stylesheet" href="/docs/swagger-ui.css">'), headers=_POLICY
    )


async def _docs_start(_: Request) -> Response:
    return Response(_START, media_type="text/javascript", headers=_DAY)


async def _docs_asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        raise Refusal("not_found")
    return Response(_asset(name), media_type=_ASSETS[name], headers=_DAY)


async def _problems(_: Request) -> Response:
    items = "".join(
        f'<li><a href="/problems/{code}"><code>{code}</code></a> <small>{STATUS.get(code, REFUSED)}</small></li>'
        for code in known_codes()
    )
    return _page("Problems", f"<h1>Problems</h1><p>Every refusal has one of these codes.</p><ul>{items}</ul>")


async def _problem(request: Request) -> Response:
    code = request.path_params["code"]
    if code not in known_codes():
        raise Refusal("not_found")
    return _page(title(code), _explanation(code))


async def _support(_: Request) -> Response:
    return _page("Reach a human", _SUPPORT)


def _explanation(code: str) -> str:
    status = STATUS.get(code, REFUSED)
    return (
        f"<h1>{html.escape(title(code))}</h1><p><code>{code}</code> · status {status}</p>"
        f"<p>{_EXPLAINED.get(code, _OTHERWISE)}</p><p><a href='/problems'>all problems</a></p>"
    )


def _page(name: str, body: str) -> Response:
    return HTMLResponse(_document(name, body, f"<style>{_STYLE}</style>"), headers=_POLICY)


def _document(name: str, body: str, head: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(name)}</title>{head}</head><body>{body}</body></html>"
    )


@cache
def _asset(name: str) -> bytes:
    # Swagger UI as the distribution fastapi-offline carries it; read when somebody looks, so that the service does not
    # need it.
    return (resources.files("fastapi_offline") / "static" / name).read_bytes()
