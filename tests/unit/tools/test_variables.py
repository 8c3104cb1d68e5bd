"""Terraform's variables as ``make deploy`` reads them."""

from pathlib import Path

import pytest

from tools.deployment.variables import INFRA, Variables

DECLARED = """variable "name" {
  type    = string
  default = "fer"
}

variable "callers" {
  type    = list(string)
  default = ["allUsers"]
}

variable "project" {
  type = string
}
"""


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text(DECLARED)
    return tmp_path


def test_default_is_the_declared_one(infra: Path) -> None:
    assert Variables([], directory=infra)["name"] == "fer"
    assert Variables([])["name"] == "fer"
    assert Variables([])["callers"] == '["allUsers"]'
    with pytest.raises(KeyError, match="project"):
        _ = Variables([], directory=infra)["project"]


@pytest.mark.parametrize(
    "words", [["-var", "name=other"], ["-var=name=other"], ["-var", "name=x", "-var", "name=other"]]
)
def test_the_last_word_counts(infra: Path, words: list[str]) -> None:
    variables = Variables(words, directory=infra)
    assert variables["name"] == "other"
    assert variables.arguments == words


def test_a_file_counts_where_it_stands_and_is_found_from_here(
    infra: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.tfvars").write_text('# who\nname = "mine" # short\ncallers = [\n  "domain:a.example",\n]\n')
    monkeypatch.chdir(tmp_path)
    variables = Variables(["-var", "name=x", "-var-file=mine.tfvars"], directory=infra)
    assert variables["name"] == "mine"
    assert "allUsers" not in variables["callers"]
    assert "domain:a.example" in variables["callers"]
    assert variables.arguments[-1] == f"-var-file={tmp_path / 'mine.tfvars'}"
    assert Variables(["-var-file=mine.tfvars", "-var", "name=x"], directory=infra)["name"] == "x"


def test_a_file_that_terraform_reads_by_itself_counts_too(infra: Path) -> None:
    (infra / "terraform.tfvars").write_text('name = "one"\n')
    assert Variables([], directory=infra)["name"] == "one"
    (infra / "a.auto.tfvars").write_text('name = "two"\n')
    assert Variables([], directory=infra)["name"] == "two"


def test_a_file_that_is_not_there_is_named(infra: Path) -> None:
    with pytest.raises(SystemExit, match=r"nowhere\.tfvars"):
        Variables(["-var-file=nowhere.tfvars"], directory=infra)


def test_what_deploying_asks_for_is_declared() -> None:
    variables = Variables([])
    assert {name: variables[name] for name in ("domain", "budget")} == {"domain": "", "budget": "25"}
    assert (INFRA / "variables.tf").is_file()
