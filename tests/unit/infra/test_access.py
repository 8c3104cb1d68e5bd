"""Who may do what in the cloud; every edit below would open something, and has to be noticed."""

import pytest

from tests.unit.infra.rules.access import bindings, grants, public
from tests.unit.infra.rules.configuration import Configuration, changed

OPEN_EXPORT = """
resource "google_cloud_run_v2_service_iam_member" "export_public" {
  location = var.region
  name     = google_cloudfunctions2_function.function["export"].name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
"""
OPEN_EXPORT_BY_BINDING = """
resource "google_cloudfunctions2_function_iam_binding" "export" {
  cloud_function = google_cloudfunctions2_function.function["export"].name
  role           = "roles/cloudfunctions.invoker"
  members        = ["user:a@b.example", "allAuthenticatedUsers"]
}
"""
PROJECT_ROLE = """
resource "google_project_iam_member" "export" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.account["export"].member
}
"""
VIEWERS = """
  binding {
    role    = "roles/storage.legacyObjectReader"
    members = ["projectViewer:a-project"]
  }
"""
EXTRA_GRANT = """
resource "google_storage_bucket_iam_member" "predict" {
  bucket = google_storage_bucket.data.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.account["predict"].member
}
"""


def test_nothing_is_public_but_what_was_decided(configuration: Configuration) -> None:
    assert public(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        pytest.param("functions.tf", "", OPEN_EXPORT, "export_public is open to everybody", id="export to allUsers"),
        pytest.param("functions.tf", "", OPEN_EXPORT_BY_BINDING, "export is open to everybody", id="by a binding"),
        pytest.param(
            "functions.tf",
            'setproduct(["predict", "feedback"]',
            'setproduct(["predict", "feedback", "export"]',
            "caller is not the public access that was decided on",
            id="export among the public functions",
        ),
        pytest.param(
            "functions.tf", "toset(var.export_readers)", 'toset(["allUsers"])', "export_reader", id="readers for all"
        ),
        pytest.param(
            "variables.tf",
            'for member in var.export_readers : can(regex("^(user|group|serviceAccount):',
            'for member in var.export_readers : can(regex("^.*:',
            "export_readers takes members",
            id="readers unchecked",
        ),
        pytest.param(
            "streaming.tf", 'var.domain != ""', "true", "streaming asks nobody", id="socket open without a domain"
        ),
        pytest.param("variables.tf", "default     = []", 'default = ["allUsers"]', "names everybody", id="default"),
        pytest.param("accounts.tf", "locals {", 'locals {\n  who = "allUsers"', "who names everybody", id="local"),
        pytest.param(
            "streaming.tf",
            '"INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"',
            '"INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_ALL"',
            "past the load balancer",
            id="socket past the load balancer",
        ),
        pytest.param(
            "retraining.tf",
            "deletion_protection = false",
            "invoker_iam_disabled = true",
            "asks nobody",
            id="no check",
        ),
        pytest.param("buckets.tf", '= "enforced"', '= "inherited"', "may become public", id="bucket may be public"),
        pytest.param(
            "web.tf",
            "google_storage_bucket.web[each.key].name",
            "google_storage_bucket.data.name",
            "web_public",
            id="data as web",
        ),
    ],
)
def test_an_edit_that_opens_something_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in public(changed(file, old, new)))


def test_nothing_is_granted_in_the_project_and_every_account_has_one_user(configuration: Configuration) -> None:
    assert grants(configuration) == []
    assert bindings(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        pytest.param("accounts.tf", "", PROJECT_ROLE, "grants in the whole project", id="a role in the project"),
        pytest.param("accounts.tf", "", EXTRA_GRANT, "grants roles/storage.objectViewer", id="another grant"),
        pytest.param(
            "builds.tf",
            "roles/logging.logWriter",
            "roles/logging.admin",
            "build_logs grants in the whole project",
            id="more than writing logs",
        ),
        pytest.param(
            "builds.tf", "gcf-v2-sources-", "", "build_reads_sources grants in the whole project", id="all buckets"
        ),
        pytest.param(
            "builds.tf",
            "roles/artifactregistry.writer",
            "roles/artifactregistry.admin",
            "grants roles/artifactregistry.admin",
            id="more than pushing",
        ),
        pytest.param(
            "accounts.tf",
            '["predict", "streaming"]',
            '["predict", "streaming", "export"]',
            "audit_config.storage grants",
            id="reads of faces unlogged",
        ),
        pytest.param(
            "accounts.tf",
            "google_project_iam_custom_role.signer.id",
            '"roles/iam.serviceAccountTokenCreator"',
            "grants roles/iam.serviceAccountTokenCreator",
            id="more than signing",
        ),
        pytest.param(
            "schedules.tf", "roles/run.invoker", "roles/run.admin", "grants roles/run.admin", id="more than calling"
        ),
        pytest.param(
            "functions.tf",
            "google_service_account.account[each.key].email",
            'google_service_account.account["predict"].email',
            "share the account predict",
            id="one account for all functions",
        ),
        pytest.param(
            "streaming.tf", 'account["streaming"].email', 'account["export"].email', "share the account", id="shared"
        ),
        pytest.param(
            "retraining.tf",
            'service_account = google_service_account.account["retrain"].email',
            "",
            "no account of its own",
            id="the default account",
        ),
    ],
)
def test_an_edit_that_grants_more_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in grants(changed(file, old, new)))


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        pytest.param(
            "accounts.tf",
            '["projectOwner:${var.project}"]',
            '["projectOwner:${var.project}", "projectEditor:${var.project}"]',
            "policy has other bindings",
            id="editors",
        ),
        pytest.param(
            "accounts.tf",
            "  dynamic",
            f"{VIEWERS}\n  dynamic",
            "policy has other bindings",
            id="viewers",
        ),
        pytest.param(
            "accounts.tf",
            "policy_data = data.google_iam_policy.data.policy_data",
            'policy_data = "{}"',
            "policy_data is {}",
            id="another policy",
        ),
        pytest.param(
            "accounts.tf",
            "google_project_iam_custom_role.objects[binding.value[0].role].id",
            '"roles/storage.admin"',
            "policy has other dynamics",
            id="a wider role",
        ),
        pytest.param("accounts.tf", "", EXTRA_GRANT, "past its policy", id="a grant beside the policy"),
        pytest.param(
            "accounts.tf",
            "? [] : [binding.value[0].object]",
            "? [] : []",
            "other dynamics",
            id="no condition on names",
        ),
        pytest.param(
            "accounts.tf",
            '/${condition.value}\\")',
            '/\\")',
            "other dynamics",
            id="looser condition",
        ),
        pytest.param(
            "accounts.tf", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.getAccessToken", "signer", id="token"
        ),
    ],
)
def test_an_edit_that_loosens_a_grant_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in bindings(changed(file, old, new)))
