"""What the bucket forgets on its own; no rule may reach feedback that was not merged."""

import pytest

from tests.unit.infra.rules.configuration import Configuration, changed
from tests.unit.infra.rules.retention import deletion, lifecycle

AGE_RULE = """
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 365
    }
  }

  depends_on"""


def test_rules_remove_what_the_protocol_is_done_with_and_nothing_else(configuration: Configuration) -> None:
    assert lifecycle(configuration) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param(
            "days_since_custom_time = var.receipt_days + 1",
            "age = 31",
            "can delete a shard that waits",
            id="shards by their age",
        ),
        pytest.param(
            'matches_prefix = ["segments/"]',
            'matches_prefix = ["s"]',
            "can delete a shard that waits",
            id="wide prefix",
        ),
        pytest.param('matches_prefix = ["segments/"]', "", "can delete the CSV", id="no prefix"),
        pytest.param('matches_prefix = ["cloudbuild/"]', "", "can delete a function's source", id="sources"),
        pytest.param("  depends_on", AGE_RULE, "can delete a shard that waits", id="a rule for everything"),
        pytest.param(
            "days_since_custom_time = var.receipt_days + 1",
            "days_since_custom_time = 31",
            "retries are still recognised",
            id="not as long as receipts",
        ),
        pytest.param("age            = 7", "age = 0", "can delete a segment of a merge", id="segments at once"),
        pytest.param(
            'matches_prefix         = ["shards/"]',
            'matches_prefix = ["intents/"]',
            "no rule deletes",
            id="wrong place",
        ),
        pytest.param(
            "days_since_custom_time = var.receipt_days + 1",
            'with_state = "ANY"',
            "can delete a shard that waits",
            id="unknown",
        ),
    ],
)
def test_a_rule_that_deletes_too_much_or_too_little_is_noticed(old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in lifecycle(changed("buckets.tf", old, new)))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("tostring(var.receipt_days)", '"30"', "as somebody else says"),
        ("local.bucket, local.receipts", "local.bucket", "feedback does not know"),
    ],
)
def test_receipts_and_rules_that_part_are_noticed(old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in lifecycle(changed("functions.tf", old, new)))


def test_what_is_deleted_is_gone_and_nothing_is_deleted_by_a_slip(configuration: Configuration) -> None:
    assert deletion(configuration) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (
            "buckets.tf",
            "retention_duration_seconds = 0",
            "retention_duration_seconds = 604800",
            "keeps what was deleted",
        ),
        ("buckets.tf", "enabled = false", "enabled = true", "keeps old versions"),
        ("buckets.tf", "force_destroy = var.destroy_data", "force_destroy = true", "without being asked for"),
        ("variables.tf", "default     = false", "default     = true", "unless one says otherwise"),
    ],
)
def test_a_bucket_that_keeps_or_loses_too_much_is_noticed(file: str, old: str, new: str, complaint: str) -> None:
    assert any(complaint in each for each in deletion(changed(file, old, new)))
