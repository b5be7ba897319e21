"""HTTP status of a path on this machine, cheap enough to be asked many times a second."""

import asyncio

LIMIT = 2.0


async def status_of(port: int, path: str, limit: float = LIMIT) -> int | None:
    """The status of a GET on this machine, or nothing where nobody answers in time."""
    answer = await answer_of(port, path, limit)
    return answer and answer[0]


async def answer_of(port: int, path: str, limit: float = LIMIT) -> tuple[int, bytes] | None:
    """Status and body of a GET on this machine, or nothing where nobody answers in time."""
    try:
        return await asyncio.wait_for(_answer_of(port, path), limit)
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


async def _answer_of(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body
    finally:
        writer.close()
