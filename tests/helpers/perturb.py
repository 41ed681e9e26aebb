"""A history with other values from some session on: whatever a signal said before must stay the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from alvh.market.history import FirstReleases, History, ReleasedLevels

LEVELS = (
    "spx_open", "spx_high", "spx_low", "spx_close", "vix_open", "vix_high", "vix_low", "vix_close", "vix9d", "vix3m", "vix6m",
    "vvix", "skew", "bill_rate", "dividend_yield", "dividend_points",
)  # fmt: skip


def keys_of(history: History) -> tuple[str, ...]:
    """Every input of a history, by the keys that signals name."""
    dated = [f"{kind}.{name}" for kind in ("yields", "breadth", "events", "releases") for name in getattr(history, kind)]
    return (*LEVELS, "vx", "fx", *dated, *(f"consensus.{name}" for name in history.releases))


def changed_from(history: History, session: int, seed: int, *, keep: Collection[str] = ()) -> History:
    """The history with every input changed at random at ``session`` and later, but for the keys in ``keep``.

    Dates change too: event and release days at that session or later move by up to nine days. ``releases.X`` is kept together
    with its consensus.
    """
    random = np.random.default_rng(seed)
    day = history.sessions[session]

    def rows(key: str, values: np.ndarray) -> np.ndarray:
        if key in keep:
            return values
        out = values.copy()
        out[session:] *= np.exp(random.normal(0.0, 0.5, out[session:].shape))
        return out

    def days(values: np.ndarray) -> np.ndarray:
        late = values >= day
        moved = values + np.where(late, random.integers(0, 10, values.size), 0)
        return np.unique(moved)

    def figures(values: np.ndarray, published: np.ndarray) -> np.ndarray:
        return np.where(published >= day, values + random.normal(0.0, 1.0, values.size), values)

    def release(name: str, table: FirstReleases) -> FirstReleases:
        if f"releases.{name}" in keep or f"consensus.{name}" in keep:
            return table
        published = table.release_day
        return FirstReleases(
            release_day=published + np.where(published >= day, 5, 0),
            reference_month=table.reference_month,
            actual=figures(table.actual, published),
            consensus=figures(table.consensus, published),
        )

    fx = history.fx
    if fx is not None and "fx" not in keep:
        fx = ReleasedLevels(
            release_day=fx.release_day + np.where(fx.release_day >= day, 5, 0),
            level=np.exp(figures(np.log(fx.level), fx.release_day)),
        )
    vx = history.vx
    if "vx" not in keep:
        vx = replace(vx, settle=rows("vx", vx.settle), open=rows("vx", vx.open), volume=rows("vx", vx.volume))
    levels = {name: rows(name, getattr(history, name)) for name in LEVELS}
    return replace(
        history,
        **levels,
        vx=vx,
        fx=fx,
        yields={name: rows(f"yields.{name}", values) for name, values in history.yields.items()},
        breadth={
            name: (rows(f"breadth.{name}", sides[0]), rows(f"breadth.{name}", sides[1]))
            for name, sides in history.breadth.items()
        },
        events={name: values if f"events.{name}" in keep else days(values) for name, values in history.events.items()},
        unscheduled=history.unscheduled if "events.fomc" in keep else {},
        releases={name: release(name, table) for name, table in history.releases.items()},
    )


def cut_at(history: History, session: int) -> History:
    """The history as it stood after the close before ``session``: no later row, and no figure published later.

    Event lists stay whole, since they are known in advance.
    """
    day = history.sessions[session]
    levels = {name: getattr(history, name)[:session] for name in LEVELS}
    releases = {}
    for name, table in history.releases.items():
        known = table.release_day < day
        releases[name] = FirstReleases(
            release_day=table.release_day[known],
            reference_month=table.reference_month[known],
            actual=table.actual[known],
            consensus=table.consensus[known],
        )
    fx = history.fx
    if fx is not None:
        fx = ReleasedLevels(release_day=fx.release_day[fx.release_day < day], level=fx.level[fx.release_day < day])
    table = history.vx
    return replace(
        history,
        sessions=history.sessions[:session],
        **levels,
        vx=replace(table, settle=table.settle[:session], open=table.open[:session], volume=table.volume[:session]),
        fx=fx,
        yields={name: values[:session] for name, values in history.yields.items()},
        breadth={name: (up[:session], down[:session]) for name, (up, down) in history.breadth.items()},
        releases=releases,
    )


def with_hole(history: History, key: str, session: int) -> History:
    """The history with an input missing at one session; a dated input is missing altogether."""
    kind, _, name = key.partition(".")
    if kind in ("events", "releases"):
        return replace(history, **{kind: {other: kept for other, kept in getattr(history, kind).items() if other != name}})
    if kind == "consensus":
        table = history.releases[name]
        return replace(history, releases={**history.releases, name: replace(table, consensus=np.full(table.actual.size, np.nan))})
    if kind == "fx":
        return replace(history, fx=None)

    def pierced(values: np.ndarray) -> np.ndarray:
        out = values.copy()
        out[session] = np.nan
        return out

    if kind == "vx":
        return replace(history, vx=replace(history.vx, settle=pierced(history.vx.settle)))
    if kind == "yields":
        return replace(history, yields={**history.yields, name: pierced(history.yields[name])})
    if kind == "breadth":
        up, down = history.breadth[name]
        return replace(history, breadth={**history.breadth, name: (pierced(up), down)})
    return replace(history, **{key: pierced(getattr(history, key))})
