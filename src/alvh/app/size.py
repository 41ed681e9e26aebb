"""``alvh size`` as a document: a policy's ladder beside condors at one close, under every sizing, each in every other reading."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from alvh.app.session_row import history_row
from alvh.app.wiring import LoadedMarket, known_betas, load_market
from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import ConfigError, DataInvalid, DataMissing, UsageError
from alvh.data.readers.book_file import read_book
from alvh.market.market import Snapshot
from alvh.market.positions import NOT_OPENED, Positions
from alvh.market.series import XSP_SCALE, SeriesTable
from alvh.risk.coverage import CONDOR, HEDGE
from alvh.risk.size import SizeAnswer, Target, read_size, solve, whole_contracts
from alvh.risk.size_inputs import MOVE, Move, SizeInputs, size_inputs
from alvh.strategy.policy import LayerStrike, Policy
from alvh.strategy.policy_file import load_policy
from alvh.strategy.selection import (
    CALL,
    PUT,
    choose_condor_expiry,
    choose_condor_strikes,
    choose_layer_expiry,
    choose_layer_legs,
)

SCHEMA: Final = "alvh.size/1"
AGAINST: Final[tuple[Literal["net", "short_legs"], ...]] = ("net", "short_legs")
BETA: Final[tuple[Literal["naive", "adjusted"], ...]] = ("adjusted", "naive")


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeOptions:
    """What to size for; shares are fractions. ``delta`` overrides the layers' strikes, ``lots`` counts condors of ``--condor``.

    ``vega`` and ``stress_share`` are targets, ``decay_budget`` (None: none) a cap on 30 days' decay over 30 days' credit.
    """

    policy: str = "alvh-442"
    lots: int = 1
    xsp: bool = False
    delta: float | None = None
    coverage: float = 0.5
    against: Literal["net", "short_legs"] = "net"
    beta: Literal["naive", "adjusted"] = "adjusted"
    stress_share: float = 0.25
    decay_budget: float | None = 0.15
    move: Move = MOVE
    capital_share: float = 0.01
    equity_usd: float | None = None


def size_document(
    source: str | Path, *, book: Path | None = None, as_of: date | None = None, options: SizeOptions | None = None
) -> dict[str, Any]:
    """Sizes for the condors of a book file, or (``book`` None) for the condor that the policy would open at that close.

    Raises :class:`DataMissing` for a day without session, :class:`DataInvalid` for a book without condor, and what the readers
    raise. What cannot be had is in the document: ``feasible`` false with ``reasons``.
    """
    options = SizeOptions() if options is None else options
    _check(options)
    policy = load_policy(options.policy).policy
    if policy.overlay is not None or not policy.hedge.layers:
        raise ConfigError(
            f"policy '{policy.name}' has no hedge layers", allowed="a policy with [[hedge.layer]]", todo="choose alvh-442"
        )
    roots = ("XSP",) if options.xsp else policy.condor.roots
    policy = replace(policy, condor=replace(policy.condor, roots=roots))
    listed = replace(policy, condor=replace(policy.condor, roots=("SPXW", "SPX", "XSP")))
    loaded = load_market(source, listed)
    index = history_row(loaded.market.history, as_of)
    snapshot, series = loaded.market.snapshot(index), loaded.market.series
    held: Positions | None = None
    if book is None:
        condors = policy_condor(snapshot, series, policy, options.lots)
    else:
        positions = read_book(book, as_of=snapshot.session)
        condors, held = _sleeves(positions, book.name)
    ladder = policy_ladder(snapshot, series, policy, options.delta)
    betas = known_betas(loaded).at(index)
    inputs = size_inputs(snapshot, series, condors, ladder, betas, move=options.move, equity_usd=options.equity_usd)
    answers = [solve(inputs, target) for target in targets(options)]
    chosen = next(answer for answer in answers if answer.target.kind == "stress_target")
    document = {
        "schema": SCHEMA,
        "session": iso(snapshot.session),
        "spx": snapshot.spx,
        "vix": snapshot.vix,
        "source": loaded.loaded.history.source,
        "policy": policy.name,
        "betas": betas.label,
        "stress": {"spx_move_pct": 100.0 * options.move.spx_move, "vix_points": options.move.vix_points},
        "condors": _condor_document(inputs, condors),
        "ladder": _ladder_document(inputs),
        "sizes": [answer_document(answer, inputs) for answer in answers],
        "infeasible": [
            {"target": answer.target.text(), "reasons": list(answer.reasons)} for answer in answers if not answer.feasible
        ],
        "held": _held_document(snapshot, series, condors, held, loaded, index, options),
        "account": _account(inputs, chosen, policy, options) if options.equity_usd is not None else None,
    }
    return document


def targets(options: SizeOptions) -> list[Target]:
    """One of every sizing, with the figures asked for; the published ones stand beside them."""
    made = [
        Target(
            kind="stress_target",
            stress_share=options.stress_share,
            decay_budget=options.decay_budget,
        ),
        Target(kind="vega_target", coverage=options.coverage, against=options.against, beta=options.beta),
    ]
    for one in (
        Target(kind="vega_target", coverage=options.coverage, against=against, beta=beta) for against in AGAINST for beta in BETA
    ):
        if one not in made:
            made.append(one)
    made += [
        Target(kind="per_condor"),
        Target(kind="index_notional", per_usd=600_000.0),
        Target(kind="index_notional", per_usd=100_000.0),
        Target(kind="risk_capital", per_usd=100_000.0),
        Target(kind="fixed"),
    ]
    if options.equity_usd is not None:
        made.append(Target(kind="capital_share", capital_share=options.capital_share))
    return made


def _check(options: SizeOptions) -> None:
    bounds = {
        "--delta": (options.delta, 0.0, 1.0),
        "--coverage": (options.coverage, 0.0, 100.0),
        "--share": (options.stress_share, 0.0, 100.0),
        "--capital-share": (options.capital_share, 0.0, 1.0),
        "--equity": (options.equity_usd, 0.0, 1e12),
        "--lots": (float(options.lots), 0.0, 1e6),
    }
    for name, (value, low, high) in bounds.items():
        if value is not None and not low < value <= high:
            scale = 100.0 if name in ("--coverage", "--share", "--capital-share") else 1.0
            allowed = f"above {low * scale:g}, at most {high * scale:g}"
            raise UsageError(f"{value * scale:g} is out of range", where=name, allowed=allowed, todo="correct the option")
    if options.decay_budget is not None and not 0.0 <= options.decay_budget <= 100.0:
        raise UsageError("the decay budget is out of range", where="--budget", allowed="0 or more per cent, or off")
    move = options.move
    if not (-1.0 < move.spx_move <= 1.0 and -100.0 <= move.vix_points <= 200.0):
        raise UsageError(
            f"{move.text()} is no move", where="--spx and --vix", allowed="SPX above -100 to 100 per cent, VIX -100 to 200 points"
        )


def positions_of(rows: Sequence[tuple[Root, int, float, int, float, str, str]]) -> Positions:
    n = len(rows)
    return Positions(
        root=tuple(row[0] for row in rows),
        expiry=np.array([row[1] for row in rows], dtype=np.int64),
        strike=np.array([row[2] for row in rows], dtype=np.float64),
        right=np.array([row[3] for row in rows], dtype=np.int64),
        quantity=np.array([row[4] for row in rows], dtype=np.float64),
        opened=np.full(n, NOT_OPENED, dtype=np.int64),
        open_price=np.full(n, np.nan),
        sleeve=tuple(row[5] for row in rows),
        layer=tuple(row[6] for row in rows),
    )


def policy_condor(snapshot: Snapshot, series: SeriesTable, policy: Policy, lots: int) -> Positions:
    """The condor that a policy would open at this close, ``lots`` of it; :class:`DataMissing` where nothing listed fits."""
    condor = policy.condor
    row = choose_condor_expiry(snapshot, series, condor)
    strikes = None if row is None else choose_condor_strikes(snapshot, row, condor)
    if row is None or strikes is None:
        raise DataMissing(
            f"no {' or '.join(condor.roots)} expiry of {condor.min_dte}-{condor.max_dte} days with the strikes of a condor",
            where=f"session {iso(snapshot.session)}",
            todo="choose another session, or name your own condor with --book",
        )
    root, expiry, count = series.roots[row], int(series.expiry[row]), float(lots)
    legs = (
        (strikes.long_put, PUT, count),
        (strikes.short_put, PUT, -count),
        (strikes.short_call, CALL, -count),
        (strikes.long_call, CALL, count),
    )
    return positions_of([(root, expiry, strike, right, quantity, CONDOR, "") for strike, right, quantity in legs])


def policy_ladder(snapshot: Snapshot, series: SeriesTable, policy: Policy, delta: float | None) -> Positions:
    """One contract shape a layer as the policy would strike it at this close; a layer without a listed expiry is an error."""
    rows = []
    for layer in policy.hedge.layers:
        if layer.instrument != "vix_calls":
            raise UsageError(
                f"layer {layer.name} holds {layer.instrument}, and a size is solved in VIX calls",
                where=f"policy {policy.name}",
                allowed="layers of vix_calls",
                todo="name another policy",
            )
        wanted = layer if delta is None else replace(layer, strike=LayerStrike(kind="delta", delta=delta))
        row = choose_layer_expiry(snapshot, series, layer, policy.hedge.fallback_min_dte, None).series
        legs = None if row is None else choose_layer_legs(snapshot, row, wanted, policy.hedge, None)
        if row is None or legs is None:
            raise DataMissing(
                f"layer {layer.name} finds no VIX expiry of {layer.min_dte}-{layer.max_dte} days",
                where=f"session {iso(snapshot.session)}",
                todo="choose a session from 2006-02-24 on",
            )
        rows.append((series.roots[row], int(series.expiry[row]), legs[0][0], CALL, layer.ratio, HEDGE, layer.name))
    return positions_of(rows)


def _sleeves(positions: Positions, name: str) -> tuple[Positions, Positions]:
    """Condors and hedge of a book; without sleeve names SPX options are the condors and VIX contracts the hedge."""
    named = any(sleeve in (CONDOR, HEDGE) for sleeve in positions.sleeve)
    sleeve = positions.sleeve if named else tuple(HEDGE if vix else CONDOR for vix in positions.is_vix)
    positions = replace(positions, sleeve=sleeve)
    parts = [positions.rows(np.array([each == wanted for each in sleeve], dtype=np.bool_)) for wanted in (CONDOR, HEDGE)]
    if not len(parts[0]):
        raise DataInvalid(
            "the book has no condor to size a hedge for",
            where=name,
            allowed="SPX options in the sleeve 'condor' (or a book without sleeves)",
            todo="name the sleeve, or size the policy's own condor with --condor",
        )
    return parts[0], parts[1]


def _condor_document(inputs: SizeInputs, condors: Positions) -> dict[str, Any]:
    base = inputs.base
    return {
        "positions": len(condors),
        "lots": base.lots,
        "index_notional_usd": base.index_usd,
        "risk_capital_usd": base.risk_capital_usd,
        "credit_usd": base.credit_usd,
        "credit_30_days_usd": inputs.credit_usd,
        "net_vega_usd_per_vol_point": -inputs.net_vega_usd_per_vol_point,
        "short_vega_usd_per_vol_point": -inputs.short_vega_usd_per_vol_point,
        "stress_usd": inputs.condor_stress_usd,
        "notes": list(base.notes),
    }


def _ladder_document(inputs: SizeInputs) -> dict[str, Any]:
    rows = zip(
        inputs.layers, inputs.contracts, inputs.ratio.tolist(), inputs.premium_usd.tolist(), inputs.decay_usd.tolist(),
        inputs.naive_usd.tolist(), inputs.adjusted_usd.tolist(), inputs.stress_usd.tolist(), strict=True,
    )  # fmt: skip
    names = (
        "layer", "contract", "ratio", "premium_usd_per_contract", "decay_30_days_usd_per_contract",
        "vix_usd_per_point_naive_per_contract", "vix_usd_per_point_adjusted_per_contract", "stress_gain_usd_per_contract",
    )  # fmt: skip
    return {
        "layers": [dict(zip(names, row, strict=True)) for row in rows],
        "one_ladder": read_size(inputs, inputs.ratio).document(),
    }


def answer_document(answer: SizeAnswer, inputs: SizeInputs) -> dict[str, Any]:
    """One sizing as plain numbers."""
    return {
        "kind": answer.target.kind,
        "target": answer.target.text(),
        "feasible": answer.feasible,
        "reasons": list(answer.reasons),
        "notes": list(answer.notes),
        "ladders_wanted": answer.wanted_ladders,
        "ladders": answer.ladders,
        "contracts_exact": answer.exact.tolist(),
        "contracts": dict(zip(inputs.layers, answer.contracts.tolist(), strict=True)),
        "readings": answer.reading.document(),
    }


def _held_document(
    snapshot: Snapshot,
    series: SeriesTable,
    condors: Positions,
    held: Positions | None,
    loaded: LoadedMarket,
    index: int,
    options: SizeOptions,
) -> dict[str, Any] | None:
    """The hedge that the book already holds, in the same readings; None without one, a reason where it is no ladder of calls."""
    if held is None or not len(held):
        return None
    if not held.is_vix.all() or (held.quantity <= 0.0).any():
        return {"readings": None, "reason": "the hedge holds more than bought VIX contracts: see alvh risk"}
    named = replace(held, layer=tuple(f"{layer or 'row'} {k + 1}" for k, layer in enumerate(held.layer)))
    betas = known_betas(loaded).at(index)
    inputs = size_inputs(snapshot, series, condors, named, betas, move=options.move, equity_usd=options.equity_usd)
    return {"contracts": list(inputs.contracts), "readings": read_size(inputs, inputs.ratio).document(), "reason": None}


def _account(inputs: SizeInputs, answer: SizeAnswer, policy: Policy, options: SizeOptions) -> dict[str, Any]:
    """Whole condor lots, in SPX and in XSP, that a share of the account covers at their largest loss, and the hedge for them."""
    equity, share = options.equity_usd or 0.0, policy.condor.size.share_pct / 100.0
    base, rows = inputs.base, []
    index_lots = base.index_usd / (100.0 * inputs.spx)
    if base.risk_capital_usd is None or index_lots <= 0.0 or base.risk_capital_usd <= 0.0:
        return {"equity_usd": equity, "share_pct": 100.0 * share, "sizes": [], "reason": "the condors' largest loss is unlimited"}
    for name, scale in (("SPX", 1.0), ("XSP", XSP_SCALE)):
        loss = scale * base.risk_capital_usd / index_lots
        lots = math.floor(share * equity / loss)
        ladders = answer.ladders * lots * scale / index_lots
        contracts = whole_contracts(inputs.ratio, ladders)
        least = 0.5 * index_lots / (answer.ladders * scale * float(inputs.ratio.min())) if answer.ladders > 0.0 else None
        rows.append(
            {
                "root": name,
                "max_loss_usd_per_lot": loss,
                "lots": lots,
                "least_equity_for_one_lot_usd": loss / share,
                "ladders": ladders,
                "contracts": dict(zip(inputs.layers, contracts.tolist(), strict=True)),
                "lots_until_each_layer_has_a_contract": None if least is None else math.ceil(least - 1e-9),
            }
        )
    return {
        "equity_usd": equity,
        "share_pct": 100.0 * share,
        "target": answer.target.text(),
        "sizes": rows,
        "reason": None if rows[1]["lots"] else "the account is too small for one XSP lot",
    }
