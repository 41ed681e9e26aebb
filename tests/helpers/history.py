"""A small synthetic market history for tests: random walks with the shape of the real thing and none of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from alvh.core.days import DayArray, to_day
from alvh.market.history import FirstReleases, History, ReleasedLevels, VxTable

HOLIDAYS_2015_2018 = (
    "2015-01-01",
    "2015-01-19",
    "2015-02-16",
    "2015-04-03",
    "2015-05-25",
    "2015-07-03",
    "2015-09-07",
    "2015-11-26",
    "2015-12-25",
    "2016-01-01",
    "2016-01-18",
    "2016-02-15",
    "2016-03-25",
    "2016-05-30",
    "2016-07-04",
    "2016-09-05",
    "2016-11-24",
    "2016-12-26",
    "2017-01-02",
    "2017-01-16",
    "2017-02-20",
    "2017-04-14",
    "2017-05-29",
    "2017-07-04",
    "2017-09-04",
    "2017-11-23",
    "2017-12-25",
    "2018-01-01",
    "2018-01-15",
    "2018-02-19",
    "2018-03-30",
    "2018-05-28",
    "2018-07-04",
    "2018-09-03",
    "2018-11-22",
    "2018-12-05",
    "2018-12-25",
)
"""NYSE closures, so that the default history lies on the real calendar through 2018."""

INPUTS = ("vix9d", "vix3m", "vix6m", "vvix", "skew", "vix_open", "vix_high", "vix_low")


def make_sessions(n_sessions: int, *, start: str = "2015-01-05") -> DayArray:
    """The first ``n_sessions`` weekdays from ``start`` that are no holiday of :data:`HOLIDAYS_2015_2018`."""
    closed = {date.fromisoformat(text) for text in HOLIDAYS_2015_2018}
    day, found = date.fromisoformat(start), []
    while len(found) < n_sessions:
        if day.weekday() < 5 and day not in closed:
            found.append(to_day(day))
        day += timedelta(days=1)
    return np.asarray(found, dtype=np.int64)


def vix_expiries(first: date, last: date, *, weeklies: bool) -> list[tuple[int, bool]]:
    """VIX expiries of the published rule in [first, last] as (day, monthly), for the weekdays of the closures above."""
    closed = {date.fromisoformat(text) for text in HOLIDAYS_2015_2018}
    out = []
    day = first
    while day <= last:
        if day.weekday() == 2:
            friday = day + timedelta(days=30)
            expiry = day
            if day in closed or friday in closed:
                expiry = day - timedelta(days=1)
                while expiry in closed or expiry.weekday() > 4:
                    expiry -= timedelta(days=1)
            monthly = 15 <= friday.day <= 21
            if monthly or weeklies:
                out.append((to_day(expiry), monthly))
        day += timedelta(days=1)
    return out


def make_history(
    n_sessions: int = 260,
    *,
    seed: int = 0,
    start: str = "2015-01-05",
    sessions: DayArray | None = None,
    weeklies: bool = True,
    with_vx: bool = True,
    with_vro: bool = True,
    missing: Iterable[str] = (),
    stress: bool = False,
) -> History:
    """A random-walk history of ``n_sessions`` rows that is the same for the same arguments.

    VIX reverts around 17 and falls when SPX rises; the VX curve runs from spot to 19, with monthlies some nine months out and
    weeklies of the next six weeks, of which about a third trade fewer than ten contracts. Each expired contract's last row is
    its final settlement, and ``vro`` has it too. ``missing`` names inputs to set to NaN throughout; ``with_vx=False`` leaves an
    empty table, ``stress`` adds one shock (SPX -8 %, VIX up to 2.2 times) at 60 % of the way. What only signals read is left out,
    but for NYSE breadth: :func:`with_signal_inputs` adds it.
    """
    rng = np.random.default_rng(seed)
    days = make_sessions(n_sessions, start=start) if sessions is None else np.asarray(sessions, dtype=np.int64)
    n = days.size
    z, w = rng.standard_normal(n), rng.standard_normal(n)
    spx_return = 0.0003 + 0.009 * z
    vix_shock = 0.06 * (-0.75 * z + 0.66 * w)
    if stress and n > 5:
        spx_return[int(0.6 * n)] -= 0.08
        vix_shock[int(0.6 * n)] += np.log(2.2)
    log_vix = np.empty(n)
    level = np.log(16.0)
    for i in range(n):
        level = level + 0.04 * (np.log(17.0) - level) + vix_shock[i]
        log_vix[i] = level
    close = np.round(2000.0 * np.exp(np.cumsum(spx_return)), 2)
    vix = np.round(np.clip(np.exp(log_vix), 9.2, 85.0), 2)
    previous, previous_vix = np.r_[2000.0, close[:-1]], np.r_[16.0, vix[:-1]]
    opened = np.round(previous * (1.0 + 0.3 * spx_return + 0.001 * rng.standard_normal(n)), 2)
    vix_open = np.round(np.maximum(9.0, previous_vix + 0.4 * (vix - previous_vix) + 0.2 * rng.standard_normal(n)), 2)
    reach = np.abs(rng.standard_normal((4, n)))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    vix_high, vix_low = np.maximum(vix_open, vix), np.minimum(vix_open, vix)
    pull = np.log(vix / 17.0)
    history = History(
        sessions=days,
        spx_open=opened,
        spx_high=np.round(high * (1.0 + 0.003 * reach[0]), 2),
        spx_low=np.round(low * (1.0 - 0.003 * reach[1]), 2),
        spx_close=close,
        vix_open=vix_open,
        vix_high=np.round(vix_high * (1.0 + 0.02 * reach[2]), 2),
        vix_low=np.round(np.maximum(8.8, vix_low * (1.0 - 0.02 * reach[3])), 2),
        vix_close=vix,
        vix9d=np.round(16.3 * np.exp(1.15 * pull), 2),
        vix3m=np.round(19.0 * np.exp(0.70 * pull), 2),
        vix6m=np.round(20.5 * np.exp(0.50 * pull), 2),
        vvix=np.round(90.0 * np.exp(0.45 * pull + 0.03 * rng.standard_normal(n)), 2),
        skew=np.round(128.0 + 5.0 * rng.standard_normal(n), 2),
        bill_rate=np.full(n, 0.01),
        dividend_yield=np.full(n, 0.02),
        dividend_points=np.round(close * 0.02 / 252.0, 4),
        vx=_vx_table(days, vix, vix_open, weeklies=weeklies, rng=rng) if with_vx else _empty_vx(n),
        vro={},
        source="synthetic",
        sha256="0" * 64,
        breadth={"nyse": (np.round(1500.0 * np.exp(0.3 * z)), np.round(1500.0 * np.exp(-0.3 * z)))},
    )
    if with_vx and with_vro:
        at = {int(day): i for i, day in enumerate(days)}
        vx = history.vx
        vro = {
            int(day): (float(vx.settle[at[int(day)], k]), "synthetic final settlement")
            for k, day in enumerate(vx.expiry)
            if int(day) in at and np.isfinite(vx.settle[at[int(day)], k])
        }
        history = replace(history, vro=vro)
    for name in missing:
        if name not in INPUTS:
            raise ValueError(f"{name!r} is not one of {INPUTS}")
        history = replace(history, **{name: np.full(n, np.nan)})
    return history


def with_signal_inputs(history: History, *, seed: int = 0) -> History:
    """The history with yields, a second breadth universe, event lists, first releases, an exchange rate and prices of VXX.

    All of them cover every session: releases and the exchange rate begin three years before, so that each session has its score,
    and each event list has a day at the second session.
    """
    rng = np.random.default_rng([seed, 1])
    days, n = history.sessions, history.sessions.size

    def walk(level: float, step: float) -> np.ndarray:
        return np.asarray(level + np.cumsum(rng.normal(0.0, step, n)))

    def dated(gap_days: int, before: int) -> DayArray:
        """Days about ``gap_days`` apart, from ``before`` days before the history to as many after it."""
        first, last = int(days[0]) - before, int(days[-1]) + before
        return np.arange(first, last, gap_days) + rng.integers(0, 3, len(range(first, last, gap_days)))

    lists = {name: np.union1d(dated(gap, 200), days[1:2]) for name, gap in (("fomc", 44), ("cpi", 30), ("ppi", 31), ("gdp", 91))}
    releases = {}
    for name, gap in (("cpi", 30), ("ppi", 31), ("gdp", 91)):
        published = dated(gap, 1100)
        actual = np.round(rng.normal(0.2, 0.3, published.size), 1)
        releases[name] = FirstReleases(
            release_day=published,
            reference_month=published - 45,
            actual=actual,
            consensus=np.round(actual + rng.normal(0.0, 0.1, published.size), 1),
        )
    fixings = dated(30, 1100)
    vxx = 300.0 * np.exp(0.45 * np.log(history.vix_close / history.vix_close[0]) - 0.002 * np.arange(n))  # spikes, and rolls away
    return replace(
        history,
        etps={"VXX": vxx},
        yields={"dgs3mo": walk(0.02, 2e-4), "dgs2": walk(0.025, 4e-4), "dgs10": walk(0.03, 5e-4)},
        breadth={**history.breadth, "synthetic": (walk(250.0, 1.0), walk(250.0, 1.0))},
        events=lists,
        unscheduled={"fomc": lists["fomc"][6:7]},
        releases=releases,
        fx=ReleasedLevels(release_day=fixings, level=100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, fixings.size)))),
    )


def _empty_vx(n: int) -> VxTable:
    return VxTable(
        expiry=np.empty(0, np.int64),
        monthly=np.empty(0, bool),
        settle=np.empty((n, 0)),
        volume=np.empty((n, 0)),
        open=np.empty((n, 0)),
    )


def _vx_table(days: DayArray, vix: np.ndarray, vix_open: np.ndarray, *, weeklies: bool, rng: np.random.Generator) -> VxTable:
    epoch = date(1970, 1, 1)
    first = epoch + timedelta(days=int(days[0]))
    last = epoch + timedelta(days=int(days[-1]) + 270)
    listed = sorted(vix_expiries(first, last, weeklies=weeklies))
    expiry = np.asarray([day for day, _ in listed], dtype=np.int64)
    monthly = np.asarray([flag for _, flag in listed], dtype=bool)
    tau = expiry[None, :] - days[:, None]
    weight = np.exp(-np.maximum(tau, 0) / 60.0)
    wobble = 0.01 * rng.standard_normal(tau.shape)
    settle = np.exp(np.log(vix)[:, None] * weight + np.log(19.0) * (1.0 - weight) + wobble)
    settle = np.where(tau == 0, vix_open[:, None], settle)
    reach = np.where(monthly[None, :], 270, 42)
    known = (tau >= 0) & (tau <= reach)
    volume = np.where(monthly[None, :], 20_000.0 * np.exp(-np.maximum(tau, 0) / 40.0), rng.integers(0, 30, tau.shape))
    settle = np.where(known, np.round(settle / 0.05) * 0.05, np.nan)
    opened = np.where(known, np.round(vix_open[:, None] * (settle / vix[:, None]) / 0.05) * 0.05, np.nan)
    return VxTable(expiry=expiry, monthly=monthly, settle=settle, volume=np.where(known, np.round(volume), 0.0), open=opened)
