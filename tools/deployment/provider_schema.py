"""``make infra-schema``: names and values of what infra/*.tf uses, taken from typed bindings of the google provider.

The provider itself is not a package; its bindings on PyPI are generated from it, and hold every argument's name,
whether it is a block, its type, whether it is required, and in its description the values that it takes, where those
are few. What the configuration uses goes into ``infra/google_schema.json``, which ``tests/unit/infra/test_names.py``
checks the configuration against.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
SCHEMA = INFRA / "google_schema.json"
BINDINGS = "cdktn-provider-google==21.1.0"

_ARGUMENT = re.compile(
    r"^ {8,12}(?P<name>\w+): \{\n\s+value: (?P<value>.*),\n\s+isBlock: (?P<block>true|false),\n"
    r'\s+type: "(?P<kind>\w+)",\n\s+storageClassType: "(?P<type>\w+)",',
    re.MULTILINE,
)
_DECLARED = re.compile(
    r"(?:^ {4}/\*\*(?P<text>(?:(?!\*/).)*)\*/\n)?^ {4}readonly (?P<name>\w+)(?P<free>\??): ", re.M | re.S
)
_VALUES = re.compile(r"Possible values: (\[\"[^\]]*\])|Supported values include: ([A-Za-z_, \"]+)\.")
_OUTPUT = re.compile(r"this\.get(?P<type>\w+)Attribute\('(?P<name>\w+)'\)|\(this, \"(?P<complex>\w+)\"")


def used_resources(directory: Path) -> list[str]:
    """Return the types of resources (``google_…``) and data sources (``data.google_…``) in a configuration."""
    found: set[str] = set()
    for path in directory.glob("*.tf"):
        for kind, name in re.findall(r'^(resource|data) "(google_\w+)"', path.read_text("utf-8"), re.MULTILINE):
            found.add(name if kind == "resource" else f"data.{name}")
    return sorted(found)


class Bindings:
    """The generated JavaScript and TypeScript of one package."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._names = archive.getnames()
        self.version = json.loads(self._read("package/package.json"))["cdktn"]["provider"]["version"]

    def _read(self, name: str) -> str:
        member = self._archive.extractfile(name)
        if member is None:
            raise SystemExit(f"{BINDINGS} has no {name}")
        return member.read().decode("utf-8")

    def _all(self, folder: str, ending: str) -> str:
        """Return all files of a resource; large ones keep their blocks in files next to ``index``."""
        names = sorted(name for name in self._names if name.startswith(f"{folder}/") and name.endswith(ending))
        return "".join(self._read(name) for name in names)

    def resource(self, name: str) -> dict[str, Any]:
        """Return ``arguments`` (nested if they are blocks) and ``outputs`` of one resource or data source."""
        kind = name.removeprefix("data.").removeprefix("google_").replace("_", "-")
        folder = f"package/lib/{'data-google-' if name.startswith('data.') else ''}{kind}"
        script, types = self._all(folder, ".js"), self._all(folder, ".d.ts")
        body = script[script.index(f'tfResourceType = "{name.removeprefix("data.")}"') :]
        config = re.findall(r"interface (\w+Config) extends cdktn.TerraformMetaArguments", types)[-1]
        outputs = {match["name"] or match["complex"] for match in _OUTPUT.finditer(body)} - {"id", None}
        return {
            "arguments": _arguments(body[body.index("synthesizeHclAttributes") :], script, types, config),
            "outputs": sorted(outputs | {"id"}),
        }


def _arguments(body: str, script: str, types: str, interface: str) -> dict[str, Any]:
    declared = _declared(types, interface)
    arguments: dict[str, Any] = {}
    for match in _ARGUMENT.finditer(body):
        name = match["name"]
        argument, values = declared.get(_camel(name), ({"required": False}, []))
        if match["block"] == "true":
            nested = match["type"].removesuffix("List")
            start = script.index(f"function {nested[0].lower()}{nested[1:]}ToHclTerraform")
            end = script.index("\nclass " if "\nclass " in script[start:] else "\nexports.", start)
            argument["block"] = _arguments(script[start:end], script, types, nested)
            argument["outputs"] = _outputs(script, nested)
        else:
            argument["type"] = match["type"]
            argument |= {"values": values} if values else {}
        arguments[name] = argument
    return dict(sorted(arguments.items()))


def _outputs(script: str, nested: str) -> list[str]:
    """Return what can be read of a block besides its arguments."""
    found = re.search(rf"^class {nested}OutputReference .*?^\}}", script, re.DOTALL | re.MULTILINE)
    return sorted({match["name"] or match["complex"] for match in _OUTPUT.finditer(found[0])}) if found else []


def _declared(types: str, interface: str) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """Return for each property whether it is required, and the values that its description lists."""
    body = re.search(rf"interface {interface}(?: extends [\w.]+)? \{{(.*?)^\}}", types, re.DOTALL | re.MULTILINE)
    return {
        match["name"]: ({"required": not match["free"]}, _values(match["text"] or ""))
        for match in _DECLARED.finditer(body[1] if body else "")
    }


def _values(description: str) -> list[str]:
    """Read ``Possible values: ["A", "B"]`` or ``Supported values include: A, B and C.``; empty if it says neither."""
    found = _VALUES.search(description)
    if found is None:
        return []
    return json.loads(found[1]) if found[1] else re.findall(r"\w+", found[2].replace(" and ", ", "))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def used_only(arguments: dict[str, Any], words: set[str]) -> dict[str, Any]:
    """Return the arguments without the contents of those blocks that the configuration has no word for."""
    kept: dict[str, Any] = {}
    for name, argument in arguments.items():
        if "block" in argument and name not in words:
            kept[name] = {"required": argument["required"], "block": {}}
        elif "block" in argument:
            kept[name] = {**argument, "block": used_only(argument["block"], words)}
        else:
            kept[name] = argument
    return kept


def extract(names: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, BINDINGS]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
            with wheel.open(inner) as file, tarfile.open(fileobj=file, mode="r:gz") as archive:
                bindings = Bindings(archive)
                resources = {name: bindings.resource(name) for name in names}
    return {"provider": bindings.version, "bindings": BINDINGS, "resources": resources}


def main() -> None:
    schema = extract(used_resources(INFRA))
    words = set(re.findall(r"\w+", "".join(path.read_text("utf-8") for path in INFRA.glob("*.tf"))))
    for resource in schema["resources"].values():
        resource["arguments"] = used_only(resource["arguments"], words)
    SCHEMA.write_text(json.dumps(schema, indent=0) + "\n", encoding="utf-8")
    print(f"{SCHEMA.relative_to(ROOT)}: {len(schema['resources'])} resources of provider {schema['provider']}")


if __name__ == "__main__":
    main()
