"""`make deploy` and `make destroy`: the built artefacts and images to Google Cloud, by gcloud and Terraform."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.archive import archive_path, write_archive
from tools.images import BUILD, ROOT, Image, images

FUNCTIONS = ("predict", "feedback", "export")
DEFAULT_NAME = "fer"  # of the variable `name`; what it names has to exist before Terraform runs
BEFORE_TERRAFORM = ("artifactregistry", "cloudbuild", "cloudresourcemanager", "iam", "serviceusage", "storage")


class Shell:
    """Runs commands in the root of the project step by step, or prints them only, as a plan to follow by hand."""

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._steps = 0

    def step(self, purpose: str) -> None:
        """Begin a step: what the commands after it are for."""
        self._steps += 1
        print(f"\n{self._steps}. {purpose}", flush=True)

    def run(self, *command: str) -> None:
        """Run and show a command; ends the program where it fails."""
        print(f"   $ {shlex.join(command)}", flush=True)
        if not self._dry_run:
            done = subprocess.run(command, cwd=ROOT, check=False)
            if done.returncode:
                raise SystemExit(f"{command[0]} ended with {done.returncode}")

    def holds(self, *command: str) -> bool:
        """Whether a look at something succeeds; a dry run takes it to be missing, and says how to look."""
        if self._dry_run:
            print(f"   only where this fails: {shlex.join(command)}", flush=True)
            return False
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def deploy(shell: Shell, project: str, region: str, variables: Sequence[str], *, ask: bool) -> None:
    """Bring everything up to date; what did not change is neither built nor deployed again."""
    shell.step("Pack the functions that `make build REGISTRY=1` has assembled; these files are written by now:")
    for name in FUNCTIONS:
        write_archive(BUILD / name, archive_path(name))
        print(f"   {archive_path(name).relative_to(ROOT)}")
    shell.step("Switch on the services that the next steps use; Terraform switches on the others.")
    shell.run(
        "gcloud", "services", "enable", f"--project={project}", *(f"{api}.googleapis.com" for api in BEFORE_TERRAFORM)
    )
    _initialise(shell, project, region, installation_name(variables))
    chosen = _variables(project, region, variables)
    shell.step("Make the repository for the images; it has to be there before the first of them.")
    repository = "-target=google_artifact_registry_repository.images"
    shell.run("terraform", "-chdir=infra", "apply", "-input=false", "-auto-approve", repository, *chosen)
    for image in images():
        url = image.url(project, region, installation_name(variables))
        shell.step(f"Build the image of {image.name}, which is named by its content.")
        if not shell.holds("gcloud", "artifacts", "docker", "images", "describe", url, f"--project={project}"):
            _build_image(shell, image, url, project)
        chosen += ["-var", f"{image.name}_image={url}"]
    shell.step("Everything else: Terraform shows what it would change, and asks.")
    shell.run("terraform", "-chdir=infra", "apply", *([] if ask else ["-auto-approve"]), *chosen)


def _build_image(shell: Shell, image: Image, url: str, project: str) -> None:
    substitutions = f"_IMAGE={url},_DOCKERFILE={image.dockerfile},_CONTEXT={image.context}"
    config = "--config=infra/images/cloudbuild.yaml"
    shell.run("gcloud", "builds", "submit", ".", f"--project={project}", config, f"--substitutions={substitutions}")


def destroy(shell: Shell, project: str, region: str, variables: Sequence[str], *, ask: bool) -> None:
    """Remove everything but Terraform's own state and, unless told to, a data bucket with something in it."""
    _initialise(shell, project, region, installation_name(variables))
    agreed = [] if ask else ["-auto-approve"]
    shell.step("Remove what Terraform made: it shows what that is, and asks.")
    shell.run("terraform", "-chdir=infra", "destroy", *agreed, *_variables(project, region, variables))


def _initialise(shell: Shell, project: str, region: str, installation: str) -> None:
    bucket = f"{project}-{installation}-terraform"
    shell.step("Keep Terraform's state in a bucket of its own.")
    if not shell.holds("gcloud", "storage", "buckets", "describe", f"gs://{bucket}"):
        options = (f"--project={project}", f"--location={region}", "--uniform-bucket-level-access")
        shell.run("gcloud", "storage", "buckets", "create", f"gs://{bucket}", *options, "--public-access-prevention")
    shell.run("terraform", "-chdir=infra", "init", "-input=false", "-reconfigure", f"-backend-config=bucket={bucket}")


def installation_name(variables: Sequence[str]) -> str:
    """The value of the variable `name`; each installation has a state and a repository of its own."""
    given = [word.removeprefix("name=") for word in variables if word.startswith("name=")]
    return given[-1] if given else DEFAULT_NAME


def _variables(project: str, region: str, more: Sequence[str]) -> list[str]:
    return ["-var", f"project={project}", "-var", f"region={region}", *more]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("deploy", "destroy"))
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--web-app", type=Path, default=ROOT / "web" / "dist", help="where the app was built")
    given, variables = parser.parse_known_args()
    action = deploy if given.action == "deploy" else destroy
    if "domain=" in " ".join(variables) and action is deploy and not (given.web_app / "index.html").is_file():
        sys.exit(f"a domain serves the web app, and {given.web_app} has none: build it first")
    shell = Shell(dry_run=bool(os.environ.get("DRY_RUN")))
    action(shell, given.project, given.region, variables, ask=not os.environ.get("AUTO_APPROVE"))


if __name__ == "__main__":
    main()
