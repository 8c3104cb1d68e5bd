"""``make fuzz-pictures``: damaged pictures in two processes that fill fresh memory differently.

Whatever a decoder leaves unwritten then differs between them; in production it would be another caller's pixels.
Fails on any difference, crash or foreign error, and on anything that takes too long or too much memory.
"""

import argparse
import hashlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fer.errors import FerError
from tools.drawn_pictures import SIZE_WH, encoded_pictures
from tools.mutations import Mutator

ROOT = Path(__file__).resolve().parents[1]
MUTATIONS = 24_000
# mallopt(3): the byte with which glibc fills freed memory and, inverted, allocated memory.
FILLS = ("85", "170")
MAX_SECONDS = 2.0
# As much as the whole server may hold (tests/e2e/test_memory.py).
MAX_RESIDENT_MB = 500
DECODER = "fer.vision.images:decode_image"


def decode_all(first: int, end: int, *, seed: int, decoder: str) -> None:
    """Decode the mutations ``first`` to ``end`` and print one outcome per line; runs in its own process."""
    module, _, name = decoder.partition(":")
    decode: Callable[[bytes], Any] = getattr(importlib.import_module(module), name)
    mutator = Mutator(encoded_pictures(), SIZE_WH, seed=seed)
    for number in range(first, end):
        what, data = mutator.make(number)
        started_s = time.process_time()
        result = _result(decode, data)
        print(json.dumps([what, result, time.process_time() - started_s, _peak_resident_mb()]), flush=True)


def _peak_resident_mb() -> float:
    """Return this program's peak memory; getrusage may report that of the process it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _result(decode: Callable[[bytes], Any], data: bytes) -> str:
    try:
        image = decode(data)
    except FerError as error:
        return error.code if error.status < 500 else f"fault {error!r}"
    except Exception as error:  # noqa: BLE001  the very thing that is looked for
        return f"fault {error!r}"
    return f"{image.shape} {hashlib.sha256(image).hexdigest()}"


def run_twice(first: int, end: int, *, seed: int, decoder: str = DECODER) -> tuple[list[str], dict[str, int]]:
    """Decode every mutation under two fills at once; return the problems and the frequency of each result."""
    with _worker(first, end, seed, decoder, FILLS[0]) as one, _worker(first, end, seed, decoder, FILLS[1]) as other:
        problems: list[str] = []
        peak_mb = float(MAX_RESIDENT_MB)
        counts: dict[str, int] = {}
        number = first
        for number, (lines, others) in enumerate(zip(one, other, strict=False), first):
            (what, result, *costs), (_, second, *other_costs) = json.loads(lines), json.loads(others)
            counts[_kind(result)] = counts.get(_kind(result), 0) + 1
            found = [*_problems(result, second), *_costs(costs, other_costs, peak_mb=peak_mb)]
            problems += [f"{number} ({what}): {problem}" for problem in found]
            peak_mb = max(peak_mb, *costs[1:], *other_costs[1:])
        if number != end - 1:
            problems.append(f"{number + 1}: a process ended")
    return problems, counts


def _kind(result: str) -> str:
    return "decoded" if result.startswith("(") else result.partition(" ")[0]


def _problems(result: str, second: str) -> Iterator[str]:
    if result != second:
        yield f"depends on uninitialised memory: {result} and {second}"
    if "fault" in (_kind(result), _kind(second)):
        yield result


def _costs(costs: list[float], other_costs: list[float], *, peak_mb: float) -> Iterator[str]:
    # Other work on the machine can slow down one process, but hardly both.
    if min(costs[0], other_costs[0]) > MAX_SECONDS:
        yield f"{costs[0]:.1f} s"
    if max(costs[1], other_costs[1]) > peak_mb:
        yield f"{max(costs[1], other_costs[1]):.0f} MB"


@contextmanager
def _worker(first: int, end: int, seed: int, decoder: str, fill: str) -> Generator[Iterator[str]]:
    # Two heaps instead of one per core, as in the server.
    environ = {**os.environ, "MALLOC_PERTURB_": fill, "MALLOC_ARENA_MAX": "2"}
    environ["GLIBC_TUNABLES"] = "glibc.malloc.tcache_count=0"  # memory in that cache is not filled
    command = [sys.executable, "-W", "ignore", "-m", "tools.fuzz_pictures", "--decode", f"{first}:{end}"]
    command += ["--seed", str(seed), "--decoder", decoder]
    with tempfile.TemporaryFile("w+") as chatter:  # libpng and libjpeg complain on stderr
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=chatter, text=True)
        assert process.stdout is not None
        with process:
            try:
                yield iter(process.stdout)
            finally:
                process.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decoder", default=DECODER)
    parser.add_argument("--decode", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.decode:
        first, _, end = args.decode.partition(":")
        decode_all(int(first), int(end), seed=args.seed, decoder=args.decoder)
        return 0
    problems, counts = run_twice(0, args.mutations, seed=args.seed, decoder=args.decoder)
    print(*problems, sep="\n")
    print(f"{args.mutations} mutations of {len(encoded_pictures())} pictures, {len(problems)} problems; {counts}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
