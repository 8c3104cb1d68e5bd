"""Operation surprises nobody; every edit below would bring a surprise, and has to be noticed."""

import pytest
import yaml

from tests.unit.infra.rules.configuration import INFRA, Configuration, changed
from tests.unit.infra.rules.operation import everything


def test_nothing_in_operation_surprises(configuration: Configuration) -> None:
    assert everything(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("alerts.tf", '"REDUCE_SUM"', '"REDUCE_NONE"', "another series"),
        (
            "alerts.tf",
            'duration = "10800s"',
            'duration = "1s"\n aggregations {\n group_by_fields = ["a"]\n }',
            "is grouped",
        ),
        ("alerts.tf", '"ALIGN_PERCENTILE_50"', '"ALIGN_COUNT"', "ALIGN_COUNT takes no DISTRIBUTION"),
        ("alerts.tf", '"REDUCE_MIN"', '"REDUCE_NONE"', "another series"),
        ("alerts.tf", 'job_id = \\"${var.name}-merge\\" AND', "job_id != 1 AND", "schedule merge never got through"),
        (
            "alerts.tf",
            'job_id = \\"${var.name}-retrain\\" AND',
            "job_id != 1 AND",
            "schedule retrain never got through",
        ),
        ("alerts.tf", "-(merge|retrain)$", "-(retrain)$", "failures of the schedule merge are not counted"),
        ("alerts.tf", "severity>=ERROR", "severity>=ALERT", "failures of the schedule merge are not counted"),
        ("logs.tf", '["predict", "feedback", ', '["predict", ', "request log of feedback is kept"),
        ("logs.tf", '"streaming"]', '"streaming", "export"]', "request log of export is dropped"),
        ("logs.tf", "googleapis.com/requests", "googleapis.com/stdout", "is of another log"),
        ("web.tf", "enable = false", "enable = true", "logs addresses"),
        ("budget.tf", "tostring(var.budget)", '"1000"', "not what the variable says"),
        ("web.tf", "= google_compute_security_policy.service", "= google_compute_policy.service", "not throttled"),
        ("web.tf", '"deny(429)"', '"allow"', "lets everything through"),
        ("functions.tf", "tostring(var.requests_per_minute)", '""', "one client as often as it asks"),
        ("functions.tf", "= var.annotate_formats", '= "png"', "do without PNG"),
        ("web.tf", "2147483647", "2000", "no rule for all"),
        ("functions.tf", "behind_balancer = true", "behind_balancer = false", "predict can be reached past"),
        ("functions.tf", '"ALLOW_INTERNAL_AND_GCLB"', '"ALLOW_ALL"', "the functions can be reached past"),
        ("functions.tf", "behind_balancer = false", "behind_balancer = true", "export's readers"),
        (
            "functions.tf",
            "= local.build_account.id",
            '= google_service_account.account["predict"].id',
            "default account",
        ),
        ("functions.tf", "    google_project_iam_member.build_logs,\n", "", "do not wait for build_logs"),
        ("functions.tf", 'google_artifact_registry_repository.repository["functions"].id', '""', "nobody cleans up"),
        ("builds.tf", "cleanup_policy_dry_run = false", "cleanup_policy_dry_run = true", "pile up"),
        ("builds.tf", '"KEEP"', '"DELETE"', "pile up"),
        ("builds.tf", "  depends_on", "  docker_config {\n    immutable_tags = true\n  }\n  depends_on", "for ever"),
        ("accounts.tf", "Signer_${local.roles}", "Signer", "reserved for 37 days"),
        (
            "accounts.tf",
            'replace(terraform_data.installation.id, "-", "_")',
            '"v1"',
            "the same for each installation",
        ),
        ("web.tf", "-${substr(sha256(var.domain), 0, 8)}", "", "the name of this one"),
        ("web.tf", "create_before_destroy = true", "create_before_destroy = false", "proxy still has it"),
        ("streaming.tf", "cpu_idle          = true", "cpu_idle = false", "while nobody is connected"),
    ],
)
def test_a_surprise_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in everything(changed(file, old, new)))


def test_a_build_under_its_own_account_says_where_its_log_goes() -> None:
    build = yaml.safe_load((INFRA / "images" / "cloudbuild.yaml").read_text("utf-8"))
    assert build["options"] == {"logging": "CLOUD_LOGGING_ONLY"}
