"""The container images that Cloud Build makes: what goes into each, and a name that says so."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.deployment.dockerfile import parse

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DOCKERFILES = "infra/images"
CONTEXTS = {"streaming": "build/streaming", "training": "."}
"""Image → its build context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A container image and what it is built from; the tag is the digest of its content."""

    name: str
    digest: str

    @property
    def dockerfile(self) -> str:
        return f"{DOCKERFILES}/{self.name}.Dockerfile"

    @property
    def context(self) -> str:
        return CONTEXTS[self.name]

    def url(self, project: str, region: str, installation: str) -> str:
        return f"{region}-docker.pkg.dev/{project}/{installation}/{self.name}:{self.digest[:32]}"


def images() -> list[Image]:
    """Return the streaming service, once it is built, and the retraining job."""
    return [Image(name=name, digest=_digest(name)) for name in CONTEXTS if (ROOT / CONTEXTS[name]).is_dir()]


def _digest(name: str) -> str:
    dockerfile = f"{DOCKERFILES}/{name}.Dockerfile"
    if name != "streaming":
        return tree_digest([dockerfile, *sources(name)])
    # What is built also says when and from which commit; its own digest leaves those out.
    built = json.loads((BUILD / name / "build_info.json").read_text("utf-8"))["digest"]
    return hashlib.sha256(f"{tree_digest([dockerfile])}\n{built}".encode()).hexdigest()


def sources(name: str) -> list[str]:
    """Return what an image copies from its context, as paths from the root of the project."""
    copies = [copy for stage in parse(ROOT / DOCKERFILES / f"{name}.Dockerfile") for copy in stage.all("COPY")]
    found = {source for copy in copies if copy.source_stage is None for source in copy.paths[:-1]}
    return sorted(str(Path(CONTEXTS[name]) / source) for source in found)


def tree_digest(parts: Iterable[str]) -> str:
    """Return one sha256 over the names and bytes of all files in these parts of the tree."""
    digest = hashlib.sha256()
    for part in parts:
        top = ROOT / part
        for path in [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts and "node_modules" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
