"""What is chosen for an installation: Terraform's variables, from files and from ``make deploy VARS=…``."""

import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"


class Variables:
    """The words of ``VARS`` and what they come to, in Terraform's own order: its files, then word by word.

    A word is ``-var``, ``name=value``, ``-var=name=value`` or ``-var-file=path``; a path is relative to the folder
    in which the command is given, not to ``infra/``. Raises ``SystemExit`` for a file that is not there.
    """

    def __init__(self, words: Sequence[str], *, directory: Path = INFRA) -> None:
        self.arguments: list[str] = []
        self._texts: list[str] = [
            path.read_text("utf-8")
            for path in [directory / "terraform.tfvars", *sorted(directory.glob("*.auto.tfvars"))]
            if path.is_file()
        ]
        self._declared = (directory / "variables.tf").read_text("utf-8")
        for word in words:
            if word.startswith("-var-file="):
                path = Path(word.removeprefix("-var-file=")).absolute()
                if not path.is_file():
                    raise SystemExit(f"{path} is not there")
                self._texts.append(path.read_text("utf-8"))
                self.arguments.append(f"-var-file={path}")
            else:
                self._texts.append(_assignment(word.removeprefix("-var=")))
                self.arguments.append(word)

    def __getitem__(self, name: str) -> str:
        """Return the value as it is written, a text without its quotes; the default where none was given."""
        for text in reversed(self._texts):
            found = _value(name, text)
            if found is not None:
                return found
        block = re.search(rf'^variable "{name}" \{{\n(.*?)^\}}', self._declared, re.DOTALL | re.MULTILINE)
        default = _value("default", block[1]) if block else None
        if default is None:
            raise KeyError(f"{name} has neither a value nor a default")
        return default


def _assignment(word: str) -> str:
    name, equals, value = word.partition("=")
    return f"{name} = {value}\n" if equals and name.isidentifier() else ""


def _value(name: str, text: str) -> str | None:
    """Return the last value that a text gives to a name; a list as it stands, over as many lines as it takes."""
    found = re.findall(rf"^\s*{name}\s*=\s*(\[.*?\]|[^\n]*?)\s*(?:#[^\n]*)?$", text, re.DOTALL | re.MULTILINE)
    return found[-1].removeprefix('"').removesuffix('"') if found else None
