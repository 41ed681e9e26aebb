"""What a run's book was exposed to, covered and had to put up at every close (``docs/explanation/economics.md``)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso
from alvh.engine.backtest import BacktestResult
from alvh.results.margin_path import MarginPath, margin_path
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.coverage import CoveragePath, coverage_through_time
from alvh.risk.exposure_path import ExposurePath, HeldLots, SurfaceMarket, exposures_through_time
from alvh.risk.exposures import COLUMN, COLUMNS

Floats = NDArray[np.float64]

COVERAGE_BAND = (0.40, 0.60)
"""R50: the published share of the condors' vega that the hedge is said to cover."""
CONDOR_GROUP = "condor"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughTime:
    """Exposures, coverage and margin of a run, a value a session each.

    ``betas`` says what the betas are, ``sessions_on_published_betas`` at how many closes none had been measured;
    ``unmeasured`` names the layers whose fund counts in no exposure but the value.
    """

    exposures: ExposurePath
    coverage: CoveragePath
    margin: MarginPath
    layers: tuple[str, ...]
    betas: str
    sessions_on_published_betas: int
    unmeasured: tuple[str, ...] = ()


def layer_group(name: str) -> str:
    """The group of an exposure path that holds a hedge layer; a layer may bear any name, even the condors'."""
    return f"layer {name}"


def lots_of(result: BacktestResult) -> HeldLots:
    """The lots of a run of condors and hedge with the closes at which they are held: the condors, then each layer.

    Whatever a layer holds is the hedge's, SPX puts too. Shares of a fund are left out: their Greeks are not measured.
    """
    lots, stop = [lot for lot in result.lots if not lot.is_share], result.first + len(result.sessions)
    return HeldLots(
        series=np.array([lot.series for lot in lots], dtype=np.int64),
        strike=np.array([lot.strike for lot in lots], dtype=np.float64),
        right=np.array([lot.right for lot in lots], dtype=np.float64),
        usd_per_point=np.array([lot.quantity * lot.multiplier_usd for lot in lots], dtype=np.float64),
        opened=np.array([lot.open_index for lot in lots], dtype=np.int64),
        ended=np.array([lot.close_index if lot.close_kind else stop for lot in lots], dtype=np.int64),
        group=np.array([lot.layer + 1 for lot in lots], dtype=np.int64),
        groups=(CONDOR_GROUP, *(layer_group(layer.name) for layer in result.policy.hedge.layers)),
    )


def through_time(result: BacktestResult, market: SurfaceMarket, betas: RollingBetas, *, vix: Floats) -> ThroughTime:
    """Exposures, coverage and margin of a finished run of condors and hedge.

    ``market`` is the run's market with its surface state, ``betas`` those known at each of its closes (published where none was
    measured yet), ``vix`` (market rows,) spot VIX. Raises :class:`DataMissing` for a held lot without price.
    """
    lots, rows = lots_of(result), slice(result.first, result.first + len(result.sessions))
    path = exposures_through_time(market, lots, first=result.first, count=len(result.sessions), vix=vix, betas=betas)
    unmeasured = unmeasured_funds(result)
    # beside the variation, which is cash already, a future is worth nothing; of a fund the value alone is known
    if (lots.right == 0.0).any() or unmeasured:
        path.values[1:, COLUMN["value_usd"]] = result.record.layer_value_usd
    tenors = betas.tenor_days <= PUBLISHED.tenor_days[-1]
    stated = int((betas.measured_on[rows][:, tenors] == 0).any(axis=1).sum())
    return ThroughTime(
        exposures=path,
        coverage=coverage_through_time(path, condor=(CONDOR_GROUP,), hedge=path.groups[1:]),
        margin=margin_path(result),
        layers=tuple(layer.name for layer in result.policy.hedge.layers),
        betas=f"rolling, the last {betas.window_sessions} daily changes of VX settlements; before them the published averages",
        sessions_on_published_betas=stated,
        unmeasured=unmeasured,
    )


def unmeasured_funds(result: BacktestResult) -> tuple[str, ...]:
    """Layers that hold a fund, of which the value is known and no exposure, as ``layer (ticker)``."""
    layers = result.policy.hedge.layers if result.policy.hedge.enabled else ()
    return tuple(f"{layer.name} ({layer.etp})" for layer in layers if layer.is_share)


def plain(value: float) -> float | None:
    """A number for JSON: ``None`` where it is not finite."""
    return float(value) if np.isfinite(value) else None


def sleeves(found: ThroughTime) -> dict[str, Floats]:
    """(columns, sessions) dollars of the condors, each layer, the hedge and the book."""
    values = found.exposures.values
    rows = {"condor": values[0]}
    rows |= {layer_group(name): values[k + 1] for k, name in enumerate(found.layers)}
    return rows | {"hedge": values[1:].sum(axis=0), "book": values.sum(axis=0)}


def exposures_document(found: ThroughTime) -> dict[str, Any]:
    """The part ``exposures``: coverage over the sessions where it has a meaning, medians of every exposure, and the last ones.

    ``left_out``, where there are any: layers of funds, which count in the value and in nothing else, coverage included.
    A median is over the closes at which the sleeve holds something.
    """
    rows = sleeves(found)
    medians: dict[str, dict[str, float | None]] = {}
    for name, values in rows.items():
        held = values[:, np.any(np.nan_to_num(values, nan=1.0) != 0.0, axis=0)]
        medians[name] = {column: _median(row) for column, row in zip(COLUMNS, held, strict=True)}
    return {
        "betas": found.betas,
        "sessions_on_published_betas": found.sessions_on_published_betas,
        **({"left_out": list(found.unmeasured)} if found.unmeasured else {}),
        "coverage_band": list(COVERAGE_BAND),
        "coverage": {field.name: _covered(getattr(found.coverage, field.name)) for field in fields(CoveragePath)},
        "median": medians,
        "last": {
            name: {column: plain(value) for column, value in zip(COLUMNS, values[:, -1].tolist(), strict=True)}
            for name, values in rows.items()
        },
    }


def _median(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _covered(values: Floats) -> dict[str, float | int | None]:
    known = values[np.isfinite(values)]
    low, high = COVERAGE_BAND
    quartiles = np.percentile(known, (25.0, 75.0)).tolist() if known.size else (None, None)
    return {
        "sessions": int(known.size),
        "median": _median(known),
        "quartile_low": quartiles[0],
        "quartile_high": quartiles[1],
        "share_in_band": float(np.mean((known >= low) & (known <= high))) if known.size else None,
    }


def margin_document(found: ThroughTime, result: BacktestResult) -> dict[str, Any]:
    """The part ``margin``: requirement, buying power, returns on the maximum, quick ratio, hedge capital over each reading."""
    path, record = found.margin, result.record
    days, account = result.sessions, result.policy.account.equity_usd
    top, least = int(path.requirement_usd.argmax()), int(path.buying_power_usd.argmin())
    held = path.requirement_usd > 0.0
    maximum = float(path.requirement_usd[top])
    condors_top = float(path.condor_usd.max())
    ratio = path.quick_ratio
    due = np.flatnonzero(np.isfinite(ratio))
    tight = int(due[ratio[due].argmin()]) if due.size else -1
    hedged, bare = float(record.equity_hedged_usd[-1]) - account, float(record.equity_unhedged_usd[-1]) - account
    years = max(float(days[-1] - days[0]), 1.0) / 365.25
    return {
        "convention": path.convention,
        "maximum_usd": maximum,
        "maximum_session": iso(days[top]) if maximum > 0.0 else None,
        "mean_held_usd": float(path.requirement_usd[held].mean()) if held.any() else 0.0,
        "condors_maximum_usd": condors_top,
        "premium_maximum_usd": float(path.premium_usd.max()),
        "futures_maximum_usd": float(path.futures_usd.max()),
        "buying_power_least_usd": float(path.buying_power_usd[least]),
        "buying_power_least_session": iso(days[least]),
        "sessions_without_buying_power": int((path.buying_power_usd < 0.0).sum()),
        "return_on_maximum": {
            "hedged": hedged / maximum if maximum > 0.0 else None,
            "unhedged": bare / condors_top if condors_top > 0.0 else None,
            "hedged_per_year": hedged / maximum / years if maximum > 0.0 else None,
            "unhedged_per_year": bare / condors_top / years if condors_top > 0.0 else None,
        },
        "quick_ratio": {
            "sessions": int(due.size),
            "least": float(ratio[tight]) if due.size else None,
            "least_session": iso(days[tight]) if due.size else None,
            "median": _median(ratio),
            "sessions_below_1": int((ratio[due] < 1.0).sum()),
        },
        "premium_of_reading": premium_of_reading(found, result),
    }


def premium_of_reading(found: ThroughTime, result: BacktestResult) -> dict[str, dict[str, float | None]]:
    """R52: the hedge's capital (premium, the same under every convention, and futures' margin) over each reading, fractions."""
    record, capital = result.record, found.margin.hedge_usd
    readings = {
        "index_notional": record.index_notional_usd,
        "risk_capital": record.risk_capital_usd,
        "account": np.full(len(result.sessions), result.policy.account.equity_usd),
    }
    out: dict[str, dict[str, float | None]] = {}
    for name, base in readings.items():
        share = (capital / np.where(base > 0.0, base, np.nan))[(base > 0.0) & (capital > 0.0)]
        out[name] = {
            "mean": float(share.mean()) if share.size else None,
            "median": _median(share),
            "greatest": float(share.max()) if share.size else None,
        }
    return out
