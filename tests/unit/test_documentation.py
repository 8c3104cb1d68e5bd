"""The OpenAPI file against the code: no route and no error code is left out, or too many."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from fer import errors

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))


def test_specification_is_valid(specification: dict[str, Any]) -> None:
    validate(specification)


def test_every_error_code_is_documented(specification: dict[str, Any]) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FerError)]
    documented = specification["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert sorted(documented) == sorted({kind.code for kind in kinds})


def test_every_route_is_documented(specification: dict[str, Any]) -> None:
    documented = {
        (method.upper(), path) for path, operations in specification["paths"].items() for method in operations
    }
    source = "".join(
        (ROOT / "functions" / name / "main.py").read_text() for name in ("predict", "feedback", "export")
    )
    for method, path in documented - {("GET", "/")}:
        assert f'@endpoint.route("{method}", "{path}"' in source
    assert source.count("@endpoint.route(") == len(documented) - 1


def test_every_decision_has_its_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert records
    for record in records:
        text = record.read_text(encoding="utf-8")
        for part in ("## Problem", "## Decision", "## Rejected"):
            assert part in text, f"{record.name} lacks {part}"
