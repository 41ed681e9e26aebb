"""``alvh``: parse, run one command, and turn every outcome into an exit code here and nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from alvh.core.errors import AlvhError

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, the shell's convention."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (listed by ``alvh --help``)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse: 0 after --help and --version, 2 after a usage error
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    except AlvhError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.exit_code == EXIT_BUG:
            _report_bug(error, arguments)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: stopped by the keyboard; nothing half-written was left.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has gone. Point stdout at nothing, or the interpreter complains while it closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        print(f"error: {type(error).__name__}: {error}. This is a bug in alvh.", file=sys.stderr)
        _report_bug(error, arguments)
        return EXIT_BUG


def _run(arguments: list[str]) -> int:
    from alvh.app.parser import parse

    options = parse(arguments)
    from importlib import import_module

    command = import_module(f"alvh.app.commands.{options.command}")
    return int(command.run(options))


def _report_bug(error: BaseException, arguments: list[str]) -> None:
    from alvh.app.bugreport import write_bug_report

    print(f"Next: send {write_bug_report(error, arguments)} with your report.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
