"""The function ``export``: the operations under the tag ``export`` of docs/openapi.yaml."""

from datetime import UTC, datetime

import flask
import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from fer.http.answers import csv_answer, html_answer, json_answer, redirect_answer, wants_version
from fer.http.dashboard import dashboard_page
from fer.http.endpoint import Endpoint
from fer.http.request_log import note
from fer.http.statistics_json import model_json, statistics_json
from fer.serving.application import application, use_with_framework
from fer.settings import MIB, Settings
from fer.storage.csv_file import pinned_csv
from fer.storage.factory import open_store
from fer.storage.registry import ModelRegistry
from fer.usecases import export as usecase

settings = Settings.from_env()
store = open_store(settings.bucket_url)
registry = ModelRegistry(store)
endpoint = Endpoint(
    health=lambda: {"csv_found": pinned_csv(store) is not None},
    allowed_origins=settings.allowed_origins,
    token=settings.export_token,
    without_token=settings.export_without_token,
    google_cloud_project=settings.google_cloud_project,
)


@endpoint.route("GET", "/download_expression_csv", guarded=True)
def download_expression_csv(request: flask.Request) -> flask.Response:
    download = usecase.download(
        store,
        now=datetime.now(UTC),
        receipt_days=settings.receipt_days,
        redirect_above_bytes=settings.redirect_above_bytes,
        wanted=lambda etag: wants_version(request, etag),
    )
    note(size_bytes=download.size_bytes, redirected=download.redirect_url is not None)
    if download.redirect_url is not None:
        return redirect_answer(download.redirect_url, complete=download.complete)
    return csv_answer(
        request,
        chunks=download.chunks,
        size_bytes=download.size_bytes,
        etag=download.etag,
        complete=download.complete,
        announce_size=download.size_bytes <= 32 * MIB,
    )


@endpoint.route("POST", "/merge", "/", guarded=True)
def merge_feedback(_: flask.Request) -> flask.Response:
    report = usecase.merge(store, now=datetime.now(UTC), receipt_days=settings.receipt_days)
    # pending_shards is what the alert on a growing backlog counts (infra/alerts.tf).
    note(
        rows=report.rows,
        merged_shards=report.merged_shards,
        withdrawn_rows=report.withdrawn_rows,
        pending_shards=report.pending_shards,
    )
    return json_answer(report.as_json())


@endpoint.route("GET", "/stats", guarded=True)
def feedback_statistics(_: flask.Request) -> flask.Response:
    counted = usecase.statistics(store, now=datetime.now(UTC), receipt_days=settings.receipt_days)
    return json_answer(statistics_json(counted.statistics, complete=counted.complete))


@endpoint.route("GET", "/models", guarded=True)
def published_models(_: flask.Request) -> flask.Response:
    return json_answer({"models": [model_json(model) for model in usecase.models(registry)]})


@endpoint.route("GET", "/dashboard", guarded=True)
def dashboard(_: flask.Request) -> flask.Response:
    counted = usecase.statistics(store, now=datetime.now(UTC), receipt_days=settings.receipt_days)
    return html_answer(dashboard_page(counted.statistics, usecase.models(registry), complete=counted.complete))


use_with_framework(settings)
app = application(endpoint.wsgi, settings)


@functions_framework.aio.http
async def export(_: Request) -> Response:
    """Entry point of the function."""
    return app
