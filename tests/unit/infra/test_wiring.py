"""The configuration starts what the code is."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from local.web_app import HEADERS
from tests.unit.infra.rules.configuration import ROOT, Configuration, changed
from tests.unit.infra.rules.wiring import artefacts, capacity, environment, memory, packages, routes
from tools.deployment.archive import write_archive


def test_every_variable_that_is_set_is_known_and_every_one_needed_is_set(configuration: Configuration) -> None:
    assert environment(configuration) == []


def test_web_app_comes_with_the_headers_of_the_local_server(configuration: Configuration) -> None:
    sent: list[str] = configuration.resource("google_compute_backend_bucket.web").body["custom_response_headers"]
    assert {f"{name}: {value}" for name, value in HEADERS.items()} <= set(sent)


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("functions.tf", "FER_BUCKET =", "FER_BUCKET_URL =", "FER_BUCKET_URL, which nothing reads"),
        (
            "functions.tf",
            "merge(local.log_trace, local.browsers, local.bucket, local.receipts)",
            "local.browsers",
            "lacks its bucket_url",
        ),
        (
            "functions.tf",
            "merge(local.log_trace, local.browsers, local.registry, {",
            "merge(local.log_trace, local.registry, {",
            "predict lacks its allowed_origins",
        ),
        (
            "functions.tf",
            "merge(local.log_trace, local.browsers, local.registry, {",
            "merge(local.log_trace, local.browsers, local.registry, local.bucket, {",
            "predict is given bucket_url, which its main.py does not use",
        ),
        (
            "streaming.tf",
            "FER_STREAM_MAX_CONNECTIONS =",
            "STREAM_CONNECTIONS =",
            "STREAM_CONNECTIONS, which nothing reads",
        ),
        (
            "retraining.tf",
            "merge(local.log_trace, local.bucket)",
            "{ BUCKET = local.bucket }",
            "BUCKET, which nothing",
        ),
    ],
)
def test_a_wrong_environment_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in environment(changed(file, old, new)))


def test_memory_is_managed_as_it_was_measured(configuration: Configuration) -> None:
    assert memory(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("functions.tf", '= "67108864"', '= "1"', "another way than locally"),
        ("functions.tf", "merge(local.malloc, ", "merge(", "predict manages its memory"),
        ("streaming.tf", "merge(local.malloc, ", "merge(", "streaming manages its memory"),
    ],
)
def test_memory_left_to_the_default_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in memory(changed(file, old, new)))


def test_every_path_is_routed_with_a_slash_at_its_end_too(configuration: Configuration) -> None:
    assert routes(configuration) == []
    assert routes(changed("web.tf", '["/stream", "/stream/"]', '["/stream"]')) == ["/stream/ leads to the web app"]


def test_what_is_given_a_bucket_can_read_it(configuration: Configuration, tmp_path: Path) -> None:
    assert packages(configuration) == []
    (tmp_path / "requirements.txt").write_text("flask==3.1.3\n")
    without = packages(configuration, {"export": tmp_path / "requirements.txt"})
    assert without == ["export is given a bucket and has no google-cloud-storage to read it with"]


@pytest.mark.parametrize("target", ["deploy", "destroy", "validate-infra"])
def test_what_goes_to_the_cloud_is_built_with_the_client_for_its_models(target: str) -> None:
    command = ["make", "--dry-run", target, "PROJECT=a-project", "REGION=europe-west1"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "tools.build --registry" in shown


def test_entry_points_and_sources_are_those_of_the_artefacts(configuration: Configuration) -> None:
    assert artefacts(configuration) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("= each.key\n", '= "main"\n', "entry point main"),
        ("/../build/${each.key}.zip", "/../dist/${each.key}.zip", "are looked for in"),
        ("${local.builds[each.key].digest}", "source", "not named by its digest"),
        ("    feedback = {", "    feed_back = {", "the functions are"),
    ],
)
def test_a_source_that_is_not_there_is_noticed(old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in artefacts(changed("functions.tf", old, new)))


def test_requests_threads_memory_and_time_fit_together(configuration: Configuration) -> None:
    assert capacity(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("functions.tf", "THREADS = tostring(each.value.threads)", 'THREADS = "8"', "requests than threads"),
        ("functions.tf", "= each.value.threads", "= 80", "requests than threads"),
        ("streaming.tf", "= local.streaming_connections\n", "= 80\n", "connections than it takes"),
        ("functions.tf", 'memory        = "1Gi"', 'memory = "256Mi"', "predict has 256Mi"),
        ("schedules.tf", '"300s"', '"900s"', "waits longer than the export"),
    ],
)
def test_a_misfit_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in capacity(changed(file, old, new)))


def test_an_archive_has_the_files_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    source = tmp_path / "predict"
    (source / "fer").mkdir(parents=True)
    (source / "main.py").write_text("entry = 1\n")
    (source / "fer" / "__init__.py").touch()
    write_archive(source, tmp_path / "first.zip")
    (source / "main.py").touch()
    write_archive(source, tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert archive.namelist() == ["fer/__init__.py", "main.py"]
        assert archive.read("main.py") == b"entry = 1\n"
