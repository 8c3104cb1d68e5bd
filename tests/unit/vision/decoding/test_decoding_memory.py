"""What a picture is charged is what its decoding really takes; measured in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SIDE_PX = 1_000
# Allocators round, and libraries have tables of their own.
MORE_BYTES_PER_PX = 1.5

MEASURE = """
import ctypes, gc, json, sys
from fer.vision.decoding.headers import read_header
from fer.vision.images import decode_image
from tools.drawn_pictures import encoded_pictures

def status_kb(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

side_px = int(sys.argv[1])
drawn = encoded_pictures((side_px, side_px))
for data in encoded_pictures((64, 64)).values():
    decode_image(data)  # what is imported and allocated once
measured = {}
for name, data in drawn.items():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    open("/proc/self/clear_refs", "w").write("5")  # VmHWM begins anew: see proc(5)
    before_kb = status_kb("VmRSS")
    decode_image(data)
    measured[name] = ((status_kb("VmHWM") - before_kb) * 1024 / side_px**2, read_header(data).bytes_per_px)
print(json.dumps(measured))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_no_picture_takes_more_memory_than_it_is_charged() -> None:
    command = [sys.executable, "-c", MEASURE, str(SIDE_PX)]
    # What is freed goes back at once, so that each picture is measured alone.
    environ = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    measured: dict[str, tuple[float, int]] = json.loads(done.stdout)
    assert len(measured) > 30
    assert {name: pair for name, pair in measured.items() if pair[0] > pair[1] + MORE_BYTES_PER_PX} == {}
    # Nor is any kept waiting for far more than it takes.
    assert {name: pair for name, pair in measured.items() if pair[1] > 2.1 * pair[0]} == {}
