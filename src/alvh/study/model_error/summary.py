"""Averages of the scores by delta, tenor and regime, every regime with equal weight, and the bands they are held against."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alvh.core.days import iso
from alvh.market.history import Bools, Floats
from alvh.study.model_error.inputs import CHAIN, OFFICIAL
from alvh.study.model_error.spx import ATM, LABELS, TERMS_DAYS, SpxScore, nanmean
from alvh.study.model_error.vix import VIX_LABELS, VixScore

SAME_REGIME_DAYS = 7
"""Sessions no further apart than a week are one regime: they share their surface (surfaces.md 1: five sessions of 2011 weigh as
one, ten of 2026 as little more)."""
LONGEST_REGIME_DAYS = 31
"""A run of sessions is cut after a month, so that a daily archive is many regimes."""

SPX_TENORS = ((8, 13), (14, 20), (21, 27), (28, 38), (39, 50), (51, 62))
VIX_TENORS = ((7, 19), (20, 45), (46, 75), (76, 121))
"""Days to expiry, both ends included (surfaces.md 2.3 and 3)."""

SPREADS: Mapping[str, Callable[[SpxScore], Floats]] = {
    "credit": lambda score: score.credit,
    "put_side": lambda score: score.put_side,
    "call_side": lambda score: score.call_side,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A limit and the measured value in the unit of its name; ``met`` None where nothing was measured."""

    name: str
    source: str
    limit: float
    value: float
    least: bool = False

    def met(self) -> bool | None:
        """Whether the value keeps within the limit."""
        if not math.isfinite(self.value):
            return None
        return self.value >= self.limit if self.least else self.value <= self.limit


def regimes(sessions: Sequence[int]) -> list[int]:
    """Number of the regime of each session (ascending days): see :data:`SAME_REGIME_DAYS`."""
    out: list[int] = []
    first = 0
    for place, session in enumerate(sessions):
        if place == 0:
            out.append(0)
            first = session
            continue
        new = session - sessions[place - 1] > SAME_REGIME_DAYS or session - first >= LONGEST_REGIME_DAYS
        out.append(out[-1] + new)
        if new:
            first = session
    return out


def by_regime(values: Sequence[float], regime: Sequence[int]) -> Floats:
    """Mean of the known values of each regime that has any."""
    value, number = np.asarray(values, dtype=np.float64), np.asarray(regime)
    known = np.isfinite(value)
    return np.array([value[known & (number == one)].mean() for one in np.unique(number[known])])


def weighted(values: Sequence[float], regime: Sequence[int]) -> float:
    """Mean over regimes of their means; NaN where nothing is known."""
    found = by_regime(values, regime)
    return float(found.mean()) if found.size else math.nan


def spx_group(scores: Sequence[SpxScore]) -> dict[str, object]:
    """Every average of one group of sessions; percentages and vol points, None where there is nothing."""
    order = sorted(scores, key=lambda score: score.session.session)
    regime = regimes([score.session.session for score in order])
    squares = [nanmean(score.relative**2) for score in order]
    rms = by_regime(squares, regime)
    return {
        "sessions": len(order),
        "regimes": len(set(regime)),
        "expiries": sum(len(score.session.smiles) for score in order),
        "rms_vol_pct": pct(math.sqrt(float(rms.mean())) if rms.size else math.nan),
        "errors_vol_points": _deltas(order, regime, None),
        "by_tenor": [_tenor(order, regime, low, high) for low, high in SPX_TENORS],
        "by_regime": [_regime(order, regime, one) for one in sorted(set(regime))],
        "level": level_error(order, regime),
        **{f"{name}_error_pct": _terms(order, regime, errors) for name, errors in SPREADS.items()},
        "bands": [band_row(band) for band in spx_bands(order, regime)],
    }


def level_error(scores: Sequence[SpxScore], regime: Sequence[int]) -> dict[str, object]:
    """The error of the level: at the money, and of what put and call side have in common; relative, in per cent.

    The common level of a session is the mean of its mean put-side and mean call-side relative vol errors. ``sd`` is about zero
    (root mean square over regimes): what a range about the model must cover.
    """
    atm = [nanmean(score.relative[:, ATM]) for score in scores]
    both = [0.5 * (nanmean(score.relative[:, :ATM]) + nanmean(score.relative[:, ATM + 1 :])) for score in scores]
    out: dict[str, object] = {}
    for name, values in (("atm", atm), ("common", both)):
        found = by_regime(values, regime)
        if found.size == 0:
            found = np.array([math.nan])
        out[name] = {
            "mean": pct(float(found.mean())),
            "mean_abs": pct(float(np.abs(found).mean())),
            "sd": pct(math.sqrt(float((found**2).mean()))),
            "worst": pct(float(found[np.abs(found).argmax()])),
        }
    return out


def spx_bands(scores: Sequence[SpxScore], regime: Sequence[int]) -> list[Band]:
    """The bands of surfaces.md 7 and the two limits of this project that a folder of chains can be held against."""
    rms = np.array([100.0 * score.rms() for score in scores])
    p16 = [nanmean(np.abs(score.vol_points[:, LABELS.index("P16")])) for score in scores]
    credits = [[100.0 * abs(score.at_term(score.credit, term)) for score in scores] for term in TERMS_DAYS]
    pooled = np.array([value for row in credits for value in row if math.isfinite(value)])
    study = "surfaces.md 7"
    squares = by_regime([score.rms() ** 2 for score in scores], regime)
    return [
        Band(
            name="sessions with rms relative vol up to 12 %, % of all",
            source=study,
            limit=80.0,
            value=100.0 * float((rms <= 12.0).mean()) if rms.size else math.nan,
            least=True,
        ),
        Band(name="mean rms relative vol, %", source=study, limit=9.0, value=weighted(rms.tolist(), regime)),
        Band(name="mean |16-delta put error|, vol points", source=study, limit=1.1, value=weighted(p16, regime)),
        Band(
            name="mean |own-strike condor credit error|, %",
            source=study,
            limit=6.0,
            value=float(np.mean([weighted(row, regime) for row in credits])),
        ),
        Band(
            name="worst |own-strike condor credit error|, %",
            source=study,
            limit=15.0,
            value=float(pooled.max()) if pooled.size else math.nan,
        ),
        Band(
            name="rms relative vol over 11 deltas, %",
            source="this project",
            limit=7.5,
            value=100.0 * math.sqrt(float(squares.mean())) if squares.size else math.nan,
        ),
        *(
            Band(
                name=f"mean |condor credit error| at {term} days, %",
                source="this project",
                limit=4.5,
                value=weighted(row, regime),
            )
            for term, row in zip(TERMS_DAYS, credits, strict=True)
        ),
    ]


def vix_group(scores: Sequence[VixScore]) -> dict[str, object]:
    """Averages of VIX sessions, each session with equal weight; per cent of mid."""
    wanted = np.array([label in ("20", "30", "40") for label in VIX_LABELS])
    return {
        "sessions": len(scores),
        "expiries": sum(len(score.smiles) for score in scores),
        "price_error_pct_by_delta": {
            label: both([score.relative[:, i] for score in scores]) for i, label in enumerate(VIX_LABELS)
        },
        "by_tenor": [
            {"from_days": low, "to_days": high, **both([_within(score, low, high) for score in scores])}
            for low, high in VIX_TENORS
        ],
        "price_error_pct": both([score.relative for score in scores]),
        "forward_error_pct": both([score.forward_error for score in scores]),
        "median_error_half_spreads": number(nanmean([_in_half_spreads(score) for score in scores])),
        "bands": [
            band_row(band)
            for band in (
                Band(
                    name="VIX calls of 20-40 delta, 20-75 days: mean |price error|, % of mid",
                    source="surfaces.md 7",
                    limit=22.0,
                    value=100.0 * nanmean([nanmean(np.abs(_within(s, 20, 75)[:, wanted])) for s in scores]),
                ),
                Band(
                    name="VIX calls of 10-40 delta, 7-121 days: mean |price error|, % of mid",
                    source="this project",
                    limit=21.0,
                    value=100.0 * nanmean([nanmean(np.abs(s.relative)) for s in scores]),
                ),
                Band(
                    name="VIX calls of 10-40 delta, 7-121 days: |bias|, % of mid",
                    source="this project",
                    limit=5.0,
                    value=abs(100.0 * nanmean([nanmean(s.relative) for s in scores])),
                ),
            )
        ],
    }


UNVERIFIED = "unverified"
"""Sessions with published levels whose quotes give no VIX to hold against them: in a group of their own, and in no other."""


def groups(scores: Sequence[SpxScore]) -> dict[str, list[SpxScore]]:
    """Sessions by where their inputs come from; ``all`` is every verified one."""
    inputs = [score.session.inputs for score in scores]
    kinds = [one.kind if one.verified else UNVERIFIED for one in inputs]
    found = {
        kind: [score for score, mine in zip(scores, kinds, strict=True) if mine == kind] for kind in (OFFICIAL, CHAIN, UNVERIFIED)
    }
    return {**found, "all": [score for score, mine in zip(scores, kinds, strict=True) if mine != UNVERIFIED]}


def both(values: Sequence[Floats]) -> dict[str, object]:
    """Signed and absolute mean of relative errors, in per cent, each item of ``values`` with equal weight."""
    return {
        "mean": pct(nanmean([nanmean(value) for value in values])),
        "mean_abs": pct(nanmean([nanmean(np.abs(value)) for value in values])),
    }


def number(value: float, digits: int = 4) -> float | None:
    """A number that JSON can say."""
    return round(value, digits) if math.isfinite(value) else None


def pct(value: float) -> float | None:
    """A fraction in per cent."""
    return number(100.0 * value)


def band_row(band: Band) -> dict[str, object]:
    """A band as plain values."""
    return {
        "name": band.name,
        "source": band.source,
        "limit": band.limit,
        "at_least": band.least,
        "value": number(band.value),
        "met": band.met(),
    }


def _in_half_spreads(score: VixScore) -> float:
    """Median size of a price error in half-spreads."""
    known = np.isfinite(score.relative) & (score.half_spread > 0.0)
    if not known.any():
        return math.nan
    return float(np.median(np.abs(score.relative[known]) * score.market[known] / score.half_spread[known]))


def _deltas(scores: Sequence[SpxScore], regime: Sequence[int], rows: Sequence[Bools] | None) -> dict[str, object]:
    out: dict[str, object] = {}
    for i, label in enumerate(LABELS):
        column = [s.vol_points[:, i] if rows is None else s.vol_points[rows[j], i] for j, s in enumerate(scores)]
        out[label] = {
            "mean": number(weighted([nanmean(one) for one in column], regime)),
            "mean_abs": number(weighted([nanmean(np.abs(one)) for one in column], regime)),
        }
    return out


def _tenor(scores: Sequence[SpxScore], regime: Sequence[int], low: int, high: int) -> dict[str, object]:
    rows = [(s.session.days() >= low) & (s.session.days() <= high) for s in scores]
    squares = by_regime([nanmean(s.relative[row] ** 2) for s, row in zip(scores, rows, strict=True)], regime)
    return {
        "from_days": low,
        "to_days": high,
        "expiries": int(sum(int(row.sum()) for row in rows)),
        "rms_vol_pct": pct(math.sqrt(float(squares.mean())) if squares.size else math.nan),
        "errors_vol_points": _deltas(scores, regime, rows),
    }


def _regime(scores: Sequence[SpxScore], regime: Sequence[int], one: int) -> dict[str, object]:
    mine = [score for score, number_ in zip(scores, regime, strict=True) if number_ == one]
    same = [0] * len(mine)
    return {
        "from": iso(mine[0].session.session),
        "to": iso(mine[-1].session.session),
        "sessions": len(mine),
        "rms_vol_pct": pct(math.sqrt(nanmean([nanmean(s.relative**2) for s in mine]))),
        "errors_vol_points": _deltas(mine, same, None),
        **{f"{name}_error_pct": _terms(mine, same, errors) for name, errors in SPREADS.items()},
    }


def _terms(scores: Sequence[SpxScore], regime: Sequence[int], errors: Callable[[SpxScore], Floats]) -> dict[str, object]:
    out: dict[str, object] = {}
    for term in TERMS_DAYS:
        values = [score.at_term(errors(score), term) for score in scores]
        out[str(term)] = {
            "mean": pct(weighted(values, regime)),
            "mean_abs": pct(weighted(np.abs(values).tolist(), regime)),
            "worst": pct(max((v for v in values if math.isfinite(v)), key=abs, default=math.nan)),
        }
    return out


def _within(score: VixScore, low: int, high: int) -> Floats:
    days = np.array([smile.days for smile in score.smiles])
    return score.relative[(days >= low) & (days <= high)]
