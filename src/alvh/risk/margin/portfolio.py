"""Portfolio margin: the worst of ten price moves a class, by any pricer, with minima, groups and a house's scenarios.

Source: Cboe Rule 10.4, FINRA 4210(g), SEA Rule 15c3-1a; OCC publishes the theoretical profits and losses ("TIMS"). What is
assumed is listed in ``docs/reference/margin.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from alvh.core.contracts import Root
from alvh.core.errors import DataMissing, UsageError
from alvh.market.history import Floats
from alvh.market.positions import FUTURE, Ints, Positions
from alvh.risk.margin.futures import future_parts
from alvh.risk.margin.legs import MarginInputs, check_book, series_name
from alvh.risk.margin.report import MarginPart, MarginReport, report_of
from alvh.risk.margin.rules import PORTFOLIO_EQUITY_USD, RULE_PORTFOLIO, PmClass, PortfolioRules, ScanRange

CLASS_OF: Final[Mapping[Root, PmClass]] = {
    Root.SPX: "SPX",
    Root.SPXW: "SPX",
    Root.XSP: "SPX",
    Root.VIX: "VIX",
    Root.VIXW: "VIX",
    Root.VX: "VIX",
    Root.VXM: "VIX",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Scenarios to price, both (p, n): ``move`` is the relative move of each position's own underlying, the SPX or XSP index or
    the VX future of its expiry, ``vol_move`` the relative move of its implied vol.
    """

    move: Floats
    vol_move: Floats


class Reprice(Protocol):
    """A pricer: values per unit (p, n) of every position at every point; the dynamics of the smile are its own."""

    def __call__(self, points: Points) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Profit and loss of one class: ``move``, ``vol_move`` and ``pnl_usd`` (p,); ``share`` (p,) of a loss that counts."""

    rows: Ints
    move: Floats
    vol_move: Floats
    share: Floats
    pnl_usd: Floats
    minimum_usd: float


def valuation_moves(scan: ScanRange) -> tuple[Floats, Floats, Floats]:
    """Moves, vol moves and counted shares (p,) of a range, from the lowest move up; the extreme scenario last.

    Five equidistant points on each side, as OCC's ten: 0 is none of them (Cboe Rule 10.4; one broker's account: "5 positive
    market moves and 5 negative").
    """
    side = np.arange(1, scan.points_each_side + 1) / scan.points_each_side
    moves = np.concatenate([scan.down * side[::-1], scan.up * side])
    move = np.repeat(moves, len(scan.vol_moves))
    vol_move = np.tile(np.asarray(scan.vol_moves), moves.size)
    share = np.ones(move.size)
    if scan.extreme_move is not None:
        move, vol_move, share = np.append(move, scan.extreme_move), np.append(vol_move, 0.0), np.append(share, scan.extreme_share)
    return move, vol_move, share


def scan_classes(positions: Positions, reprice: Reprice, rules: PortfolioRules) -> dict[PmClass, Scan]:
    """Price every class over its range, in one call of the pricer.

    Profit and loss are from the pricer's own value at no move, so that a pricer that misses a mark shifts nothing.
    """
    option = positions.right != FUTURE
    inside = option | rules.futures_in_scan
    of = np.array([CLASS_OF[root] for root in positions.root])
    ranges = {name: valuation_moves(rules.ranges[name]) for name in rules.ranges if (inside & (of == name)).any()}
    for name in sorted(set(of[inside]) - set(rules.ranges)):
        raise UsageError(f"no range for the class {name}", allowed="a ScanRange a class", todo="add it to ranges")
    if not ranges:
        return {}
    most = max(move.size for move, _, _ in ranges.values())
    move, vol_move = np.zeros((most + 1, len(positions))), np.zeros((most + 1, len(positions)))
    for name, (moves, vol_moves, _) in ranges.items():
        own = np.flatnonzero(inside & (of == name))
        move[1 : moves.size + 1, own] = moves[:, None]
        vol_move[1 : moves.size + 1, own] = vol_moves[:, None]
    value = np.asarray(reprice(Points(move=move, vol_move=vol_move)), dtype=np.float64)
    if value.shape != move.shape:
        raise UsageError(f"the pricer returned {value.shape}", allowed=f"values of shape {move.shape}", todo="mend the pricer")
    dollars = positions.quantity * positions.multiplier_usd
    found: dict[PmClass, Scan] = {}
    for name, (moves, vol_moves, share) in ranges.items():
        own = np.flatnonzero(inside & (of == name))
        values = value[: moves.size + 1, own]
        if not np.isfinite(values).all():
            at = int(own[~np.isfinite(values).all(axis=0)][0])
            raise DataMissing(
                "the pricer gives no value at some point",
                where=f"position {at + 1}, {series_name(positions, at)}",
                allowed="a finite value at every point",
                todo="check the inputs of its surface",
            )
        found[name] = Scan(
            rows=own,
            move=moves,
            vol_move=vol_moves,
            share=share,
            pnl_usd=(values[1:] - values[0]) @ dollars[own],
            minimum_usd=rules.minimum_usd_per_contract
            * float((np.abs(positions.quantity) * positions.multiplier_usd)[own].sum()),
        )
    return found


def portfolio_margin(
    positions: Positions, inputs: MarginInputs, reprice: Reprice, rules: PortfolioRules = RULE_PORTFOLIO
) -> MarginReport:
    """Requirement of a book under portfolio margin, in dollars.

    A class asks for its worst loss, at least the minimum a contract; classes of one group relieve each other by
    ``rules.offset`` of the gain. Errors: as :func:`~alvh.risk.margin.strategy.strategy_margin`, and :class:`DataMissing` where
    the pricer has no value.
    """
    check_book(positions, inputs)
    scans = scan_classes(positions, reprice, rules)
    parts = []
    for group in _groups(rules, scans):
        parts += _group_parts("+".join(group), [(name, scans[name]) for name in group], positions, inputs, rules)
    if not rules.futures_in_scan:
        parts += future_parts(positions, rules.futures, "initial")
    notes = [
        f"portfolio margin asks for {PORTFOLIO_EQUITY_USD:,.0f} USD of equity or more (firms: up to 150,000)",
        "every loss is the pricer's: OCC's own values hold each option's implied vol, which a moving smile does not",
    ]
    if rules.offset == 0.0:
        notes.append("SPX and VIX products do not relieve each other")
    if any(part.product == "VX" for part in parts):
        notes.append("VX and VXM stand outside the scan, at a margin a contract whose default is assumed")
    return report_of(rules.name, parts, minimum_equity_usd=PORTFOLIO_EQUITY_USD, notes=tuple(notes))


def _groups(rules: PortfolioRules, scans: Mapping[PmClass, Scan]) -> list[tuple[PmClass, ...]]:
    listed = [tuple(name for name in group if name in scans) for group in rules.groups]
    alone = [(name,) for name in scans if not any(name in group for group in rules.groups)]
    return [group for group in [*listed, *alone] if group]


def _group_parts(
    group: str, members: list[tuple[PmClass, Scan]], positions: Positions, inputs: MarginInputs, rules: PortfolioRules
) -> list[MarginPart]:
    alone = [_class_part(group, name, scan, positions, inputs) for name, scan in members]
    if len(members) == 1 or rules.offset == 0.0:
        return alone
    relief = sum(part.requirement_usd for part in alone) - _together(members, rules)
    if relief <= 0.0:
        return alone
    return [
        *alone,
        MarginPart(
            product="offset",
            group=group,
            kind="offset",
            label=f"offset inside {group}",
            rows=(),
            contracts=0,
            gross_usd=-relief,
            credit_usd=0.0,
            requirement_usd=-relief,
            binding=f"{rules.offset:.0%} of gains against losses",
        ),
    ]


def _together(members: list[tuple[PmClass, Scan]], rules: PortfolioRules) -> float:
    """Requirement of a group: at each of the range's points losses count whole and gains by the offset; extremes stand alone."""
    worst = 0.0
    profit: list[Floats] = []
    for name, scan in members:
        regular = np.arange(scan.move.size) < scan.move.size - (rules.ranges[name].extreme_move is not None)
        pnl = scan.pnl_usd[regular]
        profit.append(pnl[::-1] if rules.opposed and name == "VIX" else pnl)
        extreme = -(scan.pnl_usd * scan.share)[~regular]
        worst = max(worst, float(extreme.max(initial=0.0)))
    if len({pnl.size for pnl in profit}) > 1:
        raise UsageError(
            "the classes of a group have different numbers of points", allowed="equal numbers", todo="set points_each_side alike"
        )
    table = np.stack(profit)
    joint = np.minimum(table, 0.0).sum(axis=0) + rules.offset * np.maximum(table, 0.0).sum(axis=0)
    return max(worst, float(-joint.min()), sum(scan.minimum_usd for _, scan in members))


def _class_part(group: str, name: PmClass, scan: Scan, positions: Positions, inputs: MarginInputs) -> MarginPart:
    loss = -scan.pnl_usd * scan.share
    worst = int(loss.argmax())
    requirement = max(float(loss[worst]), scan.minimum_usd)
    binding = f"{name} {scan.move[worst]:+.1%}"
    if scan.vol_move[worst] != 0.0:
        binding += f", implied vol {scan.vol_move[worst]:+.0%}"
    if scan.share[worst] != 1.0:
        binding += f" ({scan.share[worst]:.0%} of the loss)"
    if loss[worst] < scan.minimum_usd:
        binding = "minimum a contract"
    own = scan.rows
    value = float((positions.quantity * positions.multiplier_usd * inputs.mark)[own].sum())
    return MarginPart(
        product=name,
        group=group,
        kind="scan",
        label=f"{name} class",
        rows=tuple(int(row) for row in own),
        contracts=round(float(np.abs(positions.quantity[own]).sum())),
        gross_usd=requirement,
        credit_usd=-value,
        requirement_usd=requirement,
        binding=binding,
    )
