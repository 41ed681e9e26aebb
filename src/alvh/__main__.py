"""``python -m alvh``: the command line without its script."""

import sys

from alvh.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
