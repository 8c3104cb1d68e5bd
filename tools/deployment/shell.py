"""Commands as a person would give them, step by step: shown, and run unless this is a dry run."""

import shlex
import subprocess
from pathlib import Path


class Shell:
    """Runs commands in one folder step by step, or only prints them, as a plan to follow by hand."""

    def __init__(self, directory: Path, *, dry_run: bool) -> None:
        self._directory = directory
        self._steps = 0
        self.dry_run = dry_run

    def step(self, purpose: str) -> None:
        """Begin a step: what the commands after it are for."""
        self._steps += 1
        print(f"\n{self._steps}. {purpose}", flush=True)

    def run(self, *command: str) -> None:
        """Show and run a command; end the program if it fails."""
        print(f"   $ {shlex.join(command)}", flush=True)
        if not self.dry_run:
            done = subprocess.run(command, cwd=self._directory, check=False)
            if done.returncode:
                raise SystemExit(f"{command[0]} ended with {done.returncode}")

    def holds(self, *command: str) -> bool:
        """Return whether a check succeeds; a dry run assumes that it fails, and shows how to check."""
        if self.dry_run:
            print(f"   only if that fails: {shlex.join(command)}", flush=True)
        return self._printed(command) is not None

    def answer(self, *command: str) -> str | None:
        """Return what a check prints, or None if it fails; a dry run shows the check and returns None."""
        if self.dry_run:
            print(f"   check first: {shlex.join(command)}", flush=True)
        return self._printed(command)

    def _printed(self, command: tuple[str, ...]) -> str | None:
        if self.dry_run:
            return None
        done = subprocess.run(command, cwd=self._directory, capture_output=True, text=True, check=False)
        return None if done.returncode else done.stdout.strip()
