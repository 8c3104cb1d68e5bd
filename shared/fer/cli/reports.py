"""What ``fer predict`` prints: a table, JSON lines or CSV."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from fer.domain import EXPRESSIONS, Prediction
from fer.http.face_json import face_json

Form = Literal["table", "json", "csv"]
CSV_COLUMNS = (
    "path", "frame", "time_s", "face", "x", "y", "width", "height", "expression", "confidence", *EXPRESSIONS,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The faces of one picture, or of one frame of a video."""

    path: Path
    frame: int | None
    time_s: float | None
    image_size_wh: tuple[int, int]
    predictions: Sequence[Prediction]

    @property
    def faces(self) -> list[dict[str, Any]]:
        return [face_json(prediction, image_size_wh=self.image_size_wh) for prediction in self.predictions]


class Report(Protocol):
    """Turns results into lines; ``head`` comes first."""

    @property
    def head(self) -> str: ...

    def lines(self, looked: Looked) -> str: ...


def make_report(form: Form, *, names: Sequence[str]) -> Report:
    """Return the report; ``names`` are all paths, for the width of the table's first column."""
    if form == "csv":
        return _Csv()
    return _JsonLines() if form == "json" else _Table(max(map(len, names), default=0))


class _JsonLines:
    head = ""

    def lines(self, looked: Looked) -> str:
        place = {} if looked.frame is None else {"frame": looked.frame, "time_s": round(looked.time_s or 0, 3)}
        answer = {"path": str(looked.path), **place, "image_size": looked.image_size_wh, "faces": looked.faces}
        return json.dumps(answer, ensure_ascii=False) + "\n"


class _Csv:
    head = ",".join(CSV_COLUMNS) + "\n"

    def lines(self, looked: Looked) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        frame = "" if looked.frame is None else looked.frame
        time_s = "" if looked.time_s is None else f"{looked.time_s:.3f}"
        for number, face in enumerate(looked.faces):
            scores = [face["scores"][name] for name in EXPRESSIONS]
            row = [looked.path, frame, time_s, number, *face["box"], face["expression"], face["confidence"], *scores]
            writer.writerow(row)
        return text.getvalue()


class _Table:
    def __init__(self, width: int) -> None:
        self._width = min(60, width + len(" #000000"))
        self.head = f"{'picture':<{self._width}}  expression  confidence  box (x, y, width, height)\n"

    def lines(self, looked: Looked) -> str:
        name = str(looked.path) if looked.frame is None else f"{looked.path} #{looked.frame}"
        if len(name) > self._width:
            name = "…" + name[1 - self._width :]
        if not looked.predictions:
            return f"{name:<{self._width}}  no face\n"
        return "".join(f"{name:<{self._width}}  {self._face(face)}\n" for face in looked.faces)

    def _face(self, face: dict[str, Any]) -> str:
        return f"{face['expression']:<10}  {face['confidence']:>10.1%}  {', '.join(map(str, face['box']))}"
