"""The messages and close codes of docs/streaming.md."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer.domain import EXPRESSIONS, Face, Prediction
from fer.errors import FerError
from fer.http.face_json import face_json
from fer.http.picture_text import picture_of_text
from streaming.smoothing import Smoothed


@dataclass(frozen=True, slots=True)
class Closing:
    """How a connection ends: the WebSocket code and a short reason for the other side's log."""

    code: int
    reason: str = ""


NOT_BINARY = Closing(1003, "only binary messages and data URLs are accepted")
BAD_FRAMES = Closing(1008, "too many frames that cannot be read")
FRAME_TOO_LARGE = Closing(1009, "a frame has too many bytes")
INTERNAL_FAULT = Closing(1011, "internal error")
TOO_MANY_CONNECTIONS = Closing(1013, "too many connections, try again later")
IDLE = Closing(4408, "no frame for too long")
UNREAD = Closing(4408, "results are not being read")
TOO_FAST = Closing(4429, "too many frames per second")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one connection."""

    max_frame_bytes: int
    max_fps: int
    idle_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFace:
    """A face in a frame, the number of its track, and the track's smoothed scores."""

    track: int
    face: Face
    smoothed: Smoothed


def ready_message(*, model_version: str, limits: Limits) -> str:
    return _message(
        type="ready",
        model_version=model_version,
        limits={
            "max_frame_bytes": limits.max_frame_bytes,
            "max_frames_per_second": limits.max_fps,
            "idle_timeout_s": limits.idle_s,
        },
    )


def result_message(
    *,
    frame: int,
    skipped: int,
    image_size_wh: tuple[int, int],
    server_ms: float,
    model_version: str,
    faces: Sequence[TrackedFace],
) -> str:
    return _message(
        type="result",
        frame=frame,
        skipped=skipped,
        image_size=list(image_size_wh),
        server_ms=round(server_ms, 1),
        model_version=model_version,
        faces=[_tracked_face_json(face, image_size_wh) for face in faces],
    )


def frame_of_text(text: str) -> bytes | None:
    """Return the frame in a data URL from a canvas; empty if its base64 is damaged, None for any other text."""
    if text[:5].lower() != "data:":
        return None
    try:
        return picture_of_text(text)
    except FerError:
        return b""


def error_message(*, frame: int, error: FerError) -> str:
    return _message(type="error", frame=frame, code=error.code, error=error.message)


def _tracked_face_json(face: TrackedFace, image_size_wh: tuple[int, int]) -> Mapping[str, Any]:
    shown = Prediction(face=face.face, scores=face.smoothed.scores)
    return {
        "track": face.track,
        **face_json(shown, image_size_wh=image_size_wh),
        "expression": EXPRESSIONS[face.smoothed.label],
        "confidence": round(face.smoothed.scores[face.smoothed.label], 6),
    }


def _message(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
