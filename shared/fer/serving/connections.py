"""uvicorn's HTTP/1.1 with what it lacks: deadlines for headers and slow readers, and a connection limit.

uvicorn waits for the end of a request's headers, and for a client to read its answer, for as long as the connection
is open, and its own limit counts connections only after their headers have arrived.
"""

import asyncio
import fcntl
import json
import socket
import struct
import sys
import termios
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from fer.errors import FerError, HeadersTooLarge, InvalidInput, RequestTimeout, Unavailable
from fer.serving.plain_errors import PlainErrorsAsJson
from fer.serving.request_lines import NOT_HTTP, TOO_LARGE, RequestLines, is_websocket_handshake

# What a reader has to take of an answer within the deadline for readers.
TAKEN_IN_TIME_BYTES = 48 * 1024
# A client that is still sending when it is refused learns so only if it is still read from.
LINGER_S = 1.0


class Connection(H11Protocol):
    """One connection; ``connection_class`` sets the limits.

    If there are too many, connections still waiting for headers are closed, the longest waiting first. A client that
    half-closes after its request still gets its answer.
    """

    headers_timeout_s: float
    send_timeout_s: float
    max_connections: int

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], **options: Any) -> None:
        super().__init__(
            config, server_state, {**app_state, "abort": self._abort, "is_closing": self._is_closing}, **options
        )
        self.app = RequestLines(PlainErrorsAsJson(self.app), self._refuse)  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]
        self._headers_deadline: asyncio.TimerHandle | None = None
        self._send_deadline: asyncio.TimerHandle | None = None
        self._sent_all = False
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_headers()
        if len(self.connections) > self.max_connections and not self._has_room():
            self._refuse(Unavailable("Too many connections; try again shortly."))

    def connection_lost(self, exc: Exception | None) -> None:
        for deadline in (self._headers_deadline, self._send_deadline):
            if deadline is not None:
                deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        super().data_received(data)
        self._watch_headers()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Return whether the connection stays open for an outstanding answer."""
        self._sent_all = True
        cycle = self._last_cycle
        awaits_answer = cycle is not None and not cycle.response_complete and not cycle.more_body
        return awaits_answer and not self._is_refused

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._sent_all and self.cycle.response_complete:
            self.transport.close()
        if self.transport.is_closing():
            self._close_in_time()
        self._watch_headers()

    def _should_upgrade(self) -> bool:
        """Take whole handshakes for a WebSocket only; other offers may be ignored (RFC 9110, section 7.8)."""
        wanted = self._get_upgrade() == b"websocket" and self._should_upgrade_to_ws()
        return wanted and is_websocket_handshake(self.scope)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_watching_headers()
        super().handle_websocket_upgrade(event)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._close_in_time()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._send_deadline is None:
            self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._send_deadline is not None:
            self._send_deadline.cancel()
            self._send_deadline = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's text says no more
        """Handle data that h11 rejects; the exception being handled says why."""
        if getattr(sys.exception(), "error_status_hint", 400) == 431:
            self._refuse(HeadersTooLarge(TOO_LARGE))
        else:
            self._refuse(InvalidInput(NOT_HTTP))

    @property
    def _last_cycle(self) -> RequestResponseCycle | None:
        """The current request, or the last one; uvicorn's annotation omits that there may be none."""
        return self.cycle

    @property
    def waits_for_headers(self) -> bool:
        return self._headers_deadline is not None or (self._last_cycle is not None and self.cycle.response_complete)

    def _watch_headers(self) -> None:
        """Set the deadline when a request's headers begin, and cancel it when they are complete."""
        if self.conn.their_state is not h11.IDLE or self._is_kept_alive() or self.transport.is_closing():
            self._stop_watching_headers()
        elif self._headers_deadline is None:
            self._headers_deadline = self.loop.call_later(self.headers_timeout_s, self._headers_are_late)

    def _is_kept_alive(self) -> bool:
        """Return whether nothing has arrived since the last answer; uvicorn's own deadline covers that."""
        cycle = self._last_cycle
        return cycle is not None and cycle.response_complete and not self.conn.trailing_data[0]

    def _stop_watching_headers(self) -> None:
        if self._headers_deadline is not None:
            self._headers_deadline.cancel()
            self._headers_deadline = None

    def _headers_are_late(self) -> None:
        if self.conn.trailing_data[0]:
            self._refuse(RequestTimeout("The headers did not arrive in time."))
        else:
            self.transport.close()

    def _has_room(self) -> bool:
        """Close the connection, other than this one, that has waited longest for its headers, if that is needed."""
        # One that was closed stays among the connections until the event loop comes round.
        remaining = [each for each in self.connections if not each.transport.is_closing()]
        if len(remaining) <= self.max_connections:
            return True
        others = [each for each in remaining if isinstance(each, Connection) and each is not self]
        waiting = [each for each in others if each.waits_for_headers]
        if not waiting:
            return False
        min(waiting, key=lambda each: each.waits_until_s).transport.abort()
        return True

    @property
    def waits_until_s(self) -> float:
        """When this connection would be closed if nothing arrived; earliest for the longest waiting."""
        deadlines = (self._headers_deadline, self.timeout_keep_alive_task)
        return min((each.when() for each in deadlines if each is not None), default=0.0)

    def _refuse(self, error: FerError) -> None:
        """Answer without the application, and close."""
        self._is_refused = True
        self._stop_watching_headers()
        if self._last_cycle is not None:
            self.cycle.disconnected = True  # as far as the application is concerned
            self.cycle.message_event.set()
        body = json.dumps(error.as_json(), separators=(",", ":")).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
        headers += [("retry-after", str(error.retry_after_s))] if error.retryable else []
        try:
            response = h11.Response(status_code=error.status, headers=headers, reason=HTTPStatus(error.status).phrase)
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # an answer is already on its way
            self._abort()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self._abort)

    def _close_in_time(self) -> None:
        """Set a deadline for handing the rest to the system."""
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.send_timeout_s, self._abort)

    def _watch_reader(self) -> None:
        self._send_deadline = self.loop.call_later(self.send_timeout_s, self._judge_reader, self._untaken_bytes())

    def _judge_reader(self, untaken_before_bytes: int) -> None:
        """Go on waiting for a client that has taken something, and drop one that has not.

        That also frees the megabytes that the system holds for it, which it would otherwise keep for minutes.
        """
        if untaken_before_bytes - self._untaken_bytes() >= TAKEN_IN_TIME_BYTES:
            self._watch_reader()
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._abort()

    def _untaken_bytes(self) -> int:
        """Return what the client has not acknowledged; the system buffers in lumps, so our buffer alone misleads."""
        connection = self.transport.get_extra_info("socket")
        try:
            (queued_bytes,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))
        except (AttributeError, OSError):  # no socket, or a system without this question
            queued_bytes = 0
        return self.transport.get_write_buffer_size() + queued_bytes

    def _is_closing(self) -> bool:
        return self.transport.is_closing()

    def _abort(self) -> None:
        self.transport.abort()


def connection_class(*, headers_timeout_s: float, send_timeout_s: float, max_connections: int) -> type[Connection]:
    """For uvicorn's option ``http``, which takes a class and no arguments of it."""
    limits = {
        "headers_timeout_s": headers_timeout_s,
        "send_timeout_s": send_timeout_s,
        "max_connections": max_connections,
    }
    return type("LimitedConnection", (Connection,), limits)
