"""Cold start: CPU time of ``alvh --help`` against a bare ``python -c pass``, interleaved, medians.

The limit is 8 times the bare interpreter. Exit code 1 where it is missed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

LIMIT = 8.0
ROUNDS = 21

BARE = "python -c pass"
HELP = "alvh --help"


def cpu_seconds(command: list[str]) -> float:
    """User plus system time of one child process."""
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def wait_cpu_seconds(command: list[str]) -> float:
    """The same from ``wait4``, whose clock is finer than the 10 ms ticks of ``os.times``."""
    if not hasattr(os, "wait4"):
        return cpu_seconds(command)
    with open(os.devnull, "wb") as nothing:
        child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nothing.fileno(), 1)])
        _, status, usage = os.wait4(child, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    script = Path(sys.executable).with_name("alvh")
    help_command = [str(script), "--help"] if script.exists() else [sys.executable, "-m", "alvh", "--help"]
    commands = {BARE: [sys.executable, "-c", "pass"], HELP: help_command}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():  # once unmeasured, so that bytecode is written and files are cached
        wait_cpu_seconds(command)
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(wait_cpu_seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians[HELP] / medians[BARE]
    print("| command | CPU, median of 21 | ratio |")
    print("|---|---|---|")
    for name, value in medians.items():
        print(f"| `{name}` | {1e3 * value:.1f} ms | {value / medians[BARE]:.1f} |")
    print(f"limit {LIMIT:g}: {'reached' if ratio <= LIMIT else 'MISSED'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
