"""``make fuzz``: generated requests against a server of its own, checked against docs/openapi.yaml (schemathesis).

More than 2,000 cases over all operations; fails on a 5xx and on any answer outside the specification.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from local.servers import ROOT, local_server, send

CASES_PER_OPERATION = 800
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as scratch,
        local_server(Path(scratch) / "bucket", log=Path(scratch) / "log") as server,
    ):
        # One correction, so that there is a CSV to download.
        photo = (ROOT / "docs" / "images" / "astronaut.jpg").read_bytes()
        headers = {"Content-Type": "image/jpeg"}
        send(server.url, "POST", "/save_expression_feedback?label=happy", headers=headers, body=photo)
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", "docs/openapi.yaml"]
        command += ["--url", server.url, "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"]
        command += ["--max-examples", str(CASES_PER_OPERATION), "--seed", "1", "--no-color"]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
