"""Common headers: what every answer bears besides its own headers, and how HEAD leaves the body out."""

from __future__ import annotations

from starlette.types import Message, Scope, Send

from shared.http.request_context import RequestContext
from shared.http.whole_messages import Sending, written

Headers = list[tuple[bytes, bytes]]

SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]
"""For whoever is led to show an answer as something else than it is; a page brings a policy of its own."""
HTTPS_ONLY = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_STAMPS = {False: SECURITY, True: [*SECURITY, HTTPS_ONLY]}
_WRITTEN = {https: written(stamps) for https, stamps in _STAMPS.items()}


class Stamped:
    """The sending of one answer."""

    def __init__(self, scope: Scope, send: Send, context: RequestContext, https: bool) -> None:
        self._send = send
        self._context = context
        self._https = https or scope.get("scheme") == "https"
        self._head_only = scope["method"] == "HEAD"
        self.ended = False

    async def __call__(self, message: Message) -> None:
        """Passes a message on; to HEAD the answer is over with its head, and whoever made the rest is told so."""
        if message["type"] == "http.response.start":
            self._context.status = message["status"]
            message["headers"] = self._headers(message.get("headers", ()))
        await self._send(message)
        if self._head_only:
            await self._send({"type": "http.response.body", "body": b""})
            self.ended = True
            raise BodyUnwanted

    def whole(self, status: int, own: Headers, body: bytes) -> bool:
        """Whether an answer with these headers, none of which is common, was sent in one write."""
        if self._head_only or not isinstance(self._send, Sending):
            return False
        sent = self._send.whole(status, [*own, *self._of_request()], _WRITTEN[self._https], body)
        if sent:
            self._context.status = status
        return sent

    def _headers(self, own: Headers) -> Headers:
        names = {name.lower() for name, _ in own}
        stamps = [(name, value) for name, value in _STAMPS[self._https] if name not in names]
        return [*own, *self._of_request(), *stamps]

    def _of_request(self) -> Headers:
        share = self._context.share.headers if self._context.share else ()
        return [(b"x-request-id", self._context.request_id.encode()), *share]


class BodyUnwanted(Exception):
    """The request was for the head of an answer, which has been sent."""
