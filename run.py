#!/usr/bin/env python3
"""Set up and run alvh with nothing but Python: `python3 run.py demo`, `python3 run.py test`.

Makes `.venv` beside this file (with uv where it is found, else venv and pip), installs once, and runs. The environment is
remade only when pyproject.toml, constraints.txt, this folder's place or the Python version change. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "alvh-stamp.json"
NEEDED = (3, 11)
MOST_WORKERS = 4
"""Processes of a test run at most: each loads the histories that its tests read."""
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

EPILOG = """commands:
  demo    run the default policy on the embedded sample and leave a report (arguments pass on to 'alvh demo')
  test    run the tests, without the slow ones (arguments pass on to pytest)
  check   format, lint, types, import contracts, structure
  bench   run benchmarks/ and the slow tests (arguments name benchmarks, for example 'cold_start')
  docs    run every command that the documentation shows, then build the site into build/site
  clean   remove .venv, build/ and caches
"""


class Stop(Exception):
    """Ends the run with a message and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(text: str) -> None:
    print("run.py: " + text, file=sys.stderr, flush=True)


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python that is too old, with what to do about it."""
    if tuple(version[:2]) < NEEDED:
        found = ".".join(str(part) for part in version[:3])
        raise Stop(f"Python {found} is too old. Allowed: 3.11 or newer. Next: python3.11 run.py demo (or python3.12, ...).", 3)


def venv_advice(version: tuple[int, ...], missing: list[str]) -> str:
    """What to type where Python comes without venv or ensurepip, as on a plain Debian or Ubuntu."""
    exact = f"python{version[0]}.{version[1]}-venv"
    return (
        f"this Python has no {' and no '.join(missing)}, so it cannot make a virtual environment.\n"
        f"  Next (Debian, Ubuntu):  sudo apt-get update && sudo apt-get install -y {exact}\n"
        f"  If that package is unknown:  sudo apt-get install -y python3-venv\n"
        f"  Or install uv, which needs neither, and run this again."
    )


def missing_venv_parts() -> list[str]:
    return [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]


def fingerprint(root: Path, version: tuple[int, ...]) -> str:
    """Hash of everything that an installation depends on but its extras."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    digest.update(f"{root} {version[0]}.{version[1]}".encode())
    return digest.hexdigest()


def installed_extras(stamp: Path, wanted: str) -> set[str] | None:
    """Extras of the installation that the stamp records, or None where it is absent, unreadable or out of date."""
    try:
        held = json.loads(stamp.read_text(encoding="utf-8"))
        return set(held["extras"]) if held["fingerprint"] == wanted else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def environment() -> dict[str, str]:
    """The caller's environment, less what would lead Python astray, so that pip's and uv's own settings are inherited."""
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__"}}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = str(PYTHON.parent) + os.pathsep + env.get("PATH", "")
    env.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    return env


def call(*command: str | Path, quiet: bool = False) -> int:
    """Run a command in the repository's root inside the environment and return its exit code."""
    out = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(part) for part in command], cwd=ROOT, env=environment(), stdout=out)


def must(*command: str | Path, what: str) -> None:
    code = call(*command)
    if code != 0:
        raise Stop(f"{what} failed (exit {code}); its own message stands above.", code if code > 0 else 1)


def make_with_uv(uv: str, target: str) -> bool:
    """Make and fill the environment with uv; False where uv fails, so that pip can be tried."""
    if not PYTHON.exists() and call(uv, "venv", "--quiet", "--python", sys.executable, VENV) != 0:
        return False
    return call(uv, "pip", "install", "--quiet", "--python", PYTHON, "-c", ROOT / "constraints.txt", "-e", target) == 0


def make_with_pip(target: str) -> None:
    if PYTHON.exists() and call(PYTHON, "-m", "pip", "--version", quiet=True) != 0:
        shutil.rmtree(VENV)  # made by uv, which leaves pip out
    if not PYTHON.exists():
        missing = missing_venv_parts()
        if missing:
            raise Stop(venv_advice(sys.version_info[:3], missing), 3)
        must(sys.executable, "-m", "venv", VENV, what="making .venv")
    must(PYTHON, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", "-e", target, what="pip install")


def ensure(*extras: str) -> None:
    """Make the environment, or add what is missing to it; do nothing where the stamp says that all is there."""
    wanted = fingerprint(ROOT, sys.version_info[:3])
    have = installed_extras(STAMP, wanted)
    usable = PYTHON.exists() and call(PYTHON, "-c", "import alvh", quiet=True) == 0
    if have is not None and usable and set(extras) <= have:
        return
    if VENV.exists() and (have is None or not usable):
        shutil.rmtree(VENV)
        have = None
    names = sorted(set(extras) | (have or set()))
    target = "." + (f"[{','.join(names)}]" if names else "")
    uv, begun = shutil.which("uv"), time.monotonic()
    say(f"installing into .venv with {'uv' if uv else 'pip'} (once; a minute or so) ...")
    if uv is None or not make_with_uv(uv, target):
        if uv is not None:
            say("uv failed; trying venv and pip instead.")
        make_with_pip(target)
    STAMP.write_text(json.dumps({"fingerprint": wanted, "extras": names}), encoding="utf-8")
    say(f"installed in {time.monotonic() - begun:.0f} s.")
    if have is None:
        warm()


def warm() -> None:
    """Compile the kernels once, so that the first run and the tests do not pay for it."""
    begun = time.monotonic()
    if call(PYTHON, "-m", "alvh", "doctor", "--warm", "--quiet", quiet=True) == 0:
        say(f"kernels compiled in {time.monotonic() - begun:.0f} s.")
    else:
        say("'alvh doctor' found a fault; see .venv/bin/alvh doctor. Going on.")


def demo(rest: list[str]) -> int:
    ensure()
    place = [] if any(word == "--out" or word.startswith("--out=") for word in rest) else ["--out", str(ROOT / "build" / "demo")]
    return call(PYTHON, "-m", "alvh", "demo", *place, *rest)


def test(rest: list[str]) -> int:
    ensure("dev")
    single = any(word.startswith(("-n", "--numprocesses", "--pdb", "--trace")) for word in rest)
    workers = [] if single else ["-n", str(min(os.cpu_count() or 1, MOST_WORKERS)), "--dist", "worksteal"]
    return call(PYTHON, "-m", "pytest", "-m", "not slow", *workers, *rest)


def check(rest: list[str]) -> int:
    """Run every check, also after one fails, and name those that failed."""
    ensure("dev")
    steps = {
        "format": ["-m", "ruff", "format", "--check", "."],
        "lint": ["-m", "ruff", "check", "."],
        "types": ["-m", "mypy"],
        "imports": ["-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        "structure": ["-m", "pytest", "-q", "tests/structure"],
    }
    failed = []
    for name, command in steps.items():
        if rest and name not in rest:
            continue
        say(f"check {name} ...")
        if call(PYTHON, *command) != 0:
            failed.append(name)
    if failed:
        raise Stop(f"check failed: {', '.join(failed)}. Next: mend and run 'python3 run.py check {' '.join(failed)}'.")
    say("check passed.")
    return 0


def bench(rest: list[str]) -> int:
    ensure("dev")
    found = sorted((ROOT / "benchmarks").glob("bench_*.py"))
    chosen = [path for path in found if not rest or path.stem.removeprefix("bench_") in rest]
    unknown = [name for name in rest if not any(path.stem == f"bench_{name}" for path in found)]
    if unknown:
        known = ", ".join(path.stem.removeprefix("bench_") for path in found)
        raise Stop(f"no benchmark called {', '.join(unknown)}. Allowed: {known}.", 2)
    worst = 0
    for path in chosen:
        say(f"bench {path.stem.removeprefix('bench_')} ...")
        worst = max(worst, call(PYTHON, path))
    if not rest:
        code = call(PYTHON, "-m", "pytest", "-m", "slow", "-q")
        worst = max(worst, 0 if code == 5 else code)  # 5: no test is marked slow
    return worst


def docs(rest: list[str]) -> int:
    ensure("dev", "docs")
    code = call(PYTHON, "-m", "pytest", "-q", "tests/docs", *rest)
    return code or call(PYTHON, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", ROOT / "build" / "site")


def clean(rest: list[str]) -> int:
    names = [".venv", "build", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"]
    doomed = [ROOT / name for name in names]
    for folder in ("src", "tests", "benchmarks"):
        doomed += sorted((ROOT / folder).rglob("__pycache__"))
    for path in doomed:
        if path.is_symlink():
            path.unlink()  # never follow a link out of the repository
        elif path.is_dir():
            shutil.rmtree(path)
    say("removed .venv, build and caches.")
    return 0


COMMANDS = {"demo": demo, "test": test, "check": check, "bench": bench, "docs": docs, "clean": clean}


def parse(argv: list[str]) -> tuple[str, list[str]]:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description=(__doc__ or "").splitlines()[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=list(COMMANDS), metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="passed on")
    options = parser.parse_args(argv)
    return options.command, [word for word in options.rest if word != "--"]


def main(argv: list[str]) -> int:
    command, rest = parse(argv)
    try:
        check_python(sys.version_info[:3])
        return COMMANDS[command](rest)
    except Stop as stop:
        print(f"error: {stop}", file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
