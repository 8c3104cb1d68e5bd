"""The stages of a Dockerfile with their instructions."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from dockerfile_parse import DockerfileParser
from dockerfile_parse.parser import image_from


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; ``text`` is what follows its name, on one line."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The arguments: the elements of a JSON array, else the words as a shell would split them."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)

    @property
    def source_stage(self) -> str | None:
        """The stage that a COPY takes its files from; None for the build context."""
        return next((word.removeprefix("--from=") for word in self.words if word.startswith("--from=")), None)

    @property
    def paths(self) -> list[str]:
        """Sources and target of a COPY."""
        return [word for word in self.words if not word.startswith("--")]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its base image, its name (may be empty) and its instructions after FROM."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list[Instruction])

    def all(self, name: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.name == name]

    @property
    def environment(self) -> dict[str, str]:
        pairs = [word for instruction in self.all("ENV") for word in instruction.words]
        return dict(pair.split("=", 1) for pair in pairs)


def parse(path: Path) -> list[Stage]:
    """Return the stages in order; an ARG before the first FROM belongs to none of them."""
    stages: list[Stage] = []
    with path.open("rb") as file:
        steps = DockerfileParser(fileobj=cast("Any", file)).structure  # it wants bytes, and is annotated with text
    for step in steps:
        name, value = step["instruction"], step["value"]
        if name == "FROM":
            base, stage = image_from(value)
            if base is None:
                raise ValueError(f"{path}: FROM names no image: {value!r}")
            stages.append(Stage(base, stage or ""))
        elif stages and name != "COMMENT":
            stages[-1].instructions.append(Instruction(name, value))
    return stages
