"""A picture and the right label in; the face's chip stored as one shard, exactly once, until withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fer.domain import BoxXYWH, Claim, Face, Feedback, box_inside
from fer.errors import InvalidInput
from fer.storage.objects import ObjectStore
from fer.storage.receipts import Receipts
from fer.storage.shards import parse_time, save_shard
from fer.storage.withdrawals import Withdrawal, withdraw_shard
from fer.usecases.pixel_budget import budget
from fer.vision.alignment import FaceAligner
from fer.vision.arrays import FaceChip
from fer.vision.boxes import iou
from fer.vision.detection.detector import Detector
from fer.vision.locating import locate_faces

# A box from a prediction on the same image overlaps its face almost completely; half leaves room for rounding
# and re-encoding, and excludes a neighbour's face.
MIN_GIVEN_BOX_IOU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFinder:
    """What feedback needs for recognition: the same detector and alignment as predict, no classifier."""

    detector: Detector
    aligner: FaceAligner


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFeedback:
    """A stored correction: the receipt that withdraws it, and until when at least, in UTC."""

    receipt: str
    receipt_valid_until: datetime


def save_feedback(
    image: bytes,
    label: str,
    *,
    box_xywh: BoxXYWH | None,
    claim: Claim | None,
    idempotency_key: str,
    now: datetime,
    finder: FaceFinder,
    store: ObjectStore,
    receipts: Receipts,
    receipt_days: int,
    max_image_pixels: int,
) -> SavedFeedback:
    """Store the chip of the face that is meant, with its right label; when this returns, it is durable.

    The face is the one at ``box_xywh``, or without it the first that predict returns for this image; ``claim`` is
    what that prediction said about it. The same feedback under the same key has the same receipt. Raises
    InvalidInput (also if there is no such face), Conflict if ``idempotency_key`` was used for something else
    before, and Unavailable if the store failed: the same key then makes a retry safe.
    """
    with budget.hold(image, max_pixels=max_image_pixels):
        face_chip = _find_chip(image, box_xywh=box_xywh, finder=finder, max_image_pixels=max_image_pixels)
    feedback = Feedback(label=label, pixels=face_chip.tobytes())
    saved = save_shard(store, feedback, idempotency_key=idempotency_key, now=now, claim=claim)
    return SavedFeedback(
        receipt=receipts.issue(saved.key, saved.sha256),
        receipt_valid_until=parse_time(saved.time) + timedelta(days=receipt_days),
    )


def withdraw_feedback(receipt: str, *, now: datetime, store: ObjectStore, receipts: Receipts) -> Withdrawal:
    """Withdraw a correction, merged or not; the next export leaves nothing of it.

    Repeating it changes nothing. Raises NotFound for a receipt that was never issued or has expired, and
    Unavailable if the store failed.
    """
    key = receipts.shard_key(receipt)
    return withdraw_shard(store, key, is_meant=lambda sha256: receipts.is_genuine(receipt, sha256), now=now)


def _find_chip(image: bytes, *, box_xywh: BoxXYWH | None, finder: FaceFinder, max_image_pixels: int) -> FaceChip:
    located = locate_faces(image, finder.detector, max_pixels=max_image_pixels)
    if not located.faces:
        raise InvalidInput("No face was found in the image; nothing was stored.")
    faces, size_wh = located.faces, located.size_wh
    face = faces[0] if box_xywh is None else face_at(box_xywh, faces, image_size_wh=size_wh)
    return finder.aligner.align_face(located.image_rgb, located.in_image(face))


def face_at(box_xywh: BoxXYWH, faces: Sequence[Face], *, image_size_wh: tuple[int, int]) -> Face:
    """Return the face that a box means; a prediction showed it in whole pixels and clipped to the image.

    Raises InvalidInput if no face overlaps it enough.
    """

    def overlap(face: Face) -> float:
        shown = box_inside(face.box_xywh, image_size_wh)
        return max(iou(shown, box_xywh), iou(face.box_xywh, box_xywh))  # or unclipped, from another source

    best = max(faces, key=overlap)
    if overlap(best) < MIN_GIVEN_BOX_IOU:
        raise InvalidInput("There is no face at 'box'; nothing was stored. Send a box from a prediction.")
    return best
