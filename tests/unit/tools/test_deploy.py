"""What `make deploy` starts: real processes, recorded by programs named gcloud and terraform."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tools.build import build
from tools.deploy import FUNCTIONS
from tools.images import BUILD

ROOT = Path(__file__).resolve().parents[3]
RECORDER = '#!/bin/sh\necho "$(basename "$0") $*" >> "$RECORD"\ncase "$*" in *"$FAILING"*) exit 1;; esac\n'


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
        "tools.deploy",
        action,
        "--project",
        "a-project",
        "--region",
        "europe-west1",
        *variables,
    ]
    environment = {**os.environ, "PATH": path, "RECORD": str(record), "FAILING": failing, **environ}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done, record.read_text().splitlines()


def test_first_deployment_makes_what_terraform_needs_before_it(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "deploy", failing="describe")
    assert status == 0
    kinds = [command.removeprefix("terraform -chdir=infra ").split(" -")[0] for command in commands]
    assert kinds[:4] == [
        "gcloud services enable",
        "gcloud storage buckets describe gs://a-project-fer-terraform",
        "gcloud storage buckets create gs://a-project-fer-terraform",
        "init",
    ]
    assert kinds[4] == kinds[-1] == "apply"
    assert "-target=google_artifact_registry_repository.images" in commands[4]
    assert "-auto-approve" not in commands[-1]
    assert all((ROOT / "build" / f"{name}.zip").is_file() for name in FUNCTIONS)


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    _, commands = start(tmp_path, "deploy", "-var", "alert_email=a@b.example")
    assert not any(" create " in command or " submit " in command for command in commands)
    assert "-var project=a-project -var region=europe-west1 -var alert_email=a@b.example" in commands[-1]


def test_two_installations_have_two_states(tmp_path: Path) -> None:
    _, commands = start(tmp_path, "destroy", "-var", "name=other")
    assert "-backend-config=bucket=a-project-other-terraform" in commands[1]


def test_a_step_that_fails_ends_the_deployment(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "deploy", failing="init")
    assert status != 0
    assert commands[-1].startswith("terraform -chdir=infra init")


@pytest.mark.parametrize("action", ["deploy", "destroy"])
def test_dry_run_prints_the_plan_of_a_first_run_and_starts_nothing(tmp_path: Path, action: str) -> None:
    plan, commands = started(tmp_path, action, "-var", "alert_email=a b@c.example", failing="nothing", DRY_RUN="1")
    assert (plan.returncode, commands) == (0, [])
    _, really = started(tmp_path, action, "-var", "alert_email=a b@c.example", failing="describe")
    lines = [line.strip() for line in plan.stdout.splitlines() if line.strip()]
    looks = [line.removeprefix("only where this fails: ") for line in lines if line.startswith("only where")]
    runs = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert [command for command in really if " describe " in command] == looks
    assert [command for command in really if " describe " not in command] == [
        " ".join(shlex.split(run)) for run in runs
    ]


def test_every_step_of_the_plan_has_a_number_and_a_purpose(tmp_path: Path) -> None:
    plan, _ = started(tmp_path, "deploy", failing="nothing", DRY_RUN="1")
    lines = plan.stdout.splitlines()
    steps = [line for line in lines if re.match(r"\d+\. [A-Z]", line)]
    assert [step.partition(".")[0] for step in steps] == [str(number + 1) for number in range(len(steps))]
    assert lines[1] == steps[0]  # no command stands before the first
    assert len(steps) >= 5
    assert all(f"build/{name}.zip" in plan.stdout for name in FUNCTIONS)


def test_destroying_asks_and_keeps_the_state(tmp_path: Path) -> None:
    status, commands = start(tmp_path, "destroy")
    assert status == 0
    assert commands[-1] == "terraform -chdir=infra destroy -var project=a-project -var region=europe-west1"


def test_a_domain_without_a_web_app_is_refused(tmp_path: Path) -> None:
    domain = ("-var", "domain=faces.example.org", "--web-app", str(tmp_path))
    assert start(tmp_path, "deploy", *domain) == (1, [])
    (tmp_path / "index.html").touch()
    status, commands = start(tmp_path, "deploy", *domain)
    assert status == 0
    assert "-var domain=faces.example.org" in commands[-1]
