"""Creates virtual environments from a single requirements file and keeps them until that file changes."""

import hashlib
import shutil
import subprocess
import venv
from pathlib import Path


def prepare_environment(directory: Path, requirements: Path) -> Path:
    """Return the python of the environment in ``directory``, which is recreated if ``requirements`` has changed."""
    python = directory / "bin" / "python"
    marker = directory / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if python.exists() and marker.is_file() and marker.read_text() == digest:
        return python
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "-r", str(requirements)], check=True)
    subprocess.run([*pip, "check"], check=True, stdout=subprocess.DEVNULL)
    marker.write_text(digest)
    return python


def installed_bytes(python: Path) -> int:
    """Return the size of what was installed: site-packages without pip and setuptools."""
    (site_packages,) = (python.parent.parent / "lib").glob("python3*/site-packages")
    left_out = ("pip", "setuptools", "_distutils_hack", "distutils")
    counted = (entry for entry in site_packages.iterdir() if entry.name.partition("-")[0] not in left_out)
    return sum(_bytes_of(entry) for entry in counted)


def _bytes_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.lstat().st_size for file in files if not file.is_dir())
