"""The function ``predict``: operation ``predictExpression`` of docs/openapi.yaml."""

import gc
import os

gc.disable()  # while everything is imported, none of which is garbage: a tenth of the cold start
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads that nothing here uses

import flask
import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from fer.http.answers import predict_answer
from fer.http.bodies import parse_predict
from fer.http.endpoint import Endpoint
from fer.http.request_log import note
from fer.serving.application import application, use_with_framework
from fer.settings import Settings
from fer.usecases.predict import open_recogniser
from fer.usecases.predict import predict as predict_expressions

settings = Settings.from_env()
endpoint = Endpoint(  # first: it sets up the log that opening the model writes to
    health=lambda: {"model_version": recogniser.classifier.model_version},
    allowed_origins=settings.allowed_origins,
    google_cloud_project=settings.google_cloud_project,
)
recogniser = open_recogniser(
    settings.detector,
    models_dir=settings.models_dir,
    model_uri=settings.model_uri,
    model_refresh_s=settings.model_refresh_s,
    prior=settings.prior,
)


@endpoint.route("POST", "/predict_expression", "/")
def predict_expression(request: flask.Request) -> flask.Response:
    query = parse_predict(request, max_body_bytes=settings.max_body_bytes, formats=settings.annotate_formats)
    outcome = predict_expressions(
        query.image,
        recogniser=recogniser,
        annotate=query.annotate,
        max_image_pixels=settings.max_image_pixels,
    )
    note(faces=len(outcome.predictions), model_version=outcome.model_version, **outcome.timings_ms)
    return predict_answer(
        outcome.predictions,
        image_size_wh=outcome.image_size_wh,
        processed_image=outcome.processed_image,
        image_format=query.annotate,
        model_version=outcome.model_version,
    )


use_with_framework(settings)
app = application(endpoint.wsgi, settings)
gc.freeze()
gc.enable()


@functions_framework.aio.http
async def predict(_: Request) -> Response:
    """Entry point of the function."""
    return app
