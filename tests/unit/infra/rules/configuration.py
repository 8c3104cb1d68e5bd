"""The Terraform configuration as data: what its files say, with literals as values and expressions as ``${…}``."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import hcl2

ROOT = Path(__file__).resolve().parents[4]
INFRA = ROOT / "infra"

_NOTES = ("__comments__", "__inline_comments__", "__is_block__")


@dataclass(frozen=True, slots=True)
class Resource:
    """One ``resource`` block, or a ``data`` block, whose type then begins with ``data.``.

    ``body`` maps an argument to its value and a block to the list of its bodies.
    """

    type: str
    name: str
    body: Mapping[str, Any]

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"

    def block(self, *path: str) -> dict[str, Any]:
        """The one nested block at the path; empty where there is none."""
        body: Any = self.body
        for name in path:
            found = cast("list[dict[str, Any]]", body.get(name, []))
            if len(found) > 1:
                raise ValueError(f"{self.address} has {len(found)} blocks {name}, expected at most one")
            body = found[0] if found else {}
        return dict(body)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All files of one configuration together."""

    resources: tuple[Resource, ...]
    locals: Mapping[str, Any]
    variables: Mapping[str, dict[str, Any]]
    outputs: Mapping[str, dict[str, Any]]

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    def resource(self, address: str) -> Resource:
        found = [resource for resource in self.resources if resource.address == address]
        if not found:
            raise LookupError(f"{address} is not there")
        return found[0]


def read_files(directory: Path = INFRA) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(directory.glob("*.tf"))}


def parse(files: Mapping[str, str]) -> Configuration:
    """The configuration in these files (name → text)."""
    resources: list[Resource] = []
    merged: dict[str, dict[str, Any]] = {"locals": {}, "variable": {}, "output": {}}
    for text in files.values():
        document = _document(text)
        for prefix, block in [("", each) for each in document.get("resource", [])] + [
            ("data.", each) for each in document.get("data", [])
        ]:
            for kind, named in block.items():
                resources += [Resource(f"{prefix}{kind}", name, body) for name, body in named.items()]
        for kind, found in merged.items():
            for block in document.get(kind, []):
                found.update(block)
    return Configuration(
        resources=tuple(resources),
        locals=merged["locals"],
        variables=merged["variable"],
        outputs=merged["output"],
    )


@functools.cache
def _document(text: str) -> dict[str, list[dict[str, Any]]]:
    """One file; kept, for the edits in the tests change one file and parse all."""
    return cast("dict[str, list[dict[str, Any]]]", _plain(hcl2.loads(text)))


def _plain(value: Any) -> Any:
    """Without the parser's notes, and with literal strings and labels out of their quotes."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {_plain(key): _plain(entry) for key, entry in entries.items() if key not in _NOTES}
    if isinstance(value, list):
        return [_plain(entry) for entry in cast("list[Any]", value)]
    if isinstance(value, str) and len(value) >= 2 and value[0] == value[-1] == '"':
        return cast("str", json.loads(value)) if "${" not in value else value[1:-1].replace('\\"', '"')
    return value


def nested_blocks(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with what its ``dynamic`` blocks make among its other blocks."""
    given = {name: value for name, value in body.items() if name != "dynamic"}
    for dynamic in cast("list[dict[str, Any]]", body.get("dynamic", [])):
        for name, block in dynamic.items():
            given[name] = [*cast("list[Any]", given.get(name, [])), *cast("list[Any]", block["content"])]
    return given


def strings(value: object) -> Iterator[str]:
    """Every text anywhere in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in cast("dict[str, Any]", value).items():
            yield key
            yield from strings(entry)
    elif isinstance(value, list):
        for entry in cast("list[Any]", value):
            yield from strings(entry)


def set_names(configuration: Configuration, expression: Any) -> set[str]:
    """Keys of an object expression: ``{…}``, ``local.name`` or a ``merge(…)`` of such."""
    if isinstance(expression, dict):
        return set(cast("dict[str, Any]", expression))
    names = set(re.findall(r"\b([A-Z][A-Z0-9_]+) = ", str(expression)))
    for local in re.findall(r"\blocal\.(\w+)", str(expression)):
        names |= set_names(configuration, configuration.locals[local])
    return names


def changed(file: str, old: str, new: str) -> Configuration:
    """The configuration as it would be after an edit: the first ``old`` in ``file`` becomes ``new``.

    An empty ``old`` appends ``new``.
    """
    files = read_files()
    if old not in files[file]:
        raise ValueError(f"{file} does not contain {old!r}")
    files[file] = files[file].replace(old, new, 1) if old else f"{files[file]}\n{new}"
    return parse(files)
