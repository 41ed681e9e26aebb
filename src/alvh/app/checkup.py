"""The checks of ``alvh doctor``: each looks at one thing and returns what it found and what to do about it."""

from __future__ import annotations

import math
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from alvh.core.errors import AlvhError, ConfigError, DataMissing

if TYPE_CHECKING:
    from alvh.models.model_market import ModelMarket

_WARM_FROM, _WARM_TO = date(2018, 1, 2), date(2018, 3, 29)
"""A quarter that opens, rolls, exits and settles: it passes through every kernel."""

Status = Literal["ok", "info", "warn", "fail"]
_REINSTALL = "Run 'python3 run.py clean' and then 'python3 run.py demo', or reinstall with 'pip install --force-reinstall alvh'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's outcome; ``exit_code`` counts only where ``status`` is ``fail``."""

    name: str
    status: Status
    found: str
    todo: str = ""
    exit_code: int = 1


Check = Callable[[], Finding]


def all_checks(*, data: str | None, warm: bool) -> Iterator[tuple[str, Check]]:
    """Names and checks, cheap ones first."""
    yield "python", python
    yield "alvh", program
    yield "packages", packages
    yield "writable", writable
    yield "kernels", partial(kernels, warm)
    yield "calendar", calendar
    yield "policies", policies
    yield "sample", sample
    yield "data", partial(folder, data)
    yield "browser", browser


def python() -> Finding:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Finding(name="python", status="ok", found=found)


def program() -> Finding:
    from alvh import __version__

    return Finding(name="alvh", status="ok", found=f"version {__version__} at {Path(__file__).resolve().parents[1]}")


def packages() -> Finding:
    """Every package that alvh declares as needed, by the installation's own metadata."""
    try:
        required = metadata.requires("alvh") or []
    except metadata.PackageNotFoundError:
        todo = "alvh runs from its source folder without being installed; run it through run.py or 'pip install -e .'."
        return Finding(name="packages", status="warn", found="alvh itself is not installed", todo=todo)
    names = [match[0] for line in required if "extra ==" not in line and (match := re.match(r"[A-Za-z0-9_.-]+", line))]
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(name="packages", status="fail", found=f"missing: {', '.join(missing)}", todo=_REINSTALL)
    return Finding(name="packages", status="ok", found=", ".join(found))


def writable() -> Finding:
    """A temporary folder (bug reports) and the program's own folder (compiled kernels are kept there)."""
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        todo = "Point TMPDIR at a folder that can be written to."
        return Finding(name="writable", status="fail", found=f"no temporary folder: {error.strerror}", todo=todo)
    home = Path(__file__).resolve().parents[1] / "kernels"
    if os.access(home, os.W_OK) or os.environ.get("NUMBA_CACHE_DIR"):
        return Finding(name="writable", status="ok", found=f"{tempfile.gettempdir()}; compiled kernels are kept")
    todo = "Every start may compile the kernels anew. Set NUMBA_CACHE_DIR to a folder that can be written to."
    return Finding(name="writable", status="warn", found=f"{home} is read-only", todo=todo)


def kernels(warm: bool) -> Finding:
    """Compile (or load) the pricing kernels and compare one price with a value known in closed form."""
    begun = time.perf_counter()
    try:
        if warm:
            from alvh.app.wiring import run_backtest

            warmed = run_backtest("alvh-442", data="sample", start=_WARM_FROM, end=_WARM_TO)
            _reprice_once(warmed.market.market)
        error = _price_error()
    except Exception as fault:  # whatever breaks in a compiler is what this check is there to tell
        return Finding(name="kernels", status="fail", found=f"{type(fault).__name__}: {fault}", todo=_REINSTALL)
    spent = time.perf_counter() - begun
    if error > 1e-12:
        return Finding(name="kernels", status="fail", found=f"a price is off by {error:.1e} of the forward", todo=_REINSTALL)
    return Finding(name="kernels", status="ok", found=f"loaded and checked in {spent:.1f} s")


def _reprice_once(market: ModelMarket) -> None:
    """One option in one scenario, so that the kernel behind stress and payoff is compiled too."""
    from alvh.market.market import Legs
    from alvh.market.scenarios import Response, Scenarios

    snapshot = market.snapshot(len(market.sessions) - 1)
    series = int(snapshot.listed(vix=True)[0])
    snapshot.reprice(Legs.of([(series, 20.0, 1)]), Scenarios.of(0.0, 0.0), Response())


def _price_error() -> float:
    """Error of one at-the-money price, as a share of the forward, against its closed form F erf(s / sqrt 8)."""
    import numpy as np

    from alvh.kernels.black import black_price_into

    forward, deviation = 100.0, 0.2
    one = np.ones(1)
    out = np.empty(1)
    black_price_into(forward * one, forward * one, one, one, deviation * one, one, out)
    return abs(float(out[0]) / forward - math.erf(deviation / math.sqrt(8.0)))


def calendar() -> Finding:
    from alvh.core.listing import calendar_rows

    today = date.today()
    try:
        rows = calendar_rows(today, today + timedelta(weeks=12))
    except AlvhError as error:
        return Finding(name="calendar", status="fail", found=str(error), exit_code=error.exit_code)
    return Finding(name="calendar", status="ok", found=f"{len(rows)} expiries in the next 12 weeks")


def policies() -> Finding:
    from alvh.strategy.policy_file import list_policies, load_policy

    try:
        names = [load_policy(name).policy.name for name, _ in list_policies()]
    except AlvhError as error:
        return Finding(name="policies", status="fail", found=str(error), todo=_REINSTALL, exit_code=ConfigError.exit_code)
    if not names:
        return Finding(name="policies", status="fail", found="none", todo=_REINSTALL, exit_code=ConfigError.exit_code)
    return Finding(name="policies", status="ok", found=", ".join(names))


def sample() -> Finding:
    return _history("sample", "sample", _REINSTALL)


def folder(data: str | None) -> Finding:
    """The user's own folder of market history, where one is named."""
    if data is None or data == "sample":
        todo = (
            "Give --data DIR, or set ALVH_DATA, to check a folder of market history (see docs/reference/data-files.md)."
            if data is None
            else ""
        )
        return Finding(name="data", status="info", found="no folder named; the embedded sample is used", todo=todo)
    if not Path(data).is_dir():
        todo = "Name the folder that holds cboe/, cfe/ and prices/."
        return Finding(name="data", status="fail", found=f"{data}: no such folder", todo=todo, exit_code=DataMissing.exit_code)
    return _history("data", data, f"Run 'alvh data check {data}' for the whole report.")


def _history(name: str, source: str, todo: str) -> Finding:
    from alvh.core.days import iso
    from alvh.data.load import load_history

    try:
        loaded = load_history(source)
    except AlvhError as error:
        return Finding(name=name, status="fail", found=str(error), todo=todo, exit_code=error.exit_code)
    sessions = loaded.history.sessions
    found = f"{len(loaded.files)} files, {len(sessions)} sessions from {iso(sessions[0])} to {iso(sessions[-1])}"
    return Finding(name=name, status="ok", found=found)


def browser() -> Finding:
    """Chromium, which only the project's own browser tests need."""
    from shutil import which

    for name in ("chromium", "chromium-browser", "google-chrome"):
        place = which(name)
        if place is not None:
            return Finding(name="browser", status="ok", found=place)
    todo = "Reports open in any browser; only the browser tests want Chromium (Debian: sudo apt-get install -y chromium)."
    return Finding(name="browser", status="info", found="no Chromium; the browser tests skip", todo=todo)
