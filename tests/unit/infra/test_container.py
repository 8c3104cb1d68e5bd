"""The Dockerfiles: who runs in them, from what, and that what they copy and run is there."""

import re
import tomllib
from pathlib import Path

import pytest

from local.servers import MALLOC
from tests.unit.infra.rules.configuration import INFRA, ROOT
from tools.deployment.dockerfile import Stage, parse

DOCKERFILES = [ROOT / "Dockerfile", *sorted((INFRA / "images").glob("*.Dockerfile"))]


@pytest.fixture(params=DOCKERFILES, ids=lambda path: path.name)
def stages(request: pytest.FixtureRequest) -> list[Stage]:
    return parse(request.param)


def test_every_base_image_has_a_version(stages: list[Stage]) -> None:
    for stage in stages:
        assert re.fullmatch(r"(python|node):\d+\.\d+\.\d+-[a-z-]+(@sha256:[0-9a-f]{64})?", stage.base)


def test_python_is_the_one_the_project_needs(stages: list[Stage]) -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pyright"]["pythonVersion"]
    assert all(stage.base.startswith(f"python:{needed}.") for stage in stages if stage.base.startswith("python"))


def test_what_runs_is_no_administrator(stages: list[Stage]) -> None:
    last = stages[-1]
    users = [instruction.text for instruction in last.all("USER")]
    assert len(users) == 1
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[0])
    names = [instruction.name for instruction in last.instructions]
    assert "RUN" not in names[names.index("USER") :]
    assert "COPY" not in names[names.index("USER") :]


def test_everything_that_is_copied_is_there() -> None:
    # The streaming image's context is what `make build` has made.
    in_the_tree = [path for path in DOCKERFILES if path.name != "streaming.Dockerfile"]
    for stage in (stage for path in in_the_tree for stage in parse(path)):
        for instruction in stage.all("COPY"):
            for source in instruction.paths[:-1] if instruction.source_stage is None else []:
                assert (ROOT / source).exists(), source


def test_container_listens_where_spaces_look_and_is_asked_how_it_is() -> None:
    server = parse(ROOT / "Dockerfile")[-1]
    assert server.environment["PORT"] == "7860"
    assert [instruction.text for instruction in server.all("EXPOSE")] == ["7860"]
    assert server.environment["HOST"] == "0.0.0.0"
    assert "urlopen" in server.all("HEALTHCHECK")[0].text


def test_container_runs_what_make_run_runs() -> None:
    server = parse(ROOT / "Dockerfile")[-1]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert server.all("CMD")[0].words == [".venv/bin/python", "-m", "local.server"]
    assert "$(BIN)/python -m local.server" in makefile
    for name, value in MALLOC.items():
        assert server.environment[name] == value
        assert f"export {name} ?= {value}\n" in makefile


def test_container_installs_all_that_make_run_installs() -> None:
    runtime = re.search(r"^RUNTIME := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert runtime is not None
    installed = " ".join(each.text for stage in parse(ROOT / "Dockerfile") for each in stage.all("RUN"))
    for requirements in runtime[1].replace("\\\n", " ").split():
        assert f"-r {requirements}" in installed


def test_a_dockerfile_is_read_as_docker_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(
        '# a comment\nARG V=1\nFROM a:1 AS one\nENV A=1 \\\n    # why\n    B="2 3"\n\nFROM b:1\n# more\n'
        'COPY --from=one x y/\nCMD ["z", "1"]\n'
    )
    one, two = parse(path)
    assert (one.base, one.name, one.environment) == ("a:1", "one", {"A": "1", "B": "2 3"})
    copy, command = two.instructions
    assert (copy.source_stage, copy.paths, command.words) == ("one", ["x", "y/"], ["z", "1"])
