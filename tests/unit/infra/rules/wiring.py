"""Whether the configuration starts what the code is: each check returns what is wrong, in words."""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer.settings import VARIABLES
from local.servers import MALLOC
from streaming.service import PATHS
from tests.unit.infra.rules.configuration import ROOT, Configuration, set_names
from tools.build import contents
from tools.deployment.archive import archive_path

FIELD_OF = {variable: field for field, (variable, _) in VARIABLES.items()}

# Read by what runs the code, not by the code: glibc.
PLATFORM = set(MALLOC)

# What fer.serving reads for every function.
SERVING = {"threads", "requests_per_minute", "proxy_hops"}

# Settings whose default is wrong in the cloud: whatever uses them has to be given them.
NO_DEFAULT_FITS = {"bucket_url", "allowed_origins", "google_cloud_project", "model_uri"}

SOURCES = {name: ROOT / "functions" / name / "main.py" for name in ("predict", "feedback", "export")}

# As `make deploy` builds them: with what reading a model from the bucket needs.
REQUIREMENTS = {
    **{name: contents(name, registry=True)["requirements.txt"] for name in (*SOURCES, "streaming")},
    "retraining": ROOT / "training" / "requirements.txt",
}


def environment_of(configuration: Configuration) -> dict[str, set[str]]:
    """Return what runs → the environment variables it is given."""
    function = configuration.resource("google_cloudfunctions2_function.function")
    common = set_names(configuration, _without_each(function.block("service_config").get("environment_variables")))
    given = {
        name: common | set_names(configuration, settings["environment"])
        for name, settings in configuration.locals["functions"].items()
    }
    given["streaming"] = set_names(configuration, configuration.locals["streaming_environment"])
    given["retraining"] = set_names(configuration, configuration.locals["retraining_environment"])
    return given


def memory(configuration: Configuration) -> list[str]:
    """Check that glibc is told the same about memory wherever pictures are decoded, as it is locally."""
    wrong: list[str] = []
    if configuration.locals.get("malloc") != MALLOC:
        wrong.append("memory is managed in another way than locally")
    for name, variables in environment_of(configuration).items():
        if name != "retraining" and not variables >= PLATFORM:
            wrong.append(f"{name} manages its memory as glibc does by default")
    return wrong


def routes(configuration: Configuration) -> list[str]:
    """Check that every path of the web app's origin is answered there with a slash at the end, too."""
    routed: dict[str, list[str]] = configuration.locals["routes"]
    found = {path for paths in routed.values() for path in paths}
    wanted = {
        *PATHS,
        *(f"/{name}{end}" for name in ("predict_expression", "save_expression_feedback") for end in ("", "/")),
    }
    return [f"{path} leads to the web app" for path in sorted(wanted - found) if f"{path}*" not in found]


def _without_each(expression: Any) -> str:
    return str(expression).replace("each.value.environment", "")


def environment(configuration: Configuration) -> list[str]:
    """Check that every variable that is set is known, and what the code needs is set."""
    wrong: list[str] = []
    for name, variables in environment_of(configuration).items():
        wrong += [
            f"{name} is given {each}, which nothing reads" for each in sorted(variables - PLATFORM - set(FIELD_OF))
        ]
    for name, source in SOURCES.items():
        given = {FIELD_OF[each] for each in environment_of(configuration)[name] if each in FIELD_OF}
        used = _settings_used(source)
        wrong += [f"{name} lacks its {field}" for field in sorted((used & NO_DEFAULT_FITS) - given)]
        wrong += [
            f"{name} is given {field}, which its main.py does not use" for field in sorted(given - used - SERVING)
        ]
    return wrong


def packages(configuration: Configuration, requirements_of: Mapping[str, Path] = REQUIREMENTS) -> list[str]:
    """Check that whatever is given a bucket has the client for it."""
    wrong: list[str] = []
    for name, variables in environment_of(configuration).items():
        fields = {FIELD_OF.get(variable) for variable in variables}
        requirements = requirements_of.get(name)
        if requirements is None or not fields & {"bucket_url", "model_uri"}:
            continue
        if "google-cloud-storage==" not in requirements.read_text("utf-8"):
            wrong.append(f"{name} is given a bucket and has no google-cloud-storage to read it with")
    return wrong


def _settings_used(source: Path) -> set[str]:
    """Fields of ``settings`` that a main.py reads."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
    }


def artefacts(configuration: Configuration) -> list[str]:
    """Check that the functions are those of ``make build``, each with its entry point and its archive."""
    wrong: list[str] = []
    functions = set(configuration.locals["functions"])
    if functions != set(SOURCES):
        wrong.append(f"the functions are {sorted(functions)}, those in the tree {sorted(SOURCES)}")
    build = configuration.resource("google_cloudfunctions2_function.function").block("build_config")
    if (build.get("entry_point"), build.get("runtime")) != ("${each.key}", "python311"):
        wrong.append(f"entry point {build.get('entry_point')} on {build.get('runtime')}")
    for name in sorted(functions & set(SOURCES)):
        files = contents(name, registry=True)
        if not {"main.py", "requirements.txt"} <= set(files):
            wrong.append(f"the artefact {name} lacks main.py or requirements.txt")
        defined = {
            node.name
            for node in ast.parse(files["main.py"].read_text("utf-8")).body
            if isinstance(node, ast.AsyncFunctionDef)
        }
        if name not in defined:
            wrong.append(f"{name}/main.py has no entry point {name}")
    return wrong + _archives(configuration)


def _archives(configuration: Configuration) -> list[str]:
    wrong: list[str] = []
    source = configuration.resource("google_storage_bucket_object.source").body
    expected = str(archive_path("NAME").relative_to(ROOT)).replace("NAME", "${each.key}")
    if source["source"] != f"${{path.module}}/../{expected}":
        wrong.append(f"the archives are looked for in {source['source']}")
    if "${local.builds[each.key].digest}" not in source["name"]:
        wrong.append("an archive is not named by its digest, so everything redeploys, or nothing")
    return wrong


def capacity(configuration: Configuration) -> list[str]:
    """As many requests at once as threads; room for what was measured; no call outlives what it calls."""
    wrong: list[str] = []
    service = configuration.resource("google_cloudfunctions2_function.function").block("service_config")
    threads = re.search(r"THREADS = tostring\((.*?)\)", str(service.get("environment_variables")))
    concurrency = service.get("max_instance_request_concurrency")
    if threads is None or concurrency != f"${{{threads[1]}}}":
        wrong.append("the functions get other numbers of requests than threads")
    streaming = configuration.resource("google_cloud_run_v2_service.streaming").block("template")
    connections = str(configuration.locals["streaming_environment"])
    if (
        streaming["max_instance_request_concurrency"] != "${local.streaming_connections}"
        or "FER_STREAM_MAX_CONNECTIONS = tostring(local.streaming_connections)" not in connections
    ):
        wrong.append("the streaming service gets other numbers of connections than it takes")
    for name, function in configuration.locals["functions"].items():
        if name != "export" and _mebibytes(function["memory"]) < 1.5 * _measured_peak_mb():
            wrong.append(f"{name} has {function['memory']}, measured are {_measured_peak_mb()} MB")
    merge = configuration.resource("google_cloud_scheduler_job.merge").body
    if (
        float(str(merge["attempt_deadline"]).removesuffix("s"))
        > configuration.locals["functions"]["export"]["timeout_s"]
    ):
        wrong.append("the merge schedule waits longer than the export may take")
    return wrong


def _mebibytes(memory: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", memory).groups()  # type: ignore[union-attr]
    return int(number) * (1024 if unit == "Gi" else 1)


def _measured_peak_mb() -> float:
    results: dict[str, Any] = json.loads((ROOT / "bench" / "results.json").read_text("utf-8"))["latency"]
    return max(float(each) for each in re.findall(r'"resident_mb": ([\d.]+)', json.dumps(results)))
