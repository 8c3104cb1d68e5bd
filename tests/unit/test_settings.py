"""Settings from the environment."""

from pathlib import Path

import pytest

from fer.settings import MIB, VARIABLES, Settings


def test_defaults_suit_a_run_on_ones_own_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env({})
    assert settings.bucket_url == (tmp_path / "data" / "bucket").as_uri()
    assert settings.models_dir.name == "models"
    assert settings.detector == "auto"
    assert settings.model_uri is None
    assert settings.max_body_bytes == 24 * MIB
    assert settings.allowed_origins == ("*",)
    assert settings.export_token is None
    assert settings.requests_per_minute is None
    assert settings.annotate_formats == ("png", "jpeg", "webp", "none")


@pytest.mark.parametrize(
    ("given", "formats"),
    [
        ("jpeg", ("jpeg", "none")),
        ("webp, png", ("webp", "png", "none")),
        ("jpeg,none", ("jpeg", "none")),
        ("png,jpeg,webp,none", ("png", "jpeg", "webp", "none")),
    ],
)
def test_the_first_format_that_is_named_is_the_default(given: str, formats: tuple[str, ...]) -> None:
    assert Settings.from_env({"FER_ANNOTATE_FORMATS": given}).annotate_formats == formats


def test_cloud_has_no_default_bucket() -> None:
    assert Settings.from_env({"K_SERVICE": "feedback"}).bucket_url == ""


def test_every_variable_is_read() -> None:
    settings = Settings.from_env(
        {
            "FER_BUCKET": "gs://a-bucket",
            "FER_MODELS_DIR": "/models",
            "FER_MODEL_URI": "gs://models",
            "FER_MODEL_REFRESH_S": "5",
            "FER_DETECTOR": "haar",
            "FER_PRIOR": "1,1,1,1,1,1,4",
            "FER_MAX_BODY_BYTES": "1000",
            "FER_MAX_IMAGE_PIXELS": "2000",
            "FER_SEND_TIMEOUT_S": "4",
            "FER_REQUESTS_PER_MINUTE": "60",
            "FER_PROXY_HOPS": "0",
            "FER_ANNOTATE_FORMATS": "jpeg",
            "FER_ALLOWED_ORIGINS": "https://a.example, https://b.example,",
            "FER_ALLOWED_HOSTS": "faces.example, other.example",
            "FER_EXPORT_TOKEN": "secret",
            "FER_EXPORT_WITHOUT_TOKEN": "iam",
            "FER_REDIRECT_ABOVE_BYTES": "3000",
            "FER_STREAM_MAX_CONNECTIONS": "4",
            "FER_STREAM_MAX_FRAME_BYTES": "5000",
            "FER_STREAM_MAX_FPS": "25",
            "FER_STREAM_IDLE_S": "6",
            "GOOGLE_CLOUD_PROJECT": "a-project",
        }
    )
    assert settings == Settings(
        bucket_url="gs://a-bucket",
        models_dir=Path("/models"),
        model_uri="gs://models",
        model_refresh_s=5,
        detector="haar",
        prior=(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4),
        max_body_bytes=1000,
        max_image_pixels=2000,
        send_timeout_s=4,
        requests_per_minute=60,
        proxy_hops=0,
        annotate_formats=("jpeg", "none"),
        allowed_origins=("https://a.example", "https://b.example"),
        allowed_hosts=("faces.example", "other.example"),
        export_token="secret",
        export_without_token="iam",
        redirect_above_bytes=3000,
        stream_max_connections=4,
        stream_max_frame_bytes=5000,
        stream_max_fps=25,
        stream_idle_s=6,
        google_cloud_project="a-project",
    )


def test_empty_value_is_no_value() -> None:
    assert Settings.from_env({"FER_EXPORT_TOKEN": "", "FER_MAX_BODY_BYTES": ""}).export_token is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FER_BUCKET", "s3://bucket"),
        ("FER_BUCKET", "data"),
        ("FER_MODEL_URI", "models/expression"),
        ("FER_MODEL_REFRESH_S", "0"),
        ("FER_DETECTOR", "dlib"),
        ("FER_PRIOR", "everybody"),
        ("FER_PRIOR", "1,2,3"),
        ("FER_PRIOR", "1,1,1,1,1,1,0"),
        ("FER_PRIOR", "1,1,1,1,1,1,nan"),
        ("FER_PRIOR", "1,1,1,1,1,1,inf"),
        ("FER_MAX_BODY_BYTES", "0"),
        ("FER_MAX_BODY_BYTES", "-5"),
        ("FER_MAX_BODY_BYTES", "24MB"),
        ("FER_MAX_IMAGE_PIXELS", "1e6"),
        ("FER_REQUESTS_PER_MINUTE", "0"),
        ("FER_PROXY_HOPS", "-1"),
        ("FER_PROXY_HOPS", "one"),
        ("FER_ANNOTATE_FORMATS", "jpg"),
        ("FER_ANNOTATE_FORMATS", "none"),
        ("FER_STREAM_MAX_FPS", "29.97"),
    ],
)
def test_bad_value_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=variable):
        Settings.from_env({variable: value})


def test_every_variable_is_documented() -> None:
    documented = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    for variable, _ in VARIABLES.values():
        assert variable in (Settings.from_env.__doc__ or "")
        assert f"`{variable}`" in documented
