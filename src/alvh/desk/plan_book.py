"""A book of positions as the engine holds it: condors by group, layers by name, and what is stranded or somebody else's.

Nothing is guessed: a position that the policy cannot place is refused by name, and one of a sleeve of the user's own is left
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid, nearest
from alvh.engine.takeover import BookState, HeldLot, is_condor
from alvh.market.market import Legs, Market
from alvh.market.positions import FUTURE, NOT_OPENED, Positions
from alvh.market.series import SeriesTable
from alvh.risk.exposures import contract_text, legs_of
from alvh.strategy.policy import HedgeLayer, Policy
from alvh.strategy.rule_table import RuleTable
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory

CONDOR, HEDGE, STRANDED = "condor", "hedge", "stranded"
UNKNOWN_ROW: Final = -1
"""Row of an opening whose day the book does not say."""
_STEP = {Root.SPX: 5.0, Root.SPXW: 5.0, Root.XSP: 0.5, Root.VIX: 0.5, Root.VIXW: 0.5}
"""Strikes are multiples of these: the finest grids that the listing rules know (docs/reference/contracts.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBook:
    """Lots in the order of the book, the positions that are not the policy's, those in words, and what a plan can't tell."""

    lots: tuple[HeldLot, ...]
    others: tuple[str, ...]
    own: Positions | None = None
    notes: tuple[str, ...] = ()


def place_book(
    positions: Positions | None,
    policy: Policy,
    series: SeriesTable,
    sessions: DayArray,
    where: str,
    *,
    kept: int | None = None,
    session: int | None = None,
) -> PlacedBook:
    """Place every position; :class:`DataInvalid` names the first that does not fit the policy.

    ``kept`` is the session after whose close the book was kept, where it is an earlier one than ``session``, which is planned:
    what settles in between is held, and no position may be opened later or have settled before.
    """
    if positions is None or not len(positions):
        return PlacedBook(lots=(), others=())
    named = any(positions.sleeve)
    sleeves = [positions.sleeve[k] if named else (HEDGE if positions.is_vix[k] else CONDOR) for k in range(len(positions))]
    foreign = np.array([sleeve not in (CONDOR, HEDGE, STRANDED) for sleeve in sleeves])
    others = [f"{contract_text(positions, k)} (sleeve '{sleeves[k]}')" for k in np.flatnonzero(foreign).tolist()]
    layers = {layer.name: k for k, layer in enumerate(policy.hedge.layers)}
    groups: dict[tuple[int, int], int] = {}
    lots: list[HeldLot] = []
    for k in np.flatnonzero(~foreign).tolist():
        sleeve = sleeves[k]
        place = f"{where}, position {k + 1}, {contract_text(positions, k)}"
        row = _series_row(positions, k, series, place)
        _check_strike(positions, k, place)
        if kept is not None and session is not None:
            _check_days(positions, k, int(series.settlement_session[row]), kept, session, place)
        layer, group = -1, -1
        if sleeve == CONDOR:
            key = (row, int(positions.opened[k]))
            group = groups.setdefault(key, len(groups))
        elif sleeve == HEDGE or positions.layer[k]:
            layer = _layer(positions.layer[k], layers, place)
        if np.isnan(positions.open_price[k]) and sleeve == CONDOR:
            raise DataInvalid(
                "a condor's leg has no open_price, so that its credit is not known",
                where=f"{place}, column open_price",
                allowed="points per unit, as filled",
                todo="fill the column in for all four legs",
            )
        opened = int(positions.opened[k])
        lots.append(
            HeldLot(
                layer=layer,
                group=group,
                series=row,
                strike=0.0 if positions.right[k] == FUTURE else float(positions.strike[k]),
                right=int(positions.right[k]),
                quantity=int(positions.quantity[k]),
                multiplier_usd=float(positions.multiplier_usd[k]),
                opened_row=UNKNOWN_ROW if opened == NOT_OPENED else int(np.searchsorted(sessions, opened)),
                open_price=0.0 if np.isnan(positions.open_price[k]) else float(positions.open_price[k]),
                stranded=sleeve == STRANDED,
            )
        )
    _check_condors(lots, series, where)
    for number, hedge_layer in enumerate(policy.hedge.layers):
        _check_layer(hedge_layer, [lot for lot in lots if lot.layer == number and not lot.stranded], series, where)
    own = positions.rows(foreign & (positions.expiry > session)) if session is not None else positions.rows(foreign)
    return PlacedBook(lots=tuple(lots), others=tuple(others), own=own, notes=tuple(_unpriced(policy, lots)))


def _series_row(positions: Positions, k: int, series: SeriesTable, place: str) -> int:
    try:
        return int(legs_of(positions.rows(np.arange(len(positions)) == k), series).series[0])
    except DataInvalid as error:  # the same, said of the place in the whole book
        raise DataInvalid(error.what, where=place, allowed=error.allowed, todo=error.todo) from error


def _check_days(positions: Positions, k: int, settles: int, kept: int, session: int, place: str) -> None:
    if settles <= kept:
        raise DataInvalid(
            f"it had settled by the close of {iso(kept)}, of which the state is",
            where=f"{place}, column expiry",
            allowed=f"expiries that settle after {iso(kept)}",
            todo="delete the row",
        )
    if positions.opened[k] > session:
        raise DataInvalid(
            f"the position was opened on {iso(int(positions.opened[k]))}, after {iso(session)}",
            where=f"{place}, column opened",
            allowed=f"a day up to {iso(session)}, the session that is planned",
            todo="correct the day",
        )


def _unpriced(policy: Policy, lots: list[HeldLot]) -> list[str]:
    """Layers that sell winners, and hold lots whose cost the book does not say."""
    return [
        f"{layer.name}: contracts without an open_price count as having cost nothing, and are not sold as winners"
        for k, layer in enumerate(policy.hedge.layers)
        if layer.monetise is not None and any(lot.layer == k and not lot.open_price and lot.right for lot in lots)
    ]


def _check_strike(positions: Positions, k: int, place: str) -> None:
    step = _STEP.get(positions.root[k])
    if step is not None and positions.strike[k] % step:
        below = float(positions.strike[k] // step * step)
        raise DataInvalid(
            f"no {positions.root[k].value} option has the strike {positions.strike[k]:g}",
            where=f"{place}, column strike",
            allowed=f"multiples of {step:g}, near by {below:g} and {below + step:g}",
            todo="correct the strike",
        )


def _layer(name: str, layers: dict[str, int], place: str) -> int:
    if name in layers:
        return layers[name]
    if not name and len(layers) == 1:
        return 0
    allowed = ", ".join(layers) or "no layer: the policy has no hedge"
    what = f"the policy has no layer '{name}'" if name else "a hedge position names no layer"
    raise DataInvalid(
        what,
        where=f"{place}, column layer",
        allowed=allowed,
        todo=nearest(name, layers) or "name the layer, or give the position a sleeve of your own",
    )


def _check_condors(lots: list[HeldLot], series: SeriesTable, where: str) -> None:
    for group in dict.fromkeys(lot.group for lot in lots if lot.group >= 0):
        legs = [lot for lot in lots if lot.group == group]
        if not is_condor(legs):
            shown = ", ".join(f"{leg.quantity:+d} {leg.strike:g}{'C' if leg.right > 0 else 'P'}" for leg in legs)
            raise DataInvalid(
                f"the legs that were opened together are no iron condor: {shown}",
                where=f"{where}, {series.roots[legs[0].series]} {iso(int(series.expiry[legs[0].series]))}",
                allowed="one bought and one sold put and call of the same quantity, the bought ones outside",
                todo=f"correct quantities, strikes or 'opened', or put stray legs into the sleeve '{STRANDED}'",
            )


def _check_layer(layer: HedgeLayer, lots: list[HeldLot], series: SeriesTable, where: str) -> None:
    def refuse(what: str, allowed: str) -> DataInvalid:
        return DataInvalid(
            what,
            where=f"{where}, layer {layer.name}",
            allowed=allowed,
            todo=f"correct the position, or put what only waits for its settlement into the sleeve '{STRANDED}'",
        )

    if len({lot.series for lot in lots}) > 1:
        days = ", ".join(sorted({iso(int(series.expiry[lot.series])) for lot in lots}))
        raise refuse(f"the layer holds several expiries: {days}", "one expiry a layer")
    long = {(lot.strike, lot.right) for lot in lots if lot.quantity > 0}
    sold = {(lot.strike, lot.right) for lot in lots if lot.quantity < 0 and lot.right != FUTURE}
    right = {"vix_calls": 1, "vix_call_spreads": 1, "spx_put_spreads": -1}.get(layer.instrument, FUTURE)
    if len(long) > 1 or len(sold) > 1:
        raise refuse("the layer holds several strikes", f"one unit of {layer.instrument}")
    if lots and (not long or any(each[1] != right for each in long | sold) or bool(sold) != layer.is_spread):
        raise refuse(f"the positions are no {layer.instrument}", f"{layer.instrument}, bought")
    if layer.is_spread and sum(lot.quantity for lot in lots) != 0:
        raise refuse("bought and sold legs differ in number", "as many sold as bought")


def derived_state(policy: Policy, lots: tuple[HeldLot, ...], market: Market, equity_usd: float) -> tuple[BookState, list[str]]:
    """A state read off the positions where the book brings none, and notes on what it cannot tell.

    A layer that holds something has been opened, and so have all where the hedge is always held and one of them does; its last
    roll is the day of its latest lot.
    """
    layers, sessions = policy.hedge.layers, market.sessions
    held = [[lot for lot in lots if lot.layer == k and not lot.stranded] for k in range(len(layers))]
    always, some = policy.hedge.always_held, any(bool(own) for own in held)
    memory = Memory(
        started=tuple(some if kept else bool(own) for own, kept in zip(held, always, strict=True)),
        active=tuple(kept or bool(own) for own, kept in zip(held, always, strict=True)),
        last_roll=tuple(max((_opened(lot, sessions) for lot in own), default=NOTHING_HELD) for own in held),
        due_row=(NEVER,) * len(layers),
        factor=(1.0,) * len(layers),
        monetised=(False,) * len(layers),
        acted_row=((NEVER,) * (len(layers) + 1),) * len(policy.rules),
        held_row=(NEVER,) * len(policy.rules),
        episode_row=(NEVER,) * len(policy.rules),
    )
    notes = []
    waiting = [rule.name for rule in policy.rules if rule.cool_down_sessions or rule.repeat == "once_an_episode"]
    if waiting:
        notes.append(f"the book brings no state: {', '.join(waiting)} are taken as not having acted yet")
    if any(layer.monetise is not None for layer in layers):
        notes.append("the book brings no state: no layer is taken as having sold winners yet")
    if policy.hedge.size.reference == "planned":
        notes.append("the book brings no state: the condors that would be open are taken to be those that are")
    if policy.limits.quick_ratio is not None or policy.account.compound:
        notes.append(f"the book brings no state: cash is taken as ${equity_usd:,.0f}")
    moneyness = [
        own[0].strike / float(market.snapshot(own[0].opened_row).quote(_first(own)).forward[0])
        if own and layer.restrike == "same_moneyness" and own[0].strike and own[0].opened_row != UNKNOWN_ROW
        else None
        for own, layer in zip(held, layers, strict=True)
    ]
    state = BookState(
        memory=memory,
        cash_hedged_usd=equity_usd,
        cash_unhedged_usd=equity_usd,
        moneyness=tuple(moneyness),
        break_even_vix=(None,) * len(layers),
        reserve_usd=(0.0,) * len(layers),
    )
    return state, notes


def _opened(lot: HeldLot, sessions: DayArray) -> int:
    """The day of its opening; of an unknown one the first of the data, as if long ago."""
    return int(sessions[max(lot.opened_row, 0)])


def _first(own: list[HeldLot]) -> Legs:
    return Legs.of([(own[0].series, own[0].strike, own[0].right)])


def episodes(policy: Policy, table: RuleTable, before: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Row at which each rule last held before row ``before`` of the table, and at which that episode began."""
    held, began = [], []
    for k, rule in enumerate(policy.rules):
        rows = np.flatnonzero(table.holds[k, :before])
        if not rows.size:
            held.append(NEVER)
            began.append(NEVER)
            continue
        gaps = np.flatnonzero(np.diff(rows) > rule.rearm_sessions)
        held.append(int(rows[-1]))
        began.append(int(rows[gaps[-1] + 1]) if gaps.size else int(rows[0]))
    return tuple(held), tuple(began)
