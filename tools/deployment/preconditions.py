"""Finds what would make a deployment fail halfway, or cost without limit, before anything is created."""

import json
from typing import Any, cast

from tools.deployment.shell import Shell
from tools.deployment.variables import Variables

SHARING = "iam.allowedPolicyMemberDomains"
UNKNOWN_ACCOUNT = "<the id that the check above prints after billingAccounts/>"
MANAGED_SHARING = "iam.managed.allowedPolicyMembers"


def refuse_another_region(shell: Shell, state: str, region: str) -> None:
    """Stop if the installation is in another region: buckets cannot move, so Terraform would recreate them."""
    place = shell.answer("gcloud", "storage", "buckets", "describe", f"gs://{state}", "--format=value(location)")
    if place and place.lower() != region.lower():
        raise SystemExit(
            f"gs://{state} says that this installation is in {place.lower()}, and a bucket of faces does not move to "
            f"{region}.\nDeploy there under another name (VARS='-var name=…'), or `make destroy` this one and delete "
            "its state first."
        )


def refuse_strangers_not_admitted(shell: Shell, project: str, variables: Variables) -> None:
    """Stop if everybody is to call and the organisation admits only its own members."""
    if "allUsers" not in variables["callers"]:
        return
    for constraint in (SHARING, MANAGED_SHARING):
        options = (f"--project={project}", "--effective", "--format=json")
        found = shell.answer("gcloud", "org-policies", "describe", constraint, *options)
        if found and _restricts(json.loads(found)):
            raise SystemExit(
                f"The organisation's policy {constraint} admits its own members only, so predict and feedback cannot "
                "be opened to everybody, nor the web app's files.\nNothing was created. Either\n"
                f"  - an organisation policy administrator makes an exception for this project:\n"
                f"      gcloud org-policies reset {constraint} --project={project}\n"
                "    (or, where that inherits the restriction, sets it there to allow all), or\n"
                "  - only members call, with an identity token, and there is no domain:\n"
                """      VARS='-var callers=["domain:example.org"]'"""
            )


def _restricts(policy: dict[str, Any]) -> bool:
    """Return whether a policy, as the API describes it, leaves anybody out."""
    spec = cast("dict[str, Any]", policy.get("spec", policy))
    rules = cast("list[dict[str, Any]]", spec.get("rules", []))
    return any(rule.get("denyAll") or rule.get("values") or rule.get("enforce") for rule in rules)


def budget_variables(shell: Shell, project: str, variables: Variables) -> list[str]:
    """Return the billing account for Terraform; stop if no budget can be set on it and none was declined."""
    if variables["budget"] == "0":
        return []
    found = shell.answer("gcloud", "billing", "projects", "describe", project, "--format=value(billingAccountName)")
    account = UNKNOWN_ACCOUNT if shell.dry_run else (found or "").removeprefix("billingAccounts/")
    listing = ("gcloud", "billing", "budgets", "list", f"--billing-account={account}", "--limit=1", "--format=json")
    if account and (shell.answer(*listing) is not None or shell.dry_run):
        return ["-var", f"billing_account={account}"]
    raise SystemExit(
        f"No budget can be set for {project}: "
        + (
            f"your account may not see those of the billing account {account}."
            if account
            else "it has no billing account."
        )
        + "\nNothing was created. Either ask for the role roles/billing.costsManager on the billing account, or "
        "deploy without a warning when costs rise:\n  VARS='-var budget=0'"
    )
