"""Every name in the configuration exists, at the provider or in the configuration itself."""

import re

import pytest

from tests.unit.infra.rules.configuration import Configuration, changed, read_files
from tests.unit.infra.rules.names import SCHEMA, arguments, described, references, values


def test_names_are_those_of_the_version_that_is_installed() -> None:
    assert f'version = "{SCHEMA["provider"]}"' in read_files()["versions.tf"]


def test_a_variable_that_looks_at_another_asks_for_a_terraform_that_can(configuration: Configuration) -> None:
    """Since 1.9; before, a validation could only look at its own variable."""
    needed = re.search(r'required_version = ">= 1\.(\d+)"', read_files()["versions.tf"])
    looking = [
        name
        for name, variable in configuration.variables.items()
        if set(re.findall(r"\bvar\.(\w+)", str(variable.get("validation", "")))) - {name}
    ]
    assert looking == ["callers"]
    assert needed is not None
    assert int(needed[1]) >= 9


def test_every_argument_is_one_of_the_provider(configuration: Configuration) -> None:
    assert arguments(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("buckets.tf", "uniform_bucket_level_access", "uniform_access", "uniform_access is no argument"),
        ("buckets.tf", "days_since_custom_time", "days_since_custom", "condition.days_since_custom is no argument"),
        ("buckets.tf", "location ", "place ", "location is required"),
        ("buckets.tf", "retention_duration_seconds = 0", "retention_duration_seconds = true", "is a number"),
        ("streaming.tf", "image = var.streaming_image", "", "containers.image is required"),
        ("streaming.tf", "value = env.value", "val = env.value", "env.val is no argument"),
        ("alerts.tf", '"google_logging_metric"', '"google_log_metric"', "no such resource"),
    ],
)
def test_a_wrong_argument_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in arguments(changed(file, old, new)))


def test_every_value_is_one_that_the_provider_takes(configuration: Configuration) -> None:
    assert values(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (
            "web.tf",
            "  bucket_name ",
            '  load_balancing_scheme = "EXTERNAL_MANAGED"\n  bucket_name ',
            "backend_bucket.load_balancing_scheme takes INTERNAL_MANAGED, not EXTERNAL_MANAGED",
        ),
        ("alerts.tf", '"ALIGN_SUM"', '"ALIGN_TOTAL"', "not ALIGN_TOTAL"),
        (
            "streaming.tf",
            ': "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"',
            ': "INGRESS_TRAFFIC_GCLB"',
            "not INGRESS_TRAFFIC",
        ),
        ("buckets.tf", 'type = "Delete"', 'type = "DELETE"', "not DELETE"),
        ("web.tf", '"MODERN"', '"STRICT"', "not STRICT"),
        ("schedules.tf", '= "POST"', '= "SEND"', "not SEND"),
        ("schedules.tf", "time_zone        = var.time_zone", 'time_zone = "UTC"', "nothing lists the values"),
    ],
)
def test_a_value_that_does_not_exist_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in values(changed(file, old, new)))


def test_every_reference_leads_somewhere_and_nothing_is_declared_in_vain(configuration: Configuration) -> None:
    assert references(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("streaming.tf", "image = var.streaming_image", "image = var.image", "var.image is not declared"),
        ("functions.tf", "merge(local.log_trace, ", "merge(local.trace, ", "local.trace is not declared"),
        (
            "accounts.tf",
            "google_storage_bucket.data.name",
            "google_storage_bucket.faces.name",
            "faces is not declared",
        ),
        (
            "accounts.tf",
            "google_service_account.account[grant.account].member",
            "google_service_account.account[grant.account].mail",
            "has no mail",
        ),
        ("schedules.tf", "service_config[0].uri", "service_config[0].url", "service_config has no url"),
        ("alerts.tf", "threshold_value = var.backlog_alert_shards", "threshold_value = 1", "declared and not used"),
    ],
)
def test_a_reference_into_nothing_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in references(changed(file, old, new)))


def test_every_variable_and_output_is_described_and_checked(configuration: Configuration) -> None:
    assert described(configuration) == []
