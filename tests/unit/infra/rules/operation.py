"""Whether operation surprises nobody: each check returns what is wrong with a configuration, in words."""

import re
from collections.abc import Iterator
from typing import Any

from tests.unit.infra.rules.configuration import Configuration, strings

# Alerts that judge each service for itself; all others judge what they count together.
PER_SERVICE = {"google_monitoring_alert_policy.errors": ["resource.label.service_name"]}
ADDRESSED = ("predict", "feedback", "streaming")


def _conditions(configuration: Configuration) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Alert, kind of condition, condition."""
    for policy in configuration.of("google_monitoring_alert_policy"):
        for condition in policy.body["conditions"]:
            for kind in ("condition_threshold", "condition_absent"):
                for body in condition.get(kind, []):
                    yield policy.address, kind, body


# What an aligner takes, by Google's reference (google.monitoring.v3.Aggregation.Aligner): a distribution becomes a
# number by a percentile only, and ALIGN_COUNT takes none.
ALIGNERS = {"DISTRIBUTION": r"ALIGN_PERCENTILE_\d\d", "INT64": r"ALIGN_(SUM|COUNT|DELTA|RATE)"}


def aligners(configuration: Configuration) -> list[str]:
    """Each condition on a metric of ours makes of its values what can be made of them."""
    kinds = {
        metric.name: metric.block("metric_descriptor")["value_type"]
        for metric in configuration.of("google_logging_metric")
    }
    wrong: list[str] = []
    for address, _, body in _conditions(configuration):
        for name in re.findall(r"google_logging_metric\.(\w+)\.", body["filter"]):
            wrong += [
                f"{address}: {aggregation.get('per_series_aligner')} takes no {kinds[name]}"
                for aggregation in body["aggregations"]
                if not re.fullmatch(ALIGNERS[kinds[name]], aggregation.get("per_series_aligner", ""))
            ]
    return wrong


def alerts(configuration: Configuration) -> list[str]:
    """Each condition sees one series for what it speaks of, and a merge that never worked is seen too."""
    wrong: list[str] = []
    failing: list[str] = []
    for address, kind, body in _conditions(configuration):
        for aggregation in body["aggregations"]:
            if aggregation.get("cross_series_reducer", "REDUCE_NONE") == "REDUCE_NONE":
                wrong.append(f"{address}: a new revision is another series, which begins and ends by itself")
            if aggregation.get("group_by_fields", []) != PER_SERVICE.get(address, []):
                wrong.append(f"{address} is grouped by {aggregation.get('group_by_fields')}")
            if kind == "condition_absent" and aggregation.get("cross_series_reducer") != "REDUCE_SUM":
                wrong.append(f"{address}: absence of one series is not absence of all")
        if "cloud_scheduler_job" in body["filter"] and kind == "condition_threshold":
            failing += re.findall(r'job_id = "\$\{var\.name\}-(\w+)"', body["filter"])
    schedules = [job.name for job in configuration.of("google_cloud_scheduler_job")]
    wrong += [f"nobody hears that the schedule {each} never got through" for each in schedules if each not in failing]
    wrong += [
        f"failures of the schedule {each} are not counted" for each in schedules if not _counted(configuration, each)
    ]
    return wrong


def _counted(configuration: Configuration, schedule: str) -> bool:
    """Return whether the metric behind the alerts counts the errors that this schedule logs."""
    counts = str(configuration.resource("google_logging_metric.failed_schedules").body["filter"]).replace('\\"', '"')
    job = re.search(r'resource\.labels\.job_id=~"([^"]+)"', counts)
    return (
        job is not None
        and re.search(job[1].replace("${var.name}", "fer"), f"fer-{schedule}") is not None
        and 'resource.type="cloud_scheduler_job"' in counts
        and "severity>=ERROR" in counts
    )


def request_logs(configuration: Configuration) -> list[str]:
    """Lines with an address and a time are kept of no service that stores or sees faces without being asked who."""
    exclusion = str(configuration.resource("google_logging_project_exclusion.requests").body["filter"])
    named = set(re.findall(r'"([a-z]+)"', exclusion[exclusion.index("for key in") :]))
    wrong = [f"the request log of {name} is kept" for name in ADDRESSED if name not in named]
    wrong += [f"the request log of {name} is dropped" for name in sorted(named - set(ADDRESSED))]
    if 'log_id("run.googleapis.com/requests")' not in exclusion:
        wrong.append("the exclusion is of another log")
    for service in configuration.of("google_compute_backend_service"):
        if service.block("log_config").get("enable") is not False:
            wrong.append(f"{service.address} logs addresses at the load balancer")
    return wrong


def ceiling(configuration: Configuration) -> list[str]:
    """A warning, a bound on instances, and with a domain a throttle that cannot be walked around."""
    wrong: list[str] = []
    budget = configuration.resource("google_billing_budget.month")
    amount = budget.block("amount", "specified_amount").get("units")
    if amount != "${tostring(var.budget)}" or configuration.variables["budget"]["default"] != 25:
        wrong.append("the budget is not what the variable says")
    for service in configuration.of("google_compute_backend_service"):
        if "google_compute_security_policy.service" not in str(service.body.get("security_policy")):
            wrong.append(f"{service.address} is not throttled")
    rules = {
        rule["action"]: rule for rule in configuration.resource("google_compute_security_policy.service").body["rule"]
    }
    throttle = rules.get("throttle", {}).get("rate_limit_options", [{}])[0]
    if (throttle.get("exceed_action"), throttle.get("enforce_on_key")) != ("deny(429)", "IP"):
        wrong.append("the throttle lets everything through")
    if not any(rule["priority"] == 2147483647 for rule in rules.values()):
        wrong.append("the policy has no rule for all, so it is refused")
    service = configuration.resource("google_cloudfunctions2_function.function").block("service_config")
    if 'FER_REQUESTS_PER_MINUTE = var.domain == "" ? tostring(var.requests_per_minute) : ""' not in str(
        service["environment_variables"]
    ):
        wrong.append("without a domain, an instance answers one client as often as it asks")
    if "FER_ANNOTATE_FORMATS = var.annotate_formats" not in str(
        configuration.locals["functions"]["predict"]["environment"]
    ):
        wrong.append("nobody can do without PNG")
    return wrong + _ways_around(configuration)


def _ways_around(configuration: Configuration) -> list[str]:
    functions = configuration.locals["functions"]
    behind = {name for name, settings in functions.items() if settings["behind_balancer"] is True}
    wrong = [
        f"{name} can be reached past the load balancer" for name in ("predict", "feedback") if name not in behind
    ]
    if "export" in behind:
        wrong.append("export's readers cannot reach it")
    service = configuration.resource("google_cloudfunctions2_function.function").block("service_config")
    if service["ingress_settings"] != (
        '${each.value.behind_balancer && var.domain != "" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_ALL"}'
    ):
        wrong.append("the functions can be reached past the load balancer")
    if not all("max_instances" in settings for settings in functions.values()):
        wrong.append("a function has instances without end")
    return wrong


def builds(configuration: Configuration) -> list[str]:
    """Builds have an account of their own, wait for its rights, and what they leave behind goes in time."""
    wrong: list[str] = []
    function = configuration.resource("google_cloudfunctions2_function.function")
    build = function.block("build_config")
    if build.get("service_account") != "${local.build_account.id}":
        wrong.append("the functions are built by the default account, which in new organisations has no role")
    if "google_artifact_registry_repository.repository" not in str(build.get("docker_repository")):
        wrong.append("the functions' images go where nobody cleans up")
    rights = {"build_logs", "build_reads_sources", "build_pushes"}
    wrong += [
        f"the functions do not wait for {each}" for each in rights if each not in str(function.body["depends_on"])
    ]
    for repository in configuration.of("google_artifact_registry_repository"):
        actions = {policy["action"] for policy in repository.body.get("cleanup_policies", [])}
        if actions != {"DELETE", "KEEP"} or repository.body.get("cleanup_policy_dry_run") is not False:
            wrong.append(f"the images in {repository.address} pile up")
        if repository.block("docker_config").get("immutable_tags"):
            wrong.append(f"{repository.address} keeps every image with a tag for ever")
    return wrong


def again(configuration: Configuration) -> list[str]:
    """What is replaced or made again after a destroy finds its name free."""
    wrong: list[str] = []
    for role in configuration.of("google_project_iam_custom_role"):
        if "${local.roles}" not in role.body["role_id"]:
            wrong.append(f"{role.address} has a name that is reserved for 37 days after a destroy")
    if "terraform_data.installation.id" not in configuration.locals["roles"]:
        wrong.append("the roles' names are the same for each installation")
    certificate = configuration.resource("google_compute_managed_ssl_certificate.web")
    if "var.domain" not in certificate.body["name"]:
        wrong.append("the next certificate has the name of this one")
    if certificate.block("lifecycle").get("create_before_destroy") is not True:
        wrong.append("the certificate goes while the proxy still has it")
    return wrong


def billed(configuration: Configuration) -> list[str]:
    """Streaming says how its processor is billed; left out, that depends on what stands beside it."""
    template = configuration.resource("google_cloud_run_v2_service.streaming").block(
        "template", "containers", "resources"
    )
    return [] if template.get("cpu_idle") is True else ["streaming is billed while nobody is connected"]


def everything(configuration: Configuration) -> list[str]:
    checks = (alerts, aligners, request_logs, ceiling, builds, again, billed)
    wrong = [each for check in checks for each in check(configuration)]
    if any("gcr.io/" in text for text in strings([resource.body for resource in configuration.resources])):
        wrong.append("an image comes from the registry that was shut down")
    return wrong
