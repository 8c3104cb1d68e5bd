"""``make deploy`` and ``make destroy``: the built artefacts and images to Google Cloud, by gcloud and Terraform.

``DRY_RUN=1`` prints the steps, for a person to take by hand.
"""

import argparse
import os
import sys
from pathlib import Path

from tools.deployment.archive import archive_path, write_archive
from tools.deployment.images import BUILD, ROOT, Image, images
from tools.deployment.preconditions import budget_variables, refuse_another_region, refuse_strangers_not_admitted
from tools.deployment.shell import Shell
from tools.deployment.variables import Variables

FUNCTIONS = ("predict", "feedback", "export")
BEFORE_TERRAFORM = (
    "artifactregistry",
    "billingbudgets",
    "cloudbilling",
    "cloudbuild",
    "cloudresourcemanager",
    "iam",
    "logging",
    "orgpolicy",
    "serviceusage",
    "storage",
)
# What a build of an image needs; with everything that these need in turn.
FOR_IMAGES = (
    "google_artifact_registry_repository_iam_member.build_pushes",
    "google_project_iam_member.build_logs",
    "google_project_iam_member.build_reads_sources",
)
# Terraform would put an empty policy in its place.
DATA_POLICY = "google_storage_bucket_iam_policy.data"
LEFT_BEHIND = """
What is still there, and why:
  gs://{state}: Terraform's state with its versions; delete it by hand
  the custom roles: deleted, but Google keeps their names for 37 days (new ones get other names)
  gcf-v2-sources-… and gcf-v2-uploads-…: buckets that Cloud Run functions made
  the services (APIs) that were switched on, since others in the project may use them
  logs until they are 30 days old, audit logs of changes for 400; records of past builds
"""


def deploy(shell: Shell, project: str, region: str, variables: Variables, *, ask: bool) -> None:
    """Bring everything up to date; what did not change is neither built nor deployed again."""
    name = variables["name"]
    shell.step("Pack the functions that `make build REGISTRY=1` has assembled; these files are written by now:")
    for function in FUNCTIONS:
        write_archive(BUILD / function, archive_path(function))
        print(f"   {archive_path(function).relative_to(ROOT)}")
    shell.step("Switch on the services that the next steps use; Terraform switches on the others.")
    apis = (f"{api}.googleapis.com" for api in BEFORE_TERRAFORM)
    shell.run("gcloud", "services", "enable", f"--project={project}", *apis)
    shell.step("See, before anything is created, whether the place, the callers and the budget will be refused.")
    refuse_another_region(shell, state_bucket(project, name), region)
    refuse_strangers_not_admitted(shell, project, variables)
    chosen = [*_variables(project, region, variables), *budget_variables(shell, project, variables)]
    _initialise(shell, project, region, name)
    shell.step(
        "Make the repositories and the account for the images; they have to be there before the first of them."
    )
    targets = (f"-target={address}" for address in FOR_IMAGES)
    shell.run("terraform", "-chdir=infra", "apply", "-input=false", "-auto-approve", *targets, *chosen)
    for image in images():
        url = image.url(project, region, name)
        shell.step(f"Build the image of {image.name}, which is named by its content.")
        if not shell.holds("gcloud", "artifacts", "docker", "images", "describe", url, f"--project={project}"):
            _build_image(shell, image, url, project=project, region=region, name=name)
        chosen += ["-var", f"{image.name}_image={url}"]
    shell.step("Everything else: Terraform shows what it would change, and asks.")
    shell.run("terraform", "-chdir=infra", "apply", *([] if ask else ["-auto-approve"]), *chosen)


def state_bucket(project: str, name: str) -> str:
    return f"{project}-{name}-terraform"


def _build_image(shell: Shell, image: Image, url: str, *, project: str, region: str, name: str) -> None:
    account = f"{name}-build@{project}.iam.gserviceaccount.com"
    shell.run(
        "gcloud",
        "builds",
        "submit",
        ".",
        f"--project={project}",
        f"--region={region}",
        f"--service-account=projects/{project}/serviceAccounts/{account}",
        f"--gcs-source-staging-dir=gs://{project}-{name}-source/cloudbuild",
        "--config=infra/images/cloudbuild.yaml",
        f"--substitutions=_IMAGE={url},_DOCKERFILE={image.dockerfile},_CONTEXT={image.context}",
    )


def destroy(shell: Shell, project: str, region: str, variables: Variables, *, ask: bool) -> None:
    """Remove everything but Terraform's own state and, unless told to, a data bucket with something in it."""
    name = variables["name"]
    shell.step("See whether the installation is in this region.")
    refuse_another_region(shell, state_bucket(project, name), region)
    _initialise(shell, project, region, name)
    shell.step(
        "Leave the data bucket its policy: without one, nobody could empty the bucket, or read what stays in it."
    )
    if shell.answer("terraform", "-chdir=infra", "state", "show", DATA_POLICY) is not None or shell.dry_run:
        shell.run("terraform", "-chdir=infra", "state", "rm", DATA_POLICY)
    agreed = [] if ask else ["-auto-approve"]
    shell.step("Remove what Terraform made: it shows what that is, and asks.")
    shell.run("terraform", "-chdir=infra", "destroy", *agreed, *_variables(project, region, variables))
    print(LEFT_BEHIND.format(state=state_bucket(project, name)))


def _initialise(shell: Shell, project: str, region: str, name: str) -> None:
    bucket = state_bucket(project, name)
    shell.step("Keep Terraform's state, and earlier versions of it, in a bucket of its own.")
    if not shell.holds("gcloud", "storage", "buckets", "describe", f"gs://{bucket}"):
        options = (f"--project={project}", f"--location={region}", "--uniform-bucket-level-access")
        shell.run("gcloud", "storage", "buckets", "create", f"gs://{bucket}", *options, "--public-access-prevention")
    # Also for a bucket of an earlier deployment: a state that was overwritten is the only list of what there is.
    shell.run("gcloud", "storage", "buckets", "update", f"gs://{bucket}", "--versioning")
    shell.run("terraform", "-chdir=infra", "init", "-input=false", "-reconfigure", f"-backend-config=bucket={bucket}")


def _variables(project: str, region: str, more: Variables) -> list[str]:
    """The name last: what the state, the repository and the account are called after is what Terraform is told."""
    return [
        "-var",
        f"project={project}",
        "-var",
        f"region={region}",
        *more.arguments,
        "-var",
        f"name={more['name']}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("deploy", "destroy"))
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--web-app", type=Path, default=ROOT / "web" / "dist", help="where the app was built")
    given, words = parser.parse_known_args()
    action = deploy if given.action == "deploy" else destroy
    variables = Variables(words)
    if variables["domain"] and action is deploy and not (given.web_app / "index.html").is_file():
        sys.exit(f"a domain serves the web app, and {given.web_app} has none: `make web` builds it")
    shell = Shell(ROOT, dry_run=bool(os.environ.get("DRY_RUN")))
    action(shell, given.project, given.region, variables, ask=not os.environ.get("AUTO_APPROVE"))


if __name__ == "__main__":
    main()
