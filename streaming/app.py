"""The streaming service: docs/streaming.md. ``python -m streaming.app``, or ``uvicorn streaming.app:app``."""

import os

import uvicorn

from fer.http.json_lines import configure_logging
from fer.settings import Settings
from fer.usecases.predict import open_recogniser
from streaming.service import build_service, server_options

settings = Settings.from_env()
configure_logging()
recogniser = open_recogniser(
    settings.detector,
    models_dir=settings.models_dir,
    model_uri=settings.model_uri,
    model_refresh_s=settings.model_refresh_s,
    prior=settings.prior,
)
app = build_service(settings, recogniser)


def main() -> None:
    host, port = os.environ.get("HOST") or "0.0.0.0", int(os.environ.get("PORT") or 8080)
    uvicorn.run(app, host=host, port=port, **server_options(settings))


if __name__ == "__main__":
    main()
