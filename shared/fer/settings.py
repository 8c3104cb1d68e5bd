"""All configuration, read once and checked. The only module that reads the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer.domain import ANNOTATE_FORMATS, DETECTORS, AnnotateFormat
from fer.vision.priors import PriorChoice, parse_prior

MIB = 1024 * 1024
# Why the collected faces may be served without a token: they are public, or IAM keeps everybody else out.
WITHOUT_TOKEN = ("public", "iam")


def default_bucket_url() -> str:
    """``data/bucket`` under the working directory: the default for local runs."""
    return (Path.cwd() / "data" / "bucket").as_uri()


def default_models_dir() -> Path:
    """Return ``models`` in the package (wheel), next to it (artefact) or next to ``shared/`` (checkout)."""
    package = Path(__file__).resolve().parent
    places = [package / "models", package.parent / "models", package.parents[1] / "models"]
    return next((place for place in places if place.is_dir()), places[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a deployment may choose; ``from_env`` names the variable behind each field."""

    bucket_url: str = field(default_factory=default_bucket_url)
    models_dir: Path = field(default_factory=default_models_dir)
    model_mirror: Path | None = None
    detector: str = "auto"
    prior: PriorChoice = "default"
    model_uri: str | None = None
    # A check costs two small reads; a minute is soon enough for a promotion and acceptable for a rollback.
    model_refresh_s: int = 60
    # A 12-megapixel PNG in base64 is about 20 MB; Cloud Run itself refuses bodies over 32 MiB.
    max_body_bytes: int = 24 * MIB
    # A 24-megapixel photo in 30 s is a mobile network of 3 Mbit/s.
    body_timeout_s: int = 30
    # Headers fit in a few packets.
    headers_timeout_s: int = 10
    # In this time a client has to take another 48 KiB of an answer, a tenth of the slowest mobile networks.
    send_timeout_s: int = 30
    # Per client; on your own machine there is only one.
    requests_per_minute: int | None = None
    proxy_hops: int = 0
    # Four of the largest bodies, and hundreds of photos as phones send them.
    max_bytes_in_flight: int = 96 * MIB
    # Half of the usual limit on open files per process.
    max_connections: int = 512
    # The functions framework's default.
    threads: int = field(default_factory=lambda: (os.cpu_count() or 1) * 4)
    # The largest pictures that phones and cameras send by default have 24 megapixels; 74 MB once decoded.
    max_image_pixels: int = 24_500_000
    # A photo's PNG has almost six times the bytes of its JPEG, and what is sent is what a flood costs in the cloud.
    annotate_formats: tuple[AnnotateFormat, ...] = ANNOTATE_FORMATS
    allowed_origins: tuple[str, ...] = ("*",)
    allowed_hosts: tuple[str, ...] = ()
    export_token: str | None = None
    export_without_token: str | None = None
    # Above it Cloud Run cannot announce a Content-Length, and a signed URL serves the file better.
    redirect_above_bytes: int = 32 * MIB
    # Far longer than any client retries; infra/buckets.tf removes what export left one day later.
    receipt_days: int = 30
    google_cloud_project: str | None = None
    # Each holds a socket and at most two frames; they share the cores, so more would only make all of them slow.
    stream_max_connections: int = 32
    # A 640-pixel JPEG has about 60 KB, one of 1280×1280 at a high quality about 500 KB.
    stream_max_frame_bytes: int = MIB
    # Twice what cameras deliver.
    stream_max_fps: int = 60
    stream_idle_s: int = 30

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from ``environ`` (default: the process's environment); an empty value counts as unset.

        - ``FER_BUCKET``: ``file:///…`` or ``gs://bucket``; default ``data/bucket`` under the working directory,
          but none in the cloud (``K_SERVICE`` is set), where the disk is not kept
        - ``FER_MODELS_DIR``: directory with ``expression/`` and ``detector/``; default next to the code
        - ``FER_MODEL_MIRROR``: directory from which the command line and ``make models`` copy YuNet's file; default
          OpenCV Zoo
        - ``FER_MODEL_URI``: ``file:///…`` or ``gs://bucket`` whose champion ``predict`` serves; without it, and while
          there is no champion, the model in ``FER_MODELS_DIR``
        - ``FER_MODEL_REFRESH_S``: seconds between checks for a new champion; default 60
        - ``FER_DETECTOR``: ``auto`` (default), ``yunet``, ``mtcnn`` or ``haar``
        - ``FER_PRIOR``: the population that scores apply to: ``default`` (the model card's), ``ferplus``,
          ``balanced`` or seven numbers in the order of ``EXPRESSIONS``
        - ``FER_MAX_BODY_BYTES``: largest request body; default 24 MiB
        - ``FER_BODY_TIMEOUT_S``: seconds in which a whole body has to arrive; default 30
        - ``FER_HEADERS_TIMEOUT_S``: seconds in which a request's headers have to arrive; default 10
        - ``FER_SEND_TIMEOUT_S``: seconds in which a client has to take another 48 KiB of an answer; default 30
        - ``FER_REQUESTS_PER_MINUTE``: requests of one client, all of which may come at once; default no limit
        - ``FER_PROXY_HOPS``: proxies in front that each append an address to ``X-Forwarded-For``, the first of them
          the client's; default 0, the connection's own address
        - ``FER_MAX_BYTES_IN_FLIGHT``: bytes of all bodies and answers held at the same time; default 96 MiB
        - ``FER_MAX_CONNECTIONS``: connections open at the same time; default 512
        - ``FER_MAX_IMAGE_PIXELS``: largest picture, width × height; default 24,500,000
        - ``FER_ANNOTATE_FORMATS``: formats of the picture in predict's answer, separated by commas, the first of them
          its default: ``jpeg``, or some of ``png,jpeg,webp`` (default); ``none`` is always allowed
        - ``FER_ALLOWED_ORIGINS``: origins browsers may call from, separated by commas; default ``*``, which opens
          nothing that ``export`` guards
        - ``FER_ALLOWED_HOSTS``: host names that a server on loopback answers for besides its own, separated by commas
        - ``FER_EXPORT_TOKEN``: required by every route of ``export`` except the health check; without it they answer
          on loopback only
        - ``FER_EXPORT_WITHOUT_TOKEN``: ``public`` or ``iam``: why they may answer elsewhere without a token
        - ``FER_REDIRECT_ABOVE_BYTES``: size from which a download redirects to a signed URL; default 32 MiB
        - ``FER_RECEIPT_DAYS``: days for which a merged correction can be withdrawn; default 30
        - ``FER_STREAM_MAX_CONNECTIONS``: live videos at once; default 32
        - ``FER_STREAM_MAX_FRAME_BYTES``: largest encoded frame of a live video; default 1 MiB
        - ``FER_STREAM_MAX_FPS``: frames per second above which a live video is closed; default 60
        - ``FER_STREAM_IDLE_S``: seconds without a frame after which a live video is closed; default 30
        - ``THREADS``: requests worked on at once (the functions framework's name for it); default 4 per core
        - ``GOOGLE_CLOUD_PROJECT``: project of the trace ids in the log

        Raises ValueError, naming the variable, for a value that cannot be used.
        """
        env = os.environ if environ is None else environ
        given: dict[str, Any] = {
            name: _parse(variable, env[variable], parse)
            for name, (variable, parse) in VARIABLES.items()
            if env.get(variable)
        }
        if env.get("K_SERVICE"):
            given.setdefault("bucket_url", "")
        return cls(**given)


def _parse(variable: str, text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{variable}: {error}, got {text!r}") from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("expected a positive whole number")
    return int(text)


def _whole(text: str) -> int:
    return 0 if text.strip("0") == "" else _positive(text)


def _bucket(text: str) -> str:
    if not text.startswith(("file:///", "gs://")):
        raise ValueError("expected file:///directory or gs://bucket")
    return text


def _detector(text: str) -> str:
    if text not in DETECTORS:
        raise ValueError(f"expected one of {', '.join(DETECTORS)}")
    return text


def _without_token(text: str) -> str:
    if text not in WITHOUT_TOKEN:
        raise ValueError(f"expected one of {', '.join(WITHOUT_TOKEN)}")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _annotate_formats(text: str) -> tuple[AnnotateFormat, ...]:
    known: dict[str, AnnotateFormat] = {name: name for name in ANNOTATE_FORMATS}
    names = list(dict.fromkeys((*_names(text), "none")))
    if names[0] == "none" or not known.keys() >= set(names):
        raise ValueError(f"expected some of {', '.join(ANNOTATE_FORMATS[:-1])}, separated by commas")
    return tuple(known[name] for name in names)


VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "bucket_url": ("FER_BUCKET", _bucket),
    "models_dir": ("FER_MODELS_DIR", Path),
    "model_mirror": ("FER_MODEL_MIRROR", Path),
    "model_uri": ("FER_MODEL_URI", _bucket),
    "model_refresh_s": ("FER_MODEL_REFRESH_S", _positive),
    "detector": ("FER_DETECTOR", _detector),
    "prior": ("FER_PRIOR", parse_prior),
    "max_body_bytes": ("FER_MAX_BODY_BYTES", _positive),
    "body_timeout_s": ("FER_BODY_TIMEOUT_S", _positive),
    "headers_timeout_s": ("FER_HEADERS_TIMEOUT_S", _positive),
    "send_timeout_s": ("FER_SEND_TIMEOUT_S", _positive),
    "requests_per_minute": ("FER_REQUESTS_PER_MINUTE", _positive),
    "proxy_hops": ("FER_PROXY_HOPS", _whole),
    "max_bytes_in_flight": ("FER_MAX_BYTES_IN_FLIGHT", _positive),
    "max_connections": ("FER_MAX_CONNECTIONS", _positive),
    "threads": ("THREADS", _positive),
    "max_image_pixels": ("FER_MAX_IMAGE_PIXELS", _positive),
    "annotate_formats": ("FER_ANNOTATE_FORMATS", _annotate_formats),
    "allowed_origins": ("FER_ALLOWED_ORIGINS", _names),
    "allowed_hosts": ("FER_ALLOWED_HOSTS", _names),
    "export_token": ("FER_EXPORT_TOKEN", str),
    "export_without_token": ("FER_EXPORT_WITHOUT_TOKEN", _without_token),
    "redirect_above_bytes": ("FER_REDIRECT_ABOVE_BYTES", _positive),
    "receipt_days": ("FER_RECEIPT_DAYS", _positive),
    "stream_max_connections": ("FER_STREAM_MAX_CONNECTIONS", _positive),
    "stream_max_frame_bytes": ("FER_STREAM_MAX_FRAME_BYTES", _positive),
    "stream_max_fps": ("FER_STREAM_MAX_FPS", _positive),
    "stream_idle_s": ("FER_STREAM_IDLE_S", _positive),
    "google_cloud_project": ("GOOGLE_CLOUD_PROJECT", str),
}
"""Field of ``Settings`` → environment variable and its parser."""
