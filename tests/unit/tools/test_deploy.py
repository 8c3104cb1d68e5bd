"""What `make deploy` starts: real processes, recorded by programs named gcloud and terraform."""

import os
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
    return done.returncode, record.read_text().splitlines()


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


def test_dry_run_starts_nothing(tmp_path: Path) -> None:
    assert start(tmp_path, "deploy", DRY_RUN="1") == (0, [])


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
