"""Who may do what: each check returns what is wrong with a configuration, in words; nothing is as it should be."""

import re
from typing import Any, NamedTuple

from tests.unit.infra.rules.configuration import Configuration, strings

EVERYBODY = ("allUsers", "allAuthenticatedUsers")

PUBLIC = {
    # Address → what it may open, and for which keys. Decision records 0009 and 0023 have the reasons.
    # By default everybody; where an organisation admits its own members only, those that var.callers names.
    "google_cloud_run_v2_service_iam_member.caller": {
        "for_each": '${{for pair in setproduct(["predict", "feedback"], var.callers) : join(" ", pair) => pair}}',
        "location": "${var.region}",
        "name": "${google_cloudfunctions2_function.function[each.value[0]].name}",
        "role": "roles/run.invoker",
        "member": "${each.value[1]}",
    },
    # The files of the web app, in a bucket of their own.
    "google_storage_bucket_iam_member.web_public": {
        "for_each": "${toset(local.web)}",
        "bucket": "${google_storage_bucket.web[each.key].name}",
        "role": "roles/storage.legacyObjectReader",
        "member": "allUsers",
    },
}

# The live socket asks nobody who they are: only where a domain is given, and then only through the load balancer.
UNASKED = {"google_cloud_run_v2_service.streaming": '${var.domain != ""}'}

# Every other grant: address → role. Grants on the data bucket are looked at one by one (``effective_rights``).
GRANTED = {
    "google_cloud_run_v2_service_iam_member.export_reader": "roles/run.invoker",
    "google_cloud_run_v2_service_iam_member.schedule_merge": "roles/run.invoker",
    "google_cloud_run_v2_job_iam_member.schedule_retrain": "roles/run.invoker",
    "google_service_account_iam_member.export_signs": "${google_project_iam_custom_role.signer.id}",
    "google_artifact_registry_repository_iam_member.build_pushes": "roles/artifactregistry.writer",
}

_SOURCES = 'resource.name.startsWith("projects/_/buckets/{}")'
IN_THE_PROJECT = {
    # Logs belong to a project.
    "google_project_iam_member.build_logs": {
        "project": "${var.project}",
        "role": "roles/logging.logWriter",
        "member": "${local.build_account.member}",
    },
    # Bound to the names of two buckets; one of them is Google's and not there yet.
    "google_project_iam_member.build_reads_sources": {
        "project": "${var.project}",
        "role": "roles/storage.objectViewer",
        "member": "${local.build_account.member}",
        "condition": [
            {
                "title": "source buckets only",
                "expression": _SOURCES.format("gcf-v2-sources-")
                + " || "
                + _SOURCES.format("${google_storage_bucket.source.name}"),
            }
        ],
    },
    # Adds nothing to what anybody may do: it writes down who read.
    "google_project_iam_audit_config.storage": {
        "project": "${var.project}",
        "service": "storage.googleapis.com",
        "audit_log_config": [
            {
                "log_type": "DATA_READ",
                "exempted_members": (
                    '${[for name in ["predict", "streaming"] : google_service_account.account[name].member]}'
                ),
            }
        ],
    },
}

_OBJECT = "${local.objects}/${condition.value}"
POLICY = {
    # The data bucket's whole policy, so also who is not in it: the project's viewers and editors.
    "binding": [{"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:${var.project}"]}],
    "dynamic": [
        {
            "binding": {
                "for_each": '${toset(length(var.data_admins) == 0 ? [] : ["roles/storage.objectUser"])}',
                "content": [{"role": "${binding.value}", "members": "${var.data_admins}"}],
            }
        },
        {
            "binding": {
                "for_each": "${local.bindings}",
                "content": [
                    {
                        "role": "${google_project_iam_custom_role.objects[binding.value[0].role].id}",
                        "members": (
                            "${[for grant in binding.value : google_service_account.account[grant.account].member]}"
                        ),
                        "dynamic": [
                            {
                                "condition": {
                                    "for_each": '${binding.value[0].object == "" ? [] : [binding.value[0].object]}',
                                    "content": [
                                        {
                                            "title": '${replace(binding.key, "/[^a-z]+/", "-")}',
                                            "expression": (
                                                '${(endswith(condition.value, "/") ? '
                                                f'"resource.name.startsWith(\\"{_OBJECT}\\")" : '
                                                f'"resource.name == \\"{_OBJECT}\\"")}}'
                                            ),
                                        }
                                    ],
                                }
                            }
                        ],
                    }
                ],
            }
        },
    ],
}


class Right(NamedTuple):
    """One permission of an account on the objects whose name begins with ``object`` (empty: the bucket itself)."""

    account: str
    permission: str
    object: str


def public(configuration: Configuration) -> list[str]:
    """Nothing is open to everybody but what ``PUBLIC`` lists, exactly as it lists it."""
    wrong: list[str] = []
    for resource in configuration.resources:
        allowed = PUBLIC.get(resource.address)
        if allowed is not None and dict(resource.body) != allowed:
            wrong.append(f"{resource.address} is not the public access that was decided on")
        if allowed is None and any(word in text for text in strings(resource.body) for word in EVERYBODY):
            wrong.append(f"{resource.address} is open to everybody")
        if resource.body.get("invoker_iam_disabled", False) not in (False, UNASKED.get(resource.address)):
            wrong.append(f"{resource.address} asks nobody who they are")
    for name, value in {**configuration.locals, **configuration.variables}.items():
        if name != "callers" and any(word in text for text in strings(value) for word in EVERYBODY):
            wrong.append(f"{name} names everybody")
    for variable in ("export_readers", "data_admins"):
        if '"^(user|group|serviceAccount):' not in str(
            configuration.variables[variable]["validation"][0]["condition"]
        ):
            wrong.append(f"{variable} takes members that are not somebody in particular")
    service = configuration.resource("google_cloud_run_v2_service.streaming")
    if service.body["ingress"] != (
        '${var.domain == "" ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}'
    ):
        wrong.append("the live socket can be reached past the load balancer")
    return wrong + _open_buckets(configuration)


def _open_buckets(configuration: Configuration) -> list[str]:
    wrong: list[str] = []
    for bucket in configuration.of("google_storage_bucket"):
        expected = "inherited" if bucket.name == "web" else "enforced"
        if bucket.body.get("public_access_prevention") != expected:
            wrong.append(f"{bucket.address} may become public")
        if bucket.body.get("uniform_bucket_level_access") is not True:
            wrong.append(f"{bucket.address} has access lists of its own for each object")
    return wrong


def grants(configuration: Configuration) -> list[str]:
    """Nothing is granted but in the places and roles known, and nothing in the whole project."""
    wrong: list[str] = []
    for resource in configuration.resources:
        if re.search(r"_(acl|access_control)$", resource.type):
            wrong.append(f"{resource.address} is an access list")
        if "_iam_" not in resource.type or resource.type == "google_project_iam_custom_role":
            continue
        if re.match(r"google_(project|folder|organization)_iam_", resource.type):
            if IN_THE_PROJECT.get(resource.address) != dict(resource.body):
                wrong.append(f"{resource.address} grants in the whole project")
        elif resource.type == "google_storage_bucket_iam_policy":
            wrong += [] if resource.name == "data" else [f"{resource.address} is a policy that nobody knows"]
        elif resource.address in PUBLIC:
            continue
        elif GRANTED.get(resource.address) != resource.body.get("role"):
            wrong.append(f"{resource.address} grants {resource.body.get('role')}, which is not known")
    return wrong + _account_of_each(configuration)


def _account_of_each(configuration: Configuration) -> list[str]:
    """Every function, service and job runs as an account that nothing else runs as."""
    used: dict[str, str] = {}
    wrong: list[str] = []
    for resource, account in _runners(configuration):
        if account in used:
            wrong.append(f"{resource} and {used[account]} share the account {account}")
        if account not in configuration.locals["accounts"]:
            wrong.append(f"{resource} runs as {account}, which is no account of its own")
        used[account] = resource
    return wrong


def _runners(configuration: Configuration) -> list[tuple[str, str]]:
    function = configuration.resource("google_cloudfunctions2_function.function")
    service = configuration.resource("google_cloud_run_v2_service.streaming")
    job = configuration.resource("google_cloud_run_v2_job.retraining")
    merge, retrain = (configuration.resource(f"google_cloud_scheduler_job.{name}") for name in ("merge", "retrain"))
    expression = function.block("service_config").get("service_account_email")
    return [
        *((f"function {name}", _account(expression, name)) for name in configuration.locals["functions"]),
        ("streaming", _account(service.block("template").get("service_account"))),
        ("retraining", _account(job.block("template", "template").get("service_account"))),
        ("merge schedule", _account(merge.block("http_target", "oidc_token").get("service_account_email"))),
        ("retraining schedule", _account(retrain.block("http_target", "oauth_token").get("service_account_email"))),
    ]


def _account(expression: Any, key: str = "") -> str:
    """Key of the account that ``${google_service_account.account["key"].email}`` means."""
    found = re.fullmatch(
        r"\$\{google_service_account\.account\[(?:\"([\w-]+)\"|(each\.key))\]\.email\}", str(expression)
    )
    return (found[1] or key) if found else str(expression)


def effective_rights(configuration: Configuration) -> set[Right]:
    """What the grants on the data bucket come to."""
    permissions: dict[str, list[str]] = configuration.locals["permissions"]
    return {
        Right(grant["account"], permission, grant["object"])
        for grant in configuration.locals["grants"].values()
        for permission in permissions[grant["role"]]
    }


def bindings(configuration: Configuration) -> list[str]:
    """The grants' resources do what ``effective_rights`` takes them to do."""
    expected: dict[str, dict[str, Any]] = {
        "google_storage_bucket_iam_policy.data": {
            "bucket": "${google_storage_bucket.data.name}",
            "policy_data": "${data.google_iam_policy.data.policy_data}",
        },
        "google_project_iam_custom_role.objects": {
            "for_each": "${local.permissions}",
            "permissions": "${each.value}",
        },
        "google_project_iam_custom_role.signer": {"permissions": ["iam.serviceAccounts.signBlob"]},
        "google_service_account_iam_member.export_signs": {
            "service_account_id": '${google_service_account.account["export"].name}',
            "member": '${google_service_account.account["export"].member}',
        },
    }
    wrong = [
        f"{address}: {name} is {configuration.resource(address).body.get(name)}"
        for address, body in expected.items()
        for name, value in body.items()
        if configuration.resource(address).body.get(name) != value
    ]
    wrong += [
        f"{resource.address} grants on the data bucket past its policy"
        for resource in configuration.resources
        if "google_storage_bucket.data." in str(resource.body.get("bucket", ""))
        and resource.address != "google_storage_bucket_iam_policy.data"
    ]
    return wrong + _policy(configuration)


def _policy(configuration: Configuration) -> list[str]:
    """Each grant on objects is bound to their names, and nobody is in the policy but those known."""
    wrong: list[str] = []
    policy = configuration.resource("data.google_iam_policy.data").body
    wrong += [f"the data bucket's policy has other {name}s" for name in POLICY if policy.get(name) != POLICY[name]]
    wrong += [f"the data bucket's policy has a {name}" for name in set(policy) - set(POLICY)]
    if configuration.locals["bindings"] != (
        '${{for key, grant in local.grants : "${grant.role} ${grant.object}" => grant...}}'
    ):
        wrong.append("the bindings are not those of the grants")
    if configuration.locals["objects"] != "projects/_/buckets/${google_storage_bucket.data.name}/objects":
        wrong.append("the conditions are on other objects")
    return wrong
