"""The scores as one document of plain values: dates, VIX, what was refused, and the summary."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alvh.core.days import iso
from alvh.market.history import Floats
from alvh.study.model_error.inputs import CHAIN, LEVELS, OFFICIAL
from alvh.study.model_error.run import REFUSED, ModelErrors, SpxResult
from alvh.study.model_error.smiles import MidSmile, describe_refused
from alvh.study.model_error.spx import LABELS, TERMS_DAYS, SpxScore, nanmean
from alvh.study.model_error.summary import groups, number, pct, regimes, spx_group, vix_group
from alvh.study.model_error.vix import VIX_LABELS, VixScore

SCHEMA = "alvh.model-error/1"


def build_document(
    errors: ModelErrors, *, chains: str, data: str, coefficients: Mapping[str, Any], files: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """One document; errors are model less market, in per cent and vol points; None where nothing was measured."""
    spx = [result for result in errors.spx if result.product == "SPX"]
    xsp = [result.score for result in errors.spx if result.product != "SPX"]
    by_kind = groups([result.score for result in spx])
    of_vix = {kind: [score for score in errors.vix if score.kind == kind] for kind in (OFFICIAL, CHAIN)}
    found = Counter(one.state for one in errors.refused)
    states = Counter(state for result in errors.spx for state in result.states)
    return {
        "schema": SCHEMA,
        "chains": chains,
        "data": data,
        "coefficients": dict(coefficients),
        "dates": [spx_row(result) for result in errors.spx],
        "vix": [vix_row(score) for score in errors.vix],
        "refused": [
            {"session": iso(one.session), "underlying": one.underlying, "state": one.state, "why": one.why, "source": one.source}
            for one in errors.refused
        ],
        "files": list(files),
        "summary": {
            "sessions": len(errors.spx),
            "regimes": len(set(regimes([score.session.session for score in by_kind["all"]]))),
            "refused": {state: found[state] for state in REFUSED},
            "surface_states": dict(sorted(states.items())),
            **{kind: spx_group(some) for kind, some in by_kind.items()},
            "xsp": spx_group(xsp),
            "vix": {**{kind: vix_group(some) for kind, some in of_vix.items()}, "all": vix_group(errors.vix)},
        },
    }


def spx_row(result: SpxResult) -> dict[str, Any]:
    """One scored SPX session."""
    score, inputs = result.score, result.score.session.inputs
    sides = {"put_side": score.put_side, "call_side": score.call_side}
    return {
        "session": iso(score.session.session),
        "product": result.product,
        "inputs": inputs.kind,
        "verified": inputs.verified,
        "minute": score.session.minute,
        "source": score.session.source,
        "states": list(result.states),
        "rms_vol_pct": pct(score.rms()),
        "errors_vol_points": _points(score.vol_points),
        "credit_error_pct": _terms(score, score.credit),
        **{f"{name}_error_pct": pct(nanmean(_term_values(score, errors))) for name, errors in sides.items()},
        **{f"{name}_error_pct_by_term": _terms(score, errors) for name, errors in sides.items()},
        "by_expiry": [_expiry(score, e) for e in range(len(score.session.smiles))],
        "levels": {name: number(value) for name, value in zip((*LEVELS, "SKEW"), (*inputs.levels, inputs.skew), strict=True)},
        "level_source": dict(inputs.source),
        "levels_of_chain": {name: number(value) for name, value in inputs.own.items()},
        "spx": number(inputs.spot),
        "b": number(result.b),
        "expiries_refused": describe_refused(score.session.refused),
        "quotes_rejected": dict(score.session.rejected),
        "notes": list(inputs.notes),
    }


def vix_row(score: VixScore) -> dict[str, Any]:
    """One scored VIX session: errors by delta are signed means over expiries, with the mean sizes beside them."""
    by_delta = {label: score.relative[:, i] for i, label in enumerate(VIX_LABELS)}
    return {
        "session": iso(score.session),
        "inputs": score.kind,
        "minute": score.minute,
        "source": score.source,
        "vvix": number(score.vvix),
        "price_error_pct_by_delta": {label: pct(nanmean(value)) for label, value in by_delta.items()},
        "price_abs_error_pct_by_delta": {label: pct(nanmean(np.abs(value))) for label, value in by_delta.items()},
        "price_error_pct": pct(nanmean(score.relative)),
        "price_abs_error_pct": pct(nanmean(np.abs(score.relative))),
        "by_expiry": [
            {
                **_series(smile),
                "forward_source": score.forward_source[e],
                "forward_error_pct": pct(float(score.forward_error[e])),
                "price_error_pct_by_delta": {label: pct(float(value[e])) for label, value in by_delta.items()},
                "mid_by_delta": {label: number(float(score.market[e, i])) for i, label in enumerate(VIX_LABELS)},
                "half_spread_by_delta": {label: number(float(score.half_spread[e, i])) for i, label in enumerate(VIX_LABELS)},
            }
            for e, smile in enumerate(score.smiles)
        ],
        "expiries_refused": describe_refused(score.refused),
        "quotes_rejected": dict(score.rejected),
        "notes": list(score.notes),
    }


def _expiry(score: SpxScore, e: int) -> dict[str, Any]:
    smile = score.session.smiles[e]
    near = np.abs(score.session.log_money[e])
    width = smile.at(np.where(np.isnan(near), 0.0, score.session.log_money[e]), smile.half_spread_vol)
    return {
        **_series(smile),
        "rms_vol_pct": pct(math.sqrt(nanmean(score.relative[e] ** 2))),
        "errors_vol_points": {label: number(float(score.vol_points[e, i])) for i, label in enumerate(LABELS)},
        "market_vol_points": {label: number(100.0 * float(score.session.market[e, i])) for i, label in enumerate(LABELS)},
        "half_spread_vol_points": number(100.0 * nanmean(width)),
        "credit_error_pct": pct(float(score.credit[e])),
        "put_side_error_pct": pct(float(score.put_side[e])),
        "call_side_error_pct": pct(float(score.call_side[e])),
    }


def _series(smile: MidSmile) -> dict[str, Any]:
    return {
        "expiry": iso(smile.expiry),
        "settles": "AM" if smile.am else "PM",
        "days": smile.days,
        "forward": number(smile.forward),
        "discount": number(smile.discount, 6),
    }


def _points(vol_points: Floats) -> dict[str, float | None]:
    return {label: number(nanmean(vol_points[:, i])) for i, label in enumerate(LABELS)}


def _term_values(score: SpxScore, errors: Floats) -> list[float]:
    return [score.at_term(errors, term) for term in TERMS_DAYS]


def _terms(score: SpxScore, errors: Floats) -> dict[str, float | None]:
    return {str(term): pct(value) for term, value in zip(TERMS_DAYS, _term_values(score, errors), strict=True)}
