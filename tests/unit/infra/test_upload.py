"""What Cloud Build is sent: all that an image copies, and nothing that merely lies in the tree.

gcloud reads ``.gcloudignore`` as git reads ``.gitignore``, so git says here which files are left.
"""

import subprocess
from pathlib import Path

import pytest

from tests.unit.infra.rules.configuration import INFRA, ROOT
from tools.build import contents
from tools.deployment.images import CONTEXTS, DOCKERFILES, sources

LYING_ABOUT = [
    ".env",
    ".git/config",
    ".venv/bin/python",
    ".venv-training/bin/python",
    "build/predict/main.py",
    "build/predict.zip",
    "data/fer2013.csv",
    "holiday.jpg",
    "infra/.terraform/modules/modules.json",
    "infra/my.tfvars",
    "infra/terraform.tfstate",
    "pictures/somebody.png",
    "runs/2026/model.keras",
    "shared/fer/__pycache__/domain.cpython-311.pyc",
    "tests/unit/test_makefile.py",
    "tools/linters/node_modules/a/index.js",
    "web/src/main.tsx",
]


def uploaded(root: Path, ignore: str, files: list[str]) -> set[str]:
    """Return those of the files that gcloud would send with these rules."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / ".gitignore").write_text(ignore, encoding="utf-8")
    repository = ["git", f"--git-dir={root.parent / f'{root.name}.git'}", f"--work-tree={root}"]
    subprocess.run([*repository, "init", "--quiet"], check=True)
    options = ["ls-files", "--others", "--exclude-per-directory=.gitignore", "-z"]
    listed = subprocess.run([*repository, *options], cwd=root, capture_output=True, text=True, check=True).stdout
    return set(listed.split("\0")) - {""}


def copied() -> set[str]:
    """Return every file that an image copies and every file that says how, as paths from the root of the project."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    built = [f"build/streaming/{name}" for name in contents("streaming", registry=True)]
    files = [each for each in [*tracked.split("\0"), *built] if not each.startswith("tools/linters/")]
    tops = {DOCKERFILES, *(source for name in CONTEXTS for source in sources(name))}
    return {each for each in files if any(each == top or each.startswith(f"{top}/") for top in tops)}


@pytest.fixture(scope="module")
def tree() -> list[str]:
    return sorted(copied() | set(LYING_ABOUT))


def test_everything_that_an_image_copies_is_sent_and_nothing_else(tmp_path: Path, tree: list[str]) -> None:
    rules = (ROOT / ".gcloudignore").read_text("utf-8")
    assert uploaded(tmp_path / "tree", rules, tree) == copied()
    assert "build/streaming/requirements.txt" in copied()
    assert "training/retraining/retrain.py" in copied()


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("/build/*", "/build/", "build/streaming/requirements.txt"),
        ("!/models/\n", "", "models/model_card.json"),
    ],
    ids=["the folder instead of its contents", "one less"],
)
def test_a_file_that_would_be_missing_is_noticed(
    tmp_path: Path, tree: list[str], old: str, new: str, lost: str
) -> None:
    rules = (ROOT / ".gcloudignore").read_text("utf-8")
    assert old in rules
    missing = copied() - uploaded(tmp_path / "tree", rules.replace(old, new), tree)
    assert any(each.startswith(lost.rsplit("/", 1)[0]) for each in missing)


def test_images_are_those_that_there_are_dockerfiles_for() -> None:
    assert {path.stem for path in (INFRA / "images").glob("*.Dockerfile")} == set(CONTEXTS)
