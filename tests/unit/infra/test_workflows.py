"""The workflows run the project's own targets, with pinned actions and no rights beyond reading."""

import re
from typing import Any

import pytest
import yaml

from tests.unit.infra.rules.configuration import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    return yaml.safe_load(request.param.read_text("utf-8"))


def test_workflow_may_only_read(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())


def test_actions_are_pinned_to_a_commit(workflow: dict[str, Any]) -> None:
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"(actions|hashicorp)/[\w-]+@[0-9a-f]{40}", action) for action in used)


def test_every_target_is_one_of_the_makefile() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text("utf-8"))["jobs"]
    targets = set(jobs["test"]["strategy"]["matrix"]["target"])
    makefiles = "".join((ROOT / name).read_text("utf-8") for name in ("Makefile", "infra/targets.mk"))
    known = set(re.findall(r"^([a-z0-9-]+):.*## ", makefiles, re.MULTILINE))
    assert targets <= known
    assert targets >= {target for target in known if target.startswith("test")} | {"scan-infra"}
