"""S3 as far as the port needs it, in this process: whole objects and uploads in parts, by path, for a known key."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.toys.notes import listening

BUCKET, KEY_ID, SECRET = "evidence-bucket", "key-of-the-tests", "secret/of+the tests"


@dataclass
class Bucket:
    """Objects by key, and the parts of those that are not finished."""

    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if f"Credential={KEY_ID}/" not in request.headers.get("Authorization", ""):
            return web.Response(status=403)
        key, query = request.path, request.query
        match request.method:
            case "PUT" if "uploadId" in query:
                self.parts[query["uploadId"]][int(query["partNumber"])] = await request.read()
                return web.Response(headers={"ETag": f'"{query["partNumber"]}"'})
            case "PUT":
                return self._stored(key, await request.read())
            case "POST":
                return self._in_parts(key, query)
            case "DELETE":
                self.objects.pop(key, None)
                return web.Response(status=204)
        return self._read(request, key)

    def _stored(self, key: str, content: bytes) -> web.Response:
        self.objects[key] = content
        return web.Response(headers={"ETag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'})

    def _in_parts(self, key: str, query: Mapping[str, str]) -> web.Response:
        upload = query.get("uploadId")
        if upload is None:
            upload = f"upload-{len(self.parts)}"
            self.parts[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return web.Response(text=text, content_type="application/xml")
        parts = self.parts.pop(upload)
        self._stored(key, b"".join(parts[number] for number in sorted(parts)))
        text = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
        return web.Response(text=text, content_type="application/xml")

    def _read(self, request: web.Request, key: str) -> web.Response:
        if key not in self.objects:
            return web.Response(status=404)
        content = self.objects[key]
        headers = {"ETag": '"some"', "Last-Modified": "Thu, 26 Nov 2026 10:00:00 GMT"}
        span = request.http_range
        if span.start is not None:
            part = content[span.start : span.stop]
            end = span.start + len(part) - 1
            headers["Content-Range"] = f"bytes {span.start}-{end}/{len(content)}"
            return web.Response(status=206, body=part, headers=headers)
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(content))})
        return web.Response(body=content, headers=headers)


@contextlib.asynccontextmanager
async def running_s3() -> AsyncIterator[str]:
    """The address of a server with one empty bucket."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{key:.*}", Bucket().answer)
    async with listening(app) as address:
        yield address
