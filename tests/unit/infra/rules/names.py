"""Whether every name and value in the configuration exists: each check returns what is wrong, in words."""

import json
import re
from typing import Any, cast

from tests.unit.infra.rules.configuration import INFRA, Configuration, nested_blocks, strings

SCHEMA: dict[str, Any] = json.loads((INFRA / "google_schema.json").read_text("utf-8"))

# What Terraform itself adds to every resource.
META = {"for_each", "count", "depends_on", "lifecycle", "provider"}

# Resources of Terraform itself.
BUILT_IN = {"terraform_data"}

# Arguments whose values the bindings do not list → those that Google's own reference of the API does.
OTHER_VALUES = {
    "google_artifact_registry_repository.format": {
        "APT",
        "DOCKER",
        "GENERIC",
        "GO",
        "KFP",
        "MAVEN",
        "NPM",
        "PYTHON",
        "YUM",
    },
    "google_billing_budget.threshold_rules.spend_basis": {"CURRENT_SPEND", "FORECASTED_SPEND"},
    "google_cloud_scheduler_job.http_target.http_method": {
        "DELETE",
        "GET",
        "HEAD",
        "OPTIONS",
        "PATCH",
        "POST",
        "PUT",
    },
    "google_compute_security_policy.rule.action": {"allow", "deny(403)", "deny(404)", "deny(429)", "throttle"},
    "google_compute_security_policy.rule.match.versioned_expr": {"SRC_IPS_V1"},
    "google_compute_security_policy.rule.rate_limit_options.conform_action": {"allow"},
    "google_compute_security_policy.rule.rate_limit_options.exceed_action": {"deny(403)", "deny(404)", "deny(429)"},
    "google_project_iam_audit_config.audit_log_config.log_type": {"ADMIN_READ", "DATA_READ", "DATA_WRITE"},
    "google_storage_bucket.public_access_prevention": {"enforced", "inherited"},
}


def arguments(configuration: Configuration) -> list[str]:
    """Every argument and block is one of the provider's, and none that it requires is missing."""
    wrong: list[str] = []
    for resource in configuration.resources:
        if resource.type in BUILT_IN:
            continue
        known = SCHEMA["resources"].get(resource.type)
        if known is None:
            wrong.append(f"{resource.address}: no such resource in the schema; run `make infra-schema`")
            continue
        body = {name: value for name, value in resource.body.items() if name not in META}
        wrong += [f"{resource.address}: {each}" for each in _body(body, known["arguments"])]
    return wrong


def _body(body: dict[str, Any], known: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    given = nested_blocks(body)
    for name, value in given.items():
        if name not in known:
            wrong.append(f"{name} is no argument of it")
        elif "block" in known[name]:
            for nested in cast("list[dict[str, Any]]", value if isinstance(value, list) else [value]):
                wrong += [f"{name}.{each}" for each in _body(nested, known[name]["block"])]
        elif isinstance(value, (bool, int)) and (known[name]["type"] == "boolean") != isinstance(value, bool):
            wrong.append(f"{name} is a {known[name]['type']}")
    return wrong + [f"{name} is required" for name, entry in known.items() if entry["required"] and name not in given]


def values(configuration: Configuration) -> list[str]:
    """Every literal that stands for one of a few values is one of them."""
    return [
        wrong
        for resource in configuration.resources
        if resource.type in SCHEMA["resources"]
        for wrong in _values(resource.type, dict(resource.body), SCHEMA["resources"][resource.type]["arguments"])
    ]


def _values(path: str, body: dict[str, Any], known: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    for name, value in nested_blocks(body).items():
        if "block" in known.get(name, {}):
            for nested in cast("list[dict[str, Any]]", value if isinstance(value, list) else [value]):
                wrong += _values(f"{path}.{name}", nested, known[name]["block"])
            continue
        listed = set(known.get(name, {}).get("values", ())) | OTHER_VALUES.get(f"{path}.{name}", set())
        for literal in _literals(value):
            if listed and literal not in listed:
                wrong.append(f"{path}.{name} takes {', '.join(sorted(listed))}, not {literal}")
            elif not listed and re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", literal):
                wrong.append(f"{path}.{name}: nothing lists the values among which {literal} would be")
    return wrong


def _literals(value: Any) -> list[str]:
    """The texts that an argument may be: itself, or those that an expression chooses from."""
    if isinstance(value, list):
        return [literal for each in cast("list[Any]", value) for literal in _literals(each)]
    if not isinstance(value, str):
        return []
    if not value.startswith("${"):
        return [value]
    chosen = re.sub(r'[=!]= ?"[^"]*"', "", value)
    return re.findall(r'[?:] ?"([^"]*)"', chosen)


def references(configuration: Configuration) -> list[str]:
    """Every variable, local, resource and output of a resource that an expression names is there."""
    wrong: list[str] = []
    parts = [resource.body for resource in configuration.resources]
    text = "\n".join(strings([*parts, configuration.locals, configuration.outputs]))
    for kind, declared in (("var", configuration.variables), ("local", configuration.locals)):
        used = set(re.findall(rf"(?<![\w.\"]){kind}\.(\w+)", text))
        wrong += [f"{kind}.{name} is not declared" for name in sorted(used - set(declared))]
        wrong += [f"{kind}.{name} is declared and not used" for name in sorted(set(declared) - used)]
    addresses = {resource.address for resource in configuration.resources}
    index = r"(?:\[(?:[^\[\]]|\[[^\]]*\])+\])?"
    pattern = rf"(?<![\w.])((?:data\.)?google_\w+)\.(\w+){index}(?:\.(\w+){index}(?:\.(\w+))?)?"
    for kind, name, output, nested in re.findall(pattern, text):
        known = SCHEMA["resources"].get(kind, {})
        if f"{kind}.{name}" not in addresses:
            wrong.append(f"{kind}.{name} is not declared")
        elif output and output not in known["outputs"]:
            wrong.append(f"{kind}.{name} has no {output}")
        elif nested and nested not in known["arguments"][output].get("outputs", []):
            wrong.append(f"{kind}.{name}.{output} has no {nested}")
    return wrong


def described(configuration: Configuration) -> list[str]:
    """Every variable and output says what it is, and no value is taken unchecked."""
    wrong: list[str] = []
    for name, variable in configuration.variables.items():
        if not variable.get("description") or "type" not in variable:
            wrong.append(f"variable {name} has no description or no type")
        if "validation" not in variable and variable["type"] != "bool" and name != "time_zone":
            wrong.append(f"variable {name} takes anything")
    wrong += [
        f"output {name} has no description"
        for name, body in configuration.outputs.items()
        if not body.get("description")
    ]
    return wrong
