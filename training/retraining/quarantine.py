"""Keeps feedback that the champion considers nearly impossible, and pictures that show no face, out of training until
a person has reviewed them."""

import base64
from html import escape
from pathlib import Path
from string import Template

import cv2
import numpy as np

from fer.vision.detection.onet import ONet
from training.data.fer2013 import LABELS

# The champion's score for the label. Random labels fall below it about half of the time;
# docs/decisions/0011-retraining.md says how often honest corrections do.
NEAR_IMPOSSIBLE = 0.002
# ONet's probability of a face. Of blurred noise 2 % exceed it. Of FER2013's faces, which are cut more closely than it
# is used to, 99 % do; of those from the demo's bad camera 89 %; of 614 chips from photos and 847 from portraits, all.
NO_FACE = 0.1
_BLOCK = 256
# More thumbnails than this on a page help nobody; the rest wait for the next run.
MOST_SHOWN = 500


def shows_face(images: np.ndarray, detector_dir: Path) -> np.ndarray:
    """Return which of uint8 (N, 48, 48) chips show a face according to ONet, bool (N,)."""
    onet = ONet(detector_dir)
    blocks = (images[start : start + _BLOCK] for start in range(0, len(images), _BLOCK))
    looked_at = [onet.look([np.repeat(chip[..., None], 3, axis=2) for chip in block]).probability for block in blocks]
    return np.concatenate([*looked_at, np.empty(0)]) >= NO_FACE


def quarantined(
    scores: np.ndarray, labels: np.ndarray, names: list[str], accepted: set[str], *, faces: np.ndarray
) -> np.ndarray:
    """Return which rows to keep out, bool (F,): scores (F, 7), labels int (F,), ``names`` as in the report.

    ``faces`` bool (F,) tells which of them show a face.
    """
    doubtful = (scores[np.arange(len(labels)), labels] < NEAR_IMPOSSIBLE) | ~faces
    return doubtful & ~np.isin(np.array(names, dtype=str), sorted(accepted))


def read_accepted(path: Path | None) -> set[str]:
    """Return the names that a person has accepted, one per line; ``#`` starts a comment."""
    if path is None:
        return set()
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line}


def write_report(path: Path, images: np.ndarray, labels: np.ndarray, scores: np.ndarray, names: list[str]) -> None:
    """Write a page of the faces in quarantine, least likely first. Never publish it: it holds faces."""
    order = np.argsort(scores[np.arange(len(labels)), labels], kind="stable")[:MOST_SHOWN]
    rows = "\n".join(_row(images[row], int(labels[row]), scores[row], names[row]) for row in order)
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    shown = "" if len(order) == len(labels) else f" The {len(order)} least likely are shown."
    page = template.substitute(count=len(labels), shown=shown, rows=rows, threshold=f"{NEAR_IMPOSSIBLE:.1%}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _row(image: np.ndarray, label: int, scores: np.ndarray, name: str) -> str:
    picture = base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
    best = int(scores.argmax())
    return (
        f'<tr><td><input type="checkbox" id="f{escape(name)}" value="{escape(name)}"></td>'
        f'<td><label for="f{escape(name)}"><img width="96" height="96" alt="" src="data:image/png;base64,{picture}">'
        f"</label></td><td>{LABELS[label]} <small>{scores[label]:.3%}</small></td>"
        f"<td>{LABELS[best]} <small>{scores[best]:.0%}</small></td><td><code>{escape(name)}</code></td></tr>"
    )
