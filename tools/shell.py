"""Commands as a person would give them: shown, and run unless they are only to be shown."""

import shlex
import subprocess
from pathlib import Path


class Shell:
    """Runs commands in one folder, or prints them only."""

    def __init__(self, directory: Path, *, dry_run: bool) -> None:
        self._directory = directory
        self._dry_run = dry_run
        self._steps = 0

    def step(self, what: str) -> None:
        """Head what follows."""
        self._steps += 1
        print(f"\n# {self._steps}. {what}", flush=True)

    def run(self, *command: str) -> None:
        """Run and show a command; ends the program where it fails."""
        print(f"$ {shlex.join(command)}", flush=True)
        if not self._dry_run:
            done = subprocess.run(command, cwd=self._directory, check=False)
            if done.returncode:
                raise SystemExit(f"{command[0]} ended with {done.returncode}")

    def holds(self, *command: str) -> bool:
        """Whether a look at something succeeds; in a dry run nothing is there yet."""
        return self.answer(*command) is not None

    def answer(self, *command: str) -> str | None:
        """What a look at something prints, None where it fails, and in a dry run."""
        print(f"$ {shlex.join(command)}", flush=True)
        if self._dry_run:
            return None
        done = subprocess.run(command, cwd=self._directory, capture_output=True, text=True, check=False)
        return None if done.returncode else done.stdout.strip()

    @property
    def dry_run(self) -> bool:
        return self._dry_run
