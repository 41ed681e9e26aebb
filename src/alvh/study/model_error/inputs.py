"""Which index levels a session's model prices rest on: the published closes, or the same indices computed from its own chain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import AlvhError, DataInvalid, DataMissing
from alvh.market.chain import QuotedChain
from alvh.market.history import History
from alvh.market.index_formulas import CLOSE_FROM_MINUTE, IndexLevel, skew, vix, vix3m, vix6m, vix9d

OFFICIAL, CHAIN = "official", "chain"
LEVELS = ("VIX9D", "VIX", "VIX3M", "VIX6M")
NAMES = (*LEVELS, "SKEW")
_FORMULAS: Mapping[str, Callable[[QuotedChain], IndexLevel]] = {
    "VIX9D": vix9d,
    "VIX": vix,
    "VIX3M": vix3m,
    "VIX6M": vix6m,
    "SKEW": skew,
}
_COLUMNS = {"VIX9D": "vix9d", "VIX": "vix_close", "VIX3M": "vix3m", "VIX6M": "vix6m", "SKEW": "skew"}
STALE_SPOT = 0.03
"""A parity forward this far from the published close is of another day: after-hours futures of the study stay within 1 %."""
STALE_VIX = 0.25
"""A VIX computed from the quotes this far from the published one is of another moment. The formula's own error is below 2 %, and
a day apart is often within 10 %: only gross mistakes can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Index levels of one session in index points, NaN where neither source has one, and the source of each.

    ``kind`` is ``official`` where VIX is the published close, else ``chain``; ``own`` holds every level the chain itself gives.
    ``verified`` is False where published levels are used and the quotes give no VIX to hold against the published one: they may
    then be of another moment.
    """

    kind: str
    verified: bool
    spot: float
    levels: tuple[float, float, float, float]
    skew: float
    source: Mapping[str, str]
    own: Mapping[str, float]
    notes: tuple[str, ...]


def session_inputs(chain: QuotedChain, history: History | None, *, forward: float) -> Inputs:
    """The inputs of an SPX chain; ``forward`` is that of its nearest scored expiry.

    The published closes where the quotes are of the close (or of no known minute) and the history has SPX and VIX; a level it
    lacks comes from the chain. Otherwise all come from the chain. Raises :class:`DataMissing` where even VIX is in neither,
    :class:`DataInvalid` where quotes and published levels are of different moments.
    """
    own, notes = {}, []
    for name, formula in _FORMULAS.items():
        try:
            value = formula(chain).value
        except AlvhError as error:
            notes.append(f"{name} from the chain: {error.what}")
            continue
        if math.isfinite(value) and value > 0.0:
            own[name] = value
    published = _published(chain.session, history)
    at_close = chain.minute is None or chain.minute >= CLOSE_FROM_MINUTE
    official = at_close and "VIX" in published and "SPX" in published
    if not at_close and published:
        notes.append("quotes of before the close: the published levels are not theirs")
    if official:
        _same_moment(chain, published, own, forward)
    levels: dict[str, float] = {}
    source: dict[str, str] = {}
    for name in NAMES:
        if official and name in published:
            levels[name], source[name] = published[name], OFFICIAL
        elif name in own:
            levels[name], source[name] = own[name], CHAIN
    if "VIX" not in levels:
        raise DataMissing(
            "neither a published VIX nor quotes that give one",
            where=f"{chain.source}, session {iso(chain.session)}",
            allowed="two Friday expiries around 30 days",
            todo="add the index history of that session, or use a chain with more expiries",
        )
    return Inputs(
        kind=OFFICIAL if official else CHAIN,
        verified=not official or "VIX" in own,
        spot=published["SPX"] if official else forward,
        levels=tuple(levels.get(name, math.nan) for name in LEVELS),  # type: ignore[arg-type]  # one of each name
        skew=levels.get("SKEW", math.nan),
        source=source,
        own=own,
        notes=tuple(notes),
    )


def _published(session: int, history: History | None) -> dict[str, float]:
    if history is None:
        return {}
    row = int(np.searchsorted(history.sessions, session))
    if row >= history.sessions.size or int(history.sessions[row]) != session:
        return {}
    found = {name: float(getattr(history, column)[row]) for name, column in _COLUMNS.items()}
    found["SPX"] = float(history.spx_close[row])
    flag = history.modelled.get("vix")
    if flag is not None and bool(flag[row]):
        del found["VIX"]  # carried forward, not published
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _same_moment(chain: QuotedChain, published: Mapping[str, float], own: Mapping[str, float], forward: float) -> None:
    where = f"{chain.source}, session {iso(chain.session)}"
    off = forward / published["SPX"] - 1.0
    if abs(off) > STALE_SPOT:
        raise DataInvalid(
            f"the parity forward {forward:.2f} is {100.0 * off:+.1f} % off the published close {published['SPX']:.2f}",
            where=where,
            allowed=f"within {100.0 * STALE_SPOT:.0f} %",
            todo="check the date of the chain: its quotes look stale",
        )
    if "VIX" in own and abs(own["VIX"] / published["VIX"] - 1.0) > STALE_VIX:
        raise DataInvalid(
            f"the quotes give a VIX of {own['VIX']:.2f}, published is {published['VIX']:.2f}",
            where=where,
            allowed=f"within {100.0 * STALE_VIX:.0f} %",
            todo="check the date of the chain: its quotes look stale or of after the close",
        )
