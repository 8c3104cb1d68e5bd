"""``python -m fer.cli`` is the command ``fer``."""

import sys

from fer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
