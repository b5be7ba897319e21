"""Help pages: the API's documentation (no CDN), an explanation of each problem, and how to reach a person."""

from __future__ import annotations

import html
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from shared.http.error_codes import REFUSED, STATUS, known_codes, title
from shared.http.pages.layout import document, page
from shared.http.pages.rules import links_to, rule_page, rules_page
from shared.http.problems import Refusal
from shared.http.routing import Router

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_DAY = {"Cache-Control": "public, max-age=86400"}
_START = """
window.addEventListener("load", () => SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, docExpansion: "none", tryItOutEnabled: true,
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
<p>Every refusal of this service can be reviewed by a person. Write to the platform's support and name the
<code>request_id</code> of the problem, and the order, the dispute, the return or the refund that it is about.
Support sees what was recorded, and the rules that the refusal named.</p>
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
        ("/rules", rules_page),
        ("/rules/{rule_id}", rule_page),
        ("/support", _support),
    ):
        router.add_route(path, endpoint, include_in_schema=False)
    return router


async def _docs(request: Request) -> Response:
    body = (
        '<div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>'
    )
    return document(request.app.title, body, '<link rel="stylesheet" href="/docs/swagger-ui.css">')


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
    return page("Problems", f"<h1>Problems</h1><p>Every refusal has one of these codes.</p><ul>{items}</ul>")


async def _problem(request: Request) -> Response:
    code = request.path_params["code"]
    if code not in known_codes():
        raise Refusal("not_found")
    return page(title(code), _explanation(code))


async def _support(_: Request) -> Response:
    return page("Reach a human", _SUPPORT)


def _explanation(code: str) -> str:
    status = STATUS.get(code, REFUSED)
    resting = f"<p>Rules that say so: {links}</p>" if (links := links_to(_rules_naming(code))) else ""
    return (
        f"<h1>{html.escape(title(code))}</h1><p><code>{code}</code> · status {status}</p>"
        f"<p>{_EXPLAINED.get(code, _OTHERWISE)}</p>{resting}<p><a href='/problems'>all problems</a></p>"
    )


def _rules_naming(code: str) -> list[str]:
    # The book is read when somebody looks: no service needs it to start.
    from shared.rules.book import RULES

    return [one.id for one in RULES.values() if f"`{code}`" in one.statement]


@cache
def _asset(name: str) -> bytes:
    # Swagger UI as the distribution fastapi-offline carries it; read when somebody looks, so that the service does not
    # need it.
    return (resources.files("fastapi_offline") / "static" / name).read_bytes()
