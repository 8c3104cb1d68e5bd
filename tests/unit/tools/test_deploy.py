"""What ``make deploy`` starts: real processes, recorded by programs named gcloud and terraform."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tools.build import build
from tools.deployment.deploy import DATA_POLICY, FOR_IMAGES, FUNCTIONS
from tools.deployment.images import BUILD
from tools.deployment.preconditions import UNKNOWN_ACCOUNT

ROOT = Path(__file__).resolve().parents[3]
RECORDER = """#!/bin/sh
echo "$(basename "$0") $*" >> "$RECORD"
case "$*" in *"billing projects describe"*) echo "billingAccounts/012345-6789AB-CDEF01"; exit 0;; esac
case "$*" in *"$FAILING"*) exit 1;; esac
case "$*" in
  *"buckets describe"*"--format=value(location)"*) echo "${PLACE:-EUROPE-WEST1}";;
  *"org-policies describe $CONSTRAINT "*) echo "$POLICY";;
esac
"""
CHOSEN = "-var project=a-project -var region=europe-west1"
RESTRICTED = '{"spec": {"rules": [{"values": {"allowedValues": ["C0123"]}}]}}'


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    for name in FUNCTIONS:
        build(name, BUILD)


def start(
    tmp_path: Path, action: str, *variables: str, failing: str = "nothing", **environ: str
) -> tuple[int, list[str]]:
    """Exit status and the commands that were started, with those programs failing that are given ``failing``."""
    done, commands = started(tmp_path, action, *variables, failing=failing, **environ)
    return done.returncode, commands


def started(
    tmp_path: Path, action: str, *variables: str, failing: str, **environ: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("gcloud", "terraform"):
        (programs / name).write_text(RECORDER)
        (programs / name).chmod(0o755)
    record = tmp_path / "record"
    record.write_text("")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    command = [
        sys.executable,
        "-m",
        "tools.deployment.deploy",
        action,
        "--project",
        "a-project",
        "--region",
        "europe-west1",
        *variables,
    ]
    environment = {
        **os.environ,
        "PATH": path,
        "RECORD": str(record),
        "FAILING": failing,
        "CONSTRAINT": "iam.allowedPolicyMemberDomains",
        "POLICY": '{"spec": {"rules": [{"allowAll": true}]}}',
        **environ,
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    (tmp_path / "shown").write_text(done.stdout + done.stderr)
    return done, record.read_text().splitlines()


def test_first_deployment_makes_what_terraform_needs_before_it(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "deploy", failing="s describe gs://")
    assert status == 0
    kinds = [command.removeprefix("terraform -chdir=infra ").split(" -")[0] for command in commands]
    assert kinds[:9] == [
        "gcloud services enable",
        "gcloud storage buckets describe gs://a-project-fer-terraform",
        "gcloud org-policies describe iam.allowedPolicyMemberDomains",
        "gcloud org-policies describe iam.managed.allowedPolicyMembers",
        "gcloud billing projects describe a-project",
        "gcloud billing budgets list",
        "gcloud storage buckets describe gs://a-project-fer-terraform",
        "gcloud storage buckets create gs://a-project-fer-terraform",
        "gcloud storage buckets update gs://a-project-fer-terraform",
    ]
    assert commands[8].endswith(" --versioning")
    assert kinds[9:11] == ["init", "apply"]
    for target in FOR_IMAGES:
        kind, name = target.split(".")
        assert f"-target={target}" in commands[10]
        assert f'resource "{kind}" "{name}"' in (ROOT / "infra" / "builds.tf").read_text("utf-8")
    assert "-auto-approve" not in commands[-1]
    assert "-var billing_account=012345-6789AB-CDEF01" in commands[-1]
    assert all((ROOT / "build" / f"{name}.zip").is_file() for name in FUNCTIONS)


def test_images_are_built_in_the_region_by_an_account_of_their_own(tmp_path: Path) -> None:
    _, commands = start(tmp_path, "deploy", "-var", "name=other", failing="images describe")
    (submit,) = [command for command in commands if " submit " in command and "/training:" in command]
    assert " --region=europe-west1 " in submit
    assert (
        " --service-account=projects/a-project/serviceAccounts/other-build@a-project.iam.gserviceaccount.com"
        in submit
    )
    assert " --gcs-source-staging-dir=gs://a-project-other-source/cloudbuild " in submit
    assert "europe-west1-docker.pkg.dev/a-project/other/training:" in submit


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    _, commands = start(tmp_path, "deploy", "-var", "alert_email=a@b.example")
    assert not any(" create " in command or " submit " in command for command in commands)
    assert f"{CHOSEN} -var alert_email=a@b.example -var name=fer" in commands[-1]


def test_two_installations_have_two_states(tmp_path: Path) -> None:
    _, commands = start(tmp_path, "destroy", "-var", "name=other")
    assert any("-backend-config=bucket=a-project-other-terraform" in command for command in commands)


def test_a_step_that_fails_ends_the_deployment(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "deploy", failing="init")
    assert status != 0
    assert commands[-1].startswith("terraform -chdir=infra init")


@pytest.mark.parametrize("action", ["deploy", "destroy"])
def test_dry_run_prints_the_plan_of_a_first_run_and_starts_nothing(tmp_path: Path, action: str) -> None:
    plan, commands = started(tmp_path, action, "-var", "alert_email=a b@c.example", failing="nothing", DRY_RUN="1")
    assert (plan.returncode, commands) == (0, [])
    _, really = started(tmp_path, action, "-var", "alert_email=a b@c.example", failing="describe")
    printed = [" ".join(line.split()) for line in plan.stdout.splitlines()]
    marks = ("only if that fails: ", "check first: ", "$ ")
    shown = [line.removeprefix(mark) for line in printed for mark in marks if line.startswith(mark)]
    known = [" ".join(shlex.split(each)).replace(UNKNOWN_ACCOUNT, "012345-6789AB-CDEF01") for each in shown]
    assert known == really


def test_every_step_of_the_plan_has_a_number_and_a_purpose(tmp_path: Path) -> None:
    plan, _ = started(tmp_path, "deploy", failing="nothing", DRY_RUN="1")
    lines = plan.stdout.splitlines()
    steps = [line for line in lines if re.match(r"\d+\. [A-Z]", line)]
    assert [step.partition(".")[0] for step in steps] == [str(number + 1) for number in range(len(steps))]
    assert lines[1] == steps[0]  # no command stands before the first
    assert len(steps) >= 5
    assert all(f"build/{name}.zip" in plan.stdout for name in FUNCTIONS)


@pytest.mark.parametrize("action", ["deploy", "destroy"])
def test_another_region_under_the_same_name_is_refused(tmp_path: Path, action: str) -> None:
    status, commands = start(tmp_path, action, PLACE="US-CENTRAL1")
    assert status != 0
    assert not any(command.startswith("terraform") for command in commands)
    assert "is in us-central1" in (tmp_path / "shown").read_text()


@pytest.mark.parametrize(
    ("constraint", "policy"),
    [
        ("iam.allowedPolicyMemberDomains", RESTRICTED),
        ("iam.managed.allowedPolicyMembers", '{"spec": {"rules": [{"enforce": true}]}}'),
    ],
)
def test_an_organisation_that_admits_members_only_is_told_before_anything_is_created(
    tmp_path: Path, constraint: str, policy: str
) -> None:
    status, commands = start(tmp_path, "deploy", CONSTRAINT=constraint, POLICY=policy)
    assert status != 0
    assert not any("create" in command or command.startswith("terraform") for command in commands)
    shown = (tmp_path / "shown").read_text()
    assert f"gcloud org-policies reset {constraint} --project=a-project" in shown
    assert "callers=" in shown
    members = ("-var", 'callers=["domain:example.org"]')
    assert start(tmp_path, "deploy", *members, CONSTRAINT=constraint, POLICY=policy)[0] == 0


def test_a_budget_is_set_or_declined(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "deploy", failing="budgets list")
    assert status != 0
    assert not any(command.startswith("terraform") for command in commands)
    assert "roles/billing.costsManager" in (tmp_path / "shown").read_text()
    status, commands = start(tmp_path, "deploy", "-var", "budget=0", failing="budgets list")
    assert status == 0
    assert "billing_account" not in commands[-1]


def test_destroying_asks_keeps_the_state_and_says_what_is_left(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "destroy")
    assert status == 0
    assert commands[-1] == f"terraform -chdir=infra destroy {CHOSEN} -var name=fer"
    kind, name = DATA_POLICY.split(".")
    assert f'resource "{kind}" "{name}"' in (ROOT / "infra" / "accounts.tf").read_text("utf-8")
    assert commands[-2] == f"terraform -chdir=infra state rm {DATA_POLICY}"
    assert "gs://a-project-fer-terraform" in (tmp_path / "shown").read_text().split("What is still there")[1]


def test_a_policy_that_was_never_set_is_not_left(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "destroy", failing="state show")
    assert status == 0
    assert not any(" state rm " in command for command in commands)


def test_a_domain_without_a_web_app_is_refused(tmp_path: Path) -> None:
    domain = ("-var", "domain=faces.example.org", "--web-app", str(tmp_path))
    assert start(tmp_path, "deploy", *domain) == (1, [])
    (tmp_path / "index.html").touch()
    status, commands = start(tmp_path, "deploy", *domain)
    assert status == 0
    assert "-var domain=faces.example.org" in commands[-1]
