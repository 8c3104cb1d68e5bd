"""Images are named by what goes into them: whatever an image copies changes its name, and nothing else does."""

import shutil
from pathlib import Path

import pytest

from tools.deployment import images as module
from tools.deployment.images import ROOT, Image, images, sources, tree_digest


def test_an_image_is_named_by_its_content() -> None:
    image = Image(name="training", digest="0123456789abcdef" * 4)
    url = image.url("a-project", "europe-west1", "fer")
    assert url == "europe-west1-docker.pkg.dev/a-project/fer/training:0123456789abcdef0123456789abcdef"
    assert (
        tree_digest(["tools/deployment/deploy.py"])
        == tree_digest(["tools/deployment/deploy.py"])
        != tree_digest(["tools/deployment/archive.py"])
    )


def test_the_retraining_job_has_an_image_in_this_very_tree() -> None:
    training = next(image for image in images() if image.name == "training")
    assert (ROOT / training.dockerfile).is_file()
    assert training.context == "."


def test_streaming_is_copied_whole() -> None:
    assert sources("streaming") == ["build/streaming", "build/streaming/requirements.txt"]


@pytest.mark.parametrize("source", sources("training"))
def test_everything_that_training_copies_changes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    kept = [*sources("training"), "infra/images/training.Dockerfile"]
    for each in kept:
        if (ROOT / each).is_file():
            (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / each, tmp_path / each)
        else:
            (tmp_path / each).mkdir(parents=True, exist_ok=True)
            (tmp_path / each / "file").touch()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    before = named("training")
    changed = tmp_path / source if (tmp_path / source).is_file() else tmp_path / source / "file"
    changed.write_text("something else")
    assert named("training") != before


def named(name: str) -> str:
    return next(image.digest for image in images() if image.name == name)
