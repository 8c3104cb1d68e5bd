"""uvicorn's WebSocket, for which a refused handshake is not a fault of the application."""

from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent


class DeniesQuietly(WebSocketsSansIOProtocol):
    """Counts an answer over HTTP as the handshake's end; otherwise uvicorn logs an error for each one refused."""

    async def send(self, message: "ASGISendEvent") -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True
