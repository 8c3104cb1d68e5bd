"""The function ``feedback``: the operations under the tag ``feedback`` of docs/openapi.yaml."""

import gc
import os
import secrets
import uuid
from datetime import UTC, datetime

gc.disable()  # while everything is imported, none of which is garbage: a tenth of the cold start
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads that nothing here uses

import flask
import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from fer.http.answers import json_answer
from fer.http.bodies import parse_feedback, parse_withdrawal
from fer.http.endpoint import Endpoint
from fer.serving.application import application, use_with_framework
from fer.settings import Settings
from fer.storage.csv_file import pinned_csv
from fer.storage.factory import open_store
from fer.storage.receipts import Receipts
from fer.usecases.feedback import FaceFinder, save_feedback, withdraw_feedback
from fer.vision.alignment import FaceAligner
from fer.vision.detection.detector import open_detector

settings = Settings.from_env()
store = open_store(settings.bucket_url)
receipts = Receipts(store, random_bytes=secrets.token_bytes)
finder = FaceFinder(
    detector=open_detector(settings.detector, models_dir=settings.models_dir / "detector"),
    aligner=FaceAligner(settings.models_dir / "detector"),
)
endpoint = Endpoint(
    health=lambda: {"csv_found": pinned_csv(store) is not None},
    allowed_origins=settings.allowed_origins,
    google_cloud_project=settings.google_cloud_project,
)


@endpoint.route("POST", "/save_expression_feedback", "/", writes=True)
def save_expression_feedback(request: flask.Request) -> flask.Response:
    query = parse_feedback(request, max_body_bytes=settings.max_body_bytes)
    saved = save_feedback(
        query.image,
        query.label,
        box_xywh=query.box_xywh,
        claim=query.claim,
        idempotency_key=query.idempotency_key or str(uuid.uuid4()),
        now=datetime.now(UTC),
        finder=finder,
        store=store,
        receipts=receipts,
        receipt_days=settings.receipt_days,
        max_image_pixels=settings.max_image_pixels,
    )
    return json_answer(
        {
            "status": "success",
            "message": "Feedback saved successfully.",
            "receipt": saved.receipt,
            "receipt_valid_until": saved.receipt_valid_until.isoformat(),
        }
    )


@endpoint.route("DELETE", "/save_expression_feedback/{receipt}", writes=True)
def withdraw_expression_feedback(request: flask.Request) -> flask.Response:
    return _withdraw((request.view_args or {})["receipt"])


@endpoint.route("POST", "/save_expression_feedback/withdraw", writes=True)
def withdraw_expression_feedback_by_form(request: flask.Request) -> flask.Response:
    return _withdraw(parse_withdrawal(request))


def _withdraw(receipt: str) -> flask.Response:
    withdrawal = withdraw_feedback(receipt, now=datetime.now(UTC), store=store, receipts=receipts)
    message = "Nothing of it is left." if withdrawal.settled else "The next export leaves nothing of it."
    return json_answer({"status": "withdrawn", "message": message, "settled": withdrawal.settled})


use_with_framework(settings)
app = application(endpoint.wsgi, settings)
gc.freeze()
gc.enable()


@functions_framework.aio.http
async def feedback(_: Request) -> Response:
    """Entry point of the function."""
    return app
