"""What a WSGI application on threads is given, and what is held while its answer is sent."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from typing import Any

from starlette.types import Message, Scope

from fer.errors import BODY
from fer.serving.threads import Threads, on_threads

SCOPE: Scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/a",
    "query_string": b"",
    "headers": [],
}
WHOLE = bytes(1000)


def test_a_body_is_read_without_a_copy_and_let_go_of_before_the_answer_is_sent() -> None:
    read: list[bool] = []
    held: list[int] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        read.append(environ[BODY] is WHOLE)
        start_response("200 OK", [])
        return [b"an", b"swer"]

    async def receive() -> Message:
        return {"type": "http.request", "body": WHOLE, "more_body": False}

    async def send(_: Message) -> None:
        held.append(sys.getrefcount(WHOLE))

    async def answer() -> None:
        await on_threads(app, Threads(1))(SCOPE, receive, send)

    before = sys.getrefcount(WHOLE)
    asyncio.run(answer())
    assert read == [True]
    assert set(held) == {before}
