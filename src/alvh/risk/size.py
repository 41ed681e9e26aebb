"""How many contracts: one ladder of VIX calls against condors, solved for a target and said in every other published reading.

A ladder is a shape (4/4/2) on chosen contracts; every figure of it is proportional to its size. A size is found as a number of
ladders, then rounded to whole contracts layer by layer. What cannot be had is answered with its reason and numbers, not with an
error. Definitions and worked figures: ``docs/how-to/size-a-hedge.md``; which published sizes hold together:
``docs/explanation/feasible-sizes.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from alvh.core.errors import UsageError
from alvh.market.history import Floats
from alvh.market.positions import Ints
from alvh.risk.coverage import PER_USD
from alvh.risk.size_inputs import SizeInputs

Kind = Literal["fixed", "index_notional", "risk_capital", "per_condor", "vega_target", "stress_target", "capital_share"]
KINDS: tuple[Kind, ...] = (
    "fixed", "index_notional", "risk_capital", "per_condor", "vega_target", "stress_target", "capital_share",
)  # fmt: skip
NEVER_SHORT = "the condors are not short vega: there is nothing to cover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One sizing; each kind reads its own fields, all fractions.

    ``fixed``: ``ladders``. ``index_notional`` and ``risk_capital``: one ladder for each ``per_usd``. ``per_condor``: ``ladders``
    for each condor lot. ``vega_target``: ``coverage`` of the net vega or of the short legs', naive or beta-adjusted.
    ``stress_target``: in the stated stress the ladder gains ``stress_share`` of what the condors lose, its static decay over 30
    days at most ``decay_budget`` of the credit of as many days (None: no budget). ``capital_share``: premium of this share of
    the equity.
    """

    kind: Kind
    ladders: float = 1.0
    per_usd: float = PER_USD
    coverage: float = 0.5
    against: Literal["net", "short_legs"] = "net"
    beta: Literal["naive", "adjusted"] = "adjusted"
    stress_share: float = 0.25
    decay_budget: float | None = 0.15
    capital_share: float = 0.01

    def text(self) -> str:
        """The sizing in words."""
        words = {
            "fixed": f"{self.ladders:g} ladders",
            "index_notional": f"one ladder per ${self.per_usd:,.0f} of index notional",
            "risk_capital": f"one ladder per ${self.per_usd:,.0f} of the condors' largest loss",
            "per_condor": f"{self.ladders:g} ladders per condor lot",
            "vega_target": f"{100 * self.coverage:g} % of the "
            f"{'net vega' if self.against == 'net' else 'vega of the short legs'}, {self.beta}",
            "stress_target": f"{100 * self.stress_share:g} % of the stress loss"
            + ("" if self.decay_budget is None else f", decay at most {100 * self.decay_budget:g} % of the credit"),
            "capital_share": f"premium of {100 * self.capital_share:g} % of the equity",
        }
        return words[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeReading:
    """One hedge, ``contracts`` (layers,) of it, in every reading: fractions and dollars, None where the base is missing."""

    contracts: Floats
    ladders: float
    per_100k_index: Floats | None
    per_100k_risk_capital: Floats | None
    per_condor_lot: Floats | None
    coverage_net_naive: float | None
    coverage_net_adjusted: float | None
    coverage_short_naive: float | None
    coverage_short_adjusted: float | None
    stress_gain_usd: float
    stress_share: float | None
    premium_usd: float
    premium_of_index: float | None
    premium_of_risk_capital: float | None
    premium_of_credit: float | None
    premium_of_equity: float | None
    decay_usd: float
    decay_of_credit: float | None
    decay_of_index: float | None
    decay_of_risk_capital: float | None
    vix_usd_per_point_naive: float
    vix_usd_per_point_adjusted: float
    vol_usd_per_vol_point: float

    def document(self) -> dict[str, Any]:
        """Plain numbers, shares in per cent."""
        out: dict[str, Any] = {"contracts": self.contracts.tolist(), "ladders": self.ladders}
        for name in ("per_100k_index", "per_100k_risk_capital", "per_condor_lot"):
            values = getattr(self, name)
            out[f"contracts_{name}"] = None if values is None else values.tolist()
        for name in [item.name for item in fields(self)][5:]:
            value = getattr(self, name)
            if name.startswith("coverage") or name == "stress_share" or "_of_" in name:
                out[f"{name}_pct"] = None if value is None else 100.0 * value
            else:
                out[name] = value
        return out


def read_size(inputs: SizeInputs, contracts: Floats) -> SizeReading:
    """Every reading of ``contracts`` by layer, whole or not."""
    base = inputs.base
    count = np.asarray(contracts, dtype=np.float64)

    def per(amount: float | None, unit: float) -> Floats | None:
        return None if amount is None or amount <= 0.0 else np.asarray(count * (unit / amount))

    def over(amount: float, whole: float | None) -> float | None:
        return None if whole is None or whole <= 0.0 else amount / whole

    premium, decay = float(count @ inputs.premium_usd), float(count @ inputs.decay_usd)
    naive, adjusted = float(count @ inputs.naive_usd), float(count @ inputs.adjusted_usd)
    gain = float(count @ inputs.stress_usd)
    net, short = inputs.net_vega_usd_per_vol_point, inputs.short_vega_usd_per_vol_point
    return SizeReading(
        contracts=count,
        ladders=float(count.sum() / inputs.ratio.sum()),
        per_100k_index=per(base.index_usd, PER_USD),
        per_100k_risk_capital=per(base.risk_capital_usd, PER_USD),
        per_condor_lot=per(base.lots, 1.0),
        coverage_net_naive=over(naive, net),
        coverage_net_adjusted=over(adjusted, net),
        coverage_short_naive=over(naive, short),
        coverage_short_adjusted=over(adjusted, short),
        stress_gain_usd=gain,
        stress_share=over(gain, -inputs.condor_stress_usd),
        premium_usd=premium,
        premium_of_index=over(premium, base.index_usd),
        premium_of_risk_capital=over(premium, base.risk_capital_usd),
        premium_of_credit=over(premium, base.credit_usd),
        premium_of_equity=over(premium, inputs.equity_usd),
        decay_usd=decay,
        decay_of_credit=over(decay, inputs.credit_usd),
        decay_of_index=over(decay, base.index_usd),
        decay_of_risk_capital=over(decay, base.risk_capital_usd),
        vix_usd_per_point_naive=naive,
        vix_usd_per_point_adjusted=adjusted,
        vol_usd_per_vol_point=float(count @ inputs.vol_usd),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeAnswer:
    """One sizing solved. ``wanted_ladders`` is what the target alone asks for, ``ladders`` what its other condition leaves.

    ``exact`` (layers,) contracts before rounding, ``contracts`` (layers,) whole. ``feasible``: the target holds before rounding;
    ``reasons`` name what fails, with the numbers; ``notes`` what rounding did. ``reading`` is of the whole contracts.
    """

    target: Target
    wanted_ladders: float
    ladders: float
    exact: Floats
    contracts: Ints
    feasible: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    reading: SizeReading


def solve(inputs: SizeInputs, target: Target) -> SizeAnswer:
    """Size a ladder for one target. An impossible target is an answer (``feasible`` false), a field out of range an error."""
    _check_target(inputs, target)
    wanted, ladders, reasons = _ladders(inputs, target)
    exact = inputs.ratio * ladders
    contracts = whole_contracts(inputs.ratio, ladders)
    notes = []
    cap = _budget_usd(inputs, target)
    if cap is not None and float(contracts @ inputs.decay_usd) > cap:
        contracts = np.floor(exact + 1e-9).astype(np.int64)
        notes.append("rounded down, for the nearest whole contracts would break the decay budget")
    if ladders > 0.0 and (contracts == 0).any():
        least = 0.5 / float(inputs.ratio.min()) / ladders
        notes.append(
            f"{ladders:.3f} ladders leave {int((contracts == 0).sum())} of {len(contracts)} layers without a contract; "
            f"{least:.1f} times this book would give each layer one"
        )
    return SizeAnswer(
        target=target,
        wanted_ladders=wanted,
        ladders=ladders,
        exact=exact,
        contracts=contracts,
        feasible=not reasons,
        reasons=tuple(reasons),
        notes=tuple(notes),
        reading=read_size(inputs, contracts.astype(np.float64)),
    )


def whole_contracts(ratio: Floats, ladders: float) -> Ints:
    """Whole contracts nearest the shape, halves up, layer by layer."""
    return np.floor(ratio * ladders + 0.5).astype(np.int64)


def _check_target(inputs: SizeInputs, target: Target) -> None:
    if target.kind not in KINDS:
        raise UsageError(f"'{target.kind}' is no sizing", allowed=", ".join(KINDS), todo="choose one of them")
    for name in ("ladders", "coverage", "stress_share", "capital_share", "per_usd"):
        value = getattr(target, name)
        if not np.isfinite(value) or value < 0.0 or (name == "per_usd" and value == 0.0):
            raise UsageError(f"{name} is {value:g}", where=f"sizing {target.kind}", allowed="a finite number above 0")
    if target.decay_budget is not None and not 0.0 <= target.decay_budget < np.inf:
        raise UsageError(
            f"the decay budget is {target.decay_budget:g}",
            where="sizing stress_target",
            allowed="0 or more, or none",
            todo="leave it out for no budget",
        )
    if target.kind == "capital_share" and inputs.equity_usd is None:
        raise UsageError(
            "a share of the equity without an equity", where="sizing capital_share", allowed="dollars", todo="state the equity"
        )


def _ladders(inputs: SizeInputs, target: Target) -> tuple[float, float, list[str]]:
    """Ladders that the target asks for, ladders that remain, and why they differ."""
    base = inputs.base
    if target.kind == "fixed":
        return target.ladders, target.ladders, []
    if target.kind == "capital_share":
        return _wanted(target.capital_share * (inputs.equity_usd or 0.0), inputs.ladder(inputs.premium_usd), "has no premium")
    if base.lots <= 0.0:
        return 0.0, 0.0, ["there is no condor in the book: nothing to hedge"]
    if target.kind == "per_condor":
        return _wanted(target.ladders * base.lots, 1.0, "")
    if target.kind == "index_notional":
        return _wanted(base.index_usd, target.per_usd, "")
    if target.kind == "risk_capital":
        if base.risk_capital_usd is None:
            return 0.0, 0.0, ["the condors' loss is unlimited: " + "; ".join(base.notes)]
        return _wanted(base.risk_capital_usd, target.per_usd, "")
    if target.kind == "vega_target":
        loss = inputs.net_vega_usd_per_vol_point if target.against == "net" else inputs.short_vega_usd_per_vol_point
        if loss <= 0.0:
            return 0.0, 0.0, [NEVER_SHORT]
        unit = inputs.ladder(inputs.naive_usd if target.beta == "naive" else inputs.adjusted_usd)
        return _wanted(target.coverage * loss, unit, "gains nothing when VIX rises")
    return _stress_ladders(inputs, target)


def _wanted(amount: float, unit: float, fault: str) -> tuple[float, float, list[str]]:
    if unit <= 0.0:
        return 0.0, 0.0, [f"one ladder {fault} (${unit:,.0f})"]
    return amount / unit, amount / unit, []


def _budget_usd(inputs: SizeInputs, target: Target) -> float | None:
    if target.kind != "stress_target" or target.decay_budget is None:
        return None
    return max(target.decay_budget * inputs.credit_usd, 0.0)


def _stress_ladders(inputs: SizeInputs, target: Target) -> tuple[float, float, list[str]]:
    loss, gain, decay = -inputs.condor_stress_usd, inputs.ladder(inputs.stress_usd), inputs.ladder(inputs.decay_usd)
    move, cap = inputs.move.text(), _budget_usd(inputs, target)
    if loss <= 0.0:
        return 0.0, 0.0, [f"the condors lose nothing at {move} (P&L ${-loss:,.0f}): there is nothing to cover"]
    if gain <= 0.0:
        return 0.0, 0.0, [f"one ladder gains nothing at {move} (${gain:,.0f})"]
    wanted = target.stress_share * loss / gain
    if cap is None or decay <= 0.0 or wanted * decay <= cap:
        return wanted, wanted, []
    allowed = cap / decay
    credit = inputs.credit_usd
    return (
        wanted,
        allowed,
        [
            f"{100 * target.stress_share:g} % of the ${loss:,.0f} lost at {move} needs {wanted:.2f} ladders, whose decay of "
            f"${wanted * decay:,.0f} in {inputs.days} days is {_of(wanted * decay, credit)} of the credit of ${credit:,.0f}; "
            f"{100 * (target.decay_budget or 0.0):g} % of it buys {allowed:.2f} ladders, which gain "
            f"{100.0 * allowed * gain / loss:.0f} % of the loss"
        ],
    )


def _of(amount: float, whole: float) -> str:
    return f"{100.0 * amount / whole:.1f} %" if whole > 0.0 else "more than all"
