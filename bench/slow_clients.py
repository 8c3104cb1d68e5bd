"""Whether slow clients and large pictures hold up the others: ``python -m bench.slow_clients [--json OUT]``.

200 stalled connections, half of them inside the headers, next to health checks and predictions; and one picture of
23 megapixels next to four clients that post 13 megapixels in a loop. Each with and without, in the same run. And,
on the output of ``make build``, as many stalled bodies as predict is deployed with threads.
"""

import argparse
import json
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.harness.measures import ROOT, circumstances, summary
from bench.harness.pictures import jpeg, one_face
from local.servers import Server, function_server, local_server, send

STALLED = 200
LOOPING = 4
DEPLOYED_THREADS = 4
"""Of predict in infra/functions.tf."""
JPEG = {"Content-Type": "image/jpeg"}
HEAD = (
    b"POST /predict_expression HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 3000000\r\n"
)


def predict_s(server: Server, photo: bytes) -> float:
    reply = send(server.url, "POST", "/predict_expression?annotate=none", headers=JPEG, body=photo, timeout_s=120)
    if reply.status != 200:
        raise SystemExit(f"a prediction was answered {reply.status}: {reply.body[:200]!r}")
    return reply.elapsed_s


def health_s(server: Server) -> float:
    return send(server.url, "GET", "/", timeout_s=30).elapsed_s


def measure_stalled(server: Server, *, stalled: int = STALLED, runs: int = 40) -> dict[str, Any]:
    photo = jpeg(one_face(640, 480))
    [predict_s(server, photo) for _ in range(5)]
    alone = [predict_s(server, photo) for _ in range(runs)]
    with ExitStack() as held:
        for number in range(stalled):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(HEAD + (b"\r\n\xff\xd8\xff" if number % 2 else b""))
        health = [health_s(server) for _ in range(runs)]
        beside = [predict_s(server, photo) for _ in range(runs)]
    return {"stalled": stalled, "health": summary(health), "prediction": summary(beside), "alone": summary(alone)}


def measure_artefact(directory: Path) -> dict[str, Any]:
    """Measure the same for the built predict, under the functions framework with the deployed threads."""
    log = directory / "predict.log"
    settings = {"THREADS": str(DEPLOYED_THREADS)}
    with function_server(Path(sys.executable), ROOT / "build" / "predict", "predict", log=log, **settings) as server:
        return {"threads": DEPLOYED_THREADS, **measure_stalled(server, stalled=DEPLOYED_THREADS)}


def measure_fair_turn(server: Server, *, runs: int = 5) -> dict[str, Any]:
    looped, large = (jpeg(one_face(*size_wh)) for size_wh in ((4160, 3120), (5536, 4152)))
    alone = [predict_s(server, large) for _ in range(runs)]
    over = threading.Event()

    def loop() -> None:
        while not over.is_set():
            predict_s(server, looped)

    clients = [threading.Thread(target=loop) for _ in range(LOOPING)]
    for client in clients:
        client.start()
    try:
        beside = [predict_s(server, large) for _ in range(runs)]
    finally:
        over.set()
        for client in clients:
            client.join()
    return {"looping": LOOPING, "large": summary(beside), "alone": summary(alone)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with local_server(directory / "bucket", log=directory / "log") as server:
            report = {
                "benchmark": "slow_clients",
                **circumstances(),
                "stalled": measure_stalled(server),
                "fair_turn": measure_fair_turn(server),
            }
        report["artefact"] = measure_artefact(directory)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
