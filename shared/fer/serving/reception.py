"""Receives a whole request before any work on it starts, within limits of time and size."""

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fer.errors import REFUSAL, FerError, RequestTimeout, TooLarge
from fer.serving.clients import Clients
from fer.serving.in_flight import STEP_BYTES, Holding, InFlight

# Many clients listen only after they have sent everything: a refused body is read on, up to a limit.
DRAIN_AT_MOST_BYTES = 64 * 1024 * 1024


class Reception:
    """Passes requests to ``app`` with the whole body in one message, so its threads never wait for a client.

    A body of more than ``max_body_bytes``, or not complete after ``body_timeout_s``, and one for which ``in_flight``
    has no room, are let go and reach the application as a refusal (``REFUSAL``). The answer is sent in pieces, and
    a client that does not take them gives way when ``in_flight`` needs the room. A client that asks more often than
    ``clients`` allows is refused before any of its body is kept.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        in_flight: InFlight,
        max_body_bytes: int,
        body_timeout_s: float,
        clients: Clients | None = None,
    ) -> None:
        self._app = app
        self._clients = clients
        self._in_flight = in_flight
        self._max_body_bytes = max_body_bytes
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._in_flight.holding() as holding:
            refusal = self._clients.refusal_of(scope) if self._clients else None
            body = _Body(scope, holding, max_bytes=self._max_body_bytes, refusal=refusal)
            complete = await self._receive(body, receive, holding)
            if body.is_abandoned:
                return
            answer = _Answer(scope, send, holding, close=not complete)
            refused = {REFUSAL: body.refusal} if body.refusal else {}
            await self._app({**scope, **refused}, body.replay, answer.send)

    async def _receive(self, body: "_Body", receive: Receive, holding: Holding) -> bool:
        """Return whether the body came to its end, or need not come at all."""
        if body.is_not_wanted:
            return False
        try:
            async with asyncio.timeout(self._body_timeout_s) as patience:
                holding.waits_for_client(patience)
                while body.goes_on and not body.is_endless:
                    body.add(await receive())
        except TimeoutError:
            body.refuse(RequestTimeout("The body did not arrive in time; send it again over a faster connection."))
        finally:
            holding.works()
        return not body.goes_on


class _Body:
    """The part of a body that has arrived, or why it was dropped."""

    def __init__(self, scope: Scope, holding: Holding, *, max_bytes: int, refusal: FerError | None) -> None:
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "")
        self._holding = holding
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self._received_bytes = 0
        self.refusal = refusal
        self.goes_on = True
        self.is_abandoned = self.is_endless = False
        if announced.isdecimal() and int(announced) > max_bytes:
            self.refuse(self._too_large())
        # The client asks before it sends (RFC 9110, section 10.1.1), and the answer is no.
        self.is_not_wanted = self.refusal is not None and "100-continue" in headers.get("expect", "").lower()

    def add(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self.goes_on, self.is_abandoned = False, True
            return
        piece: bytes = message.get("body", b"")
        self.goes_on = message.get("more_body", False)
        self._received_bytes += len(piece)
        self._holding.moved(len(piece))
        if self.refusal is not None:
            self.is_endless = self._received_bytes > DRAIN_AT_MOST_BYTES
        elif self._received_bytes > self._max_bytes:
            self.refuse(self._too_large())
        else:
            try:
                self._holding.take(len(piece))
                self._pieces.append(piece)
            except FerError as error:
                self.refuse(error)

    def refuse(self, error: FerError) -> None:
        """Drop what has arrived; the first reason is kept."""
        self.refusal = self.refusal or error
        self._pieces.clear()
        self._holding.add(-self._holding.held_bytes)

    async def replay(self) -> Message:
        """Return the one message of the whole body."""
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return {"type": "http.request", "body": whole, "more_body": False}

    def _too_large(self) -> FerError:
        return TooLarge(f"The body is larger than {self._max_bytes} bytes.")


class _Answer:
    """Sends the application's answer piece by piece, for as long as the client reads it."""

    def __init__(self, scope: Scope, send: Send, holding: Holding, *, close: bool) -> None:
        self._send = send
        self._holding = holding
        self._close = close
        self._abort = scope.get("state", {}).get("abort")

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._close:
            message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
        body = message.get("body", b"")
        if len(body) <= STEP_BYTES:
            await self._send(message)
            return
        self._holding.add(len(body))
        try:
            async with asyncio.timeout(None) as patience:
                self._holding.waits_for_client(patience)
                for piece in _pieces(message):
                    await self._send(piece)
                    self._holding.moved(len(piece["body"]))
        except TimeoutError:
            if self._abort is None:
                raise
            self._abort()
        finally:
            self._holding.works()
            self._holding.add(-len(body))


def _pieces(message: Message) -> Iterable[dict[str, Any]]:
    body: bytes = message["body"]
    for start in range(0, len(body), STEP_BYTES):
        more = start + STEP_BYTES < len(body) or message.get("more_body", False)
        yield {**message, "body": body[start : start + STEP_BYTES], "more_body": more}
