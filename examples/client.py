"""Recognise a picture, and correct a label or withdraw a correction, with the standard library alone.

python3 client.py face.jpg
python3 client.py face.jpg --correct sad
python3 client.py --withdraw RECEIPT
"""

import argparse
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

TIMEOUT_S = 60


class Client:
    """The HTTP API on one origin."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def predict(self, picture: bytes) -> dict[str, Any]:
        """Return the faces, largest first, each with ``box``, ``expression``, ``confidence`` and ``scores``."""
        return self._send("POST", "/predict_expression?annotate=none", picture)

    def correct(self, picture: bytes, label: str, box: list[int]) -> dict[str, Any]:
        """Store the right label of the face in ``box``; the answer's ``receipt`` can withdraw it."""
        query = urllib.parse.urlencode({"label": label, "box": ",".join(map(str, box))})
        # With the same key, a repeated request never stores the correction twice.
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self._send("POST", f"/save_expression_feedback?{query}", picture, key)

    def withdraw(self, receipt: str) -> dict[str, Any]:
        """Take a correction back."""
        return self._send("DELETE", f"/save_expression_feedback/{receipt}")

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        sent = {"Content-Type": "application/octet-stream", **(headers or {})}
        request = urllib.request.Request(self._url + path, data=body, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            # Errors are JSON too: a text for people, a stable code, and whether to try again.
            raise SystemExit(f"{error.code}: {json.load(error)['error']}") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, nargs="?")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--correct", metavar="LABEL", help="store LABEL for the largest face")
    parser.add_argument("--withdraw", metavar="RECEIPT", help="take a correction back")
    options = parser.parse_args()
    client = Client(options.url)
    if options.withdraw:
        print(client.withdraw(options.withdraw)["message"])
        return
    if options.picture is None:
        parser.error("which picture?")
    picture = options.picture.read_bytes()
    faces = client.predict(picture)["faces"]
    for face in faces:
        print(f"{face['expression']:<10} {face['confidence']:.0%}  at {face['box']}")
    if not faces:
        print("no face found")
    elif options.correct:
        print("receipt:", client.correct(picture, options.correct, faces[0]["box"])["receipt"])


if __name__ == "__main__":
    main()
