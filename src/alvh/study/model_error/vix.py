"""VIX calls: the smile anchored to VVIX, on the forward that the product uses, against the quotes of one session.

Prices are compared at the strikes where the market's own smile has each delta; both are undiscounted: a rate has no say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.core.errors import AlvhError, DataMissing
from alvh.kernels.black import black_price
from alvh.market.chain import QuotedChain
from alvh.market.history import Floats
from alvh.market.index_formulas import CLOSE_FROM_MINUTE, vvix
from alvh.study.model_error.inputs import CHAIN, OFFICIAL
from alvh.study.model_error.smiles import Expiries, MidSmile, d1_of, deltas_to_points

VIX_LABELS = ("10", "15", "20", "30", "40")
_DELTAS = (0.10, 0.15, 0.20, 0.30, 0.40)
_D1 = tuple(d1_of(delta, 1.0) for delta in _DELTAS)
PARITY = "put-call parity"
"""Source of a forward that is taken from the chain itself."""


class VixVols(Protocol):
    """Implied vols of VIX options: VVIX in points, years (p,) and ln(K/F) (p,) to vols (p,)."""

    def __call__(self, vvix: float, years: Floats, log_money: Floats) -> Floats: ...


class VixForwardsOf(Protocol):
    """The product's forwards of VIX expiries at a session: values and names of sources; None where it has no such session."""

    def __call__(self, session: int, expiry: DayArray) -> tuple[Floats, tuple[str, ...]] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VixScore:
    """Price errors of one session, model over market less 1, (expiries, 5) by :data:`VIX_LABELS`, NaN where not quoted.

    ``market`` is the mid price and ``half_spread`` its half-spread, in points; ``forward_error`` (expiries,) model over parity
    forward less 1.
    """

    session: int
    minute: int | None
    source: str
    kind: str
    vvix: float
    smiles: tuple[MidSmile, ...]
    refused: tuple[tuple[int, str], ...]
    rejected: Mapping[str, int]
    forward_source: tuple[str, ...]
    forward_error: Floats
    relative: Floats
    market: Floats
    half_spread: Floats
    notes: tuple[str, ...]


def score_vix(
    chain: QuotedChain, expiries: Expiries, *, published_vvix: float, forwards: VixForwardsOf, vols: VixVols
) -> VixScore:
    """Score one VIX chain; ``published_vvix`` is NaN where there is none.

    Quotes of before the close, and sessions without a published VVIX or a forward, are scored with VVIX and forwards from the
    chain itself. Raises :class:`DataMissing` where the chain gives no VVIX either.
    """
    notes: list[str] = []
    at_close = chain.minute is None or chain.minute >= CLOSE_FROM_MINUTE
    days = np.array([smile.expiry for smile in expiries.smiles], dtype=np.int64)
    known = forwards(chain.session, days) if at_close and math.isfinite(published_vvix) else None
    if known is None:
        kind, level = CHAIN, _own_vvix(chain)
        model_forward = np.array([smile.forward for smile in expiries.smiles])
        sources: tuple[str, ...] = (PARITY,) * days.size
        notes.append("VVIX and forwards from the chain itself" + ("" if at_close else ": quotes of before the close"))
    else:
        kind, level, (model_forward, sources) = OFFICIAL, published_vvix, known
    relative, market, half = (np.full((days.size, len(VIX_LABELS)), np.nan) for _ in range(3))
    for e, smile in enumerate(expiries.smiles):
        points = deltas_to_points(smile, _D1)
        strike = smile.forward * np.exp(points)
        vol = smile.at(points)
        good = ~np.isnan(vol)
        years = np.full(points.size, smile.years)
        market[e, good] = black_price(smile.forward, strike[good], smile.years, 1.0, vol[good], 1.0)
        wide = vol + smile.at(points, smile.half_spread_vol)
        half[e, good] = black_price(smile.forward, strike[good], smile.years, 1.0, wide[good], 1.0) - market[e, good]
        own = vols(level, years[good], np.log(strike[good] / model_forward[e]))
        price = black_price(model_forward[e], strike[good], smile.years, 1.0, own, 1.0)
        relative[e, good] = price / market[e, good] - 1.0
    parity = np.array([smile.forward for smile in expiries.smiles])
    return VixScore(
        session=chain.session,
        minute=chain.minute,
        source=chain.source,
        kind=kind,
        vvix=level,
        smiles=expiries.smiles,
        refused=expiries.refused,
        rejected=expiries.rejected(),
        forward_source=sources,
        forward_error=model_forward / parity - 1.0,
        relative=relative,
        market=market,
        half_spread=half,
        notes=tuple(notes),
    )


def _own_vvix(chain: QuotedChain) -> float:
    try:
        return vvix(chain).value
    except AlvhError as error:
        raise DataMissing(
            f"neither a published VVIX nor quotes that give one ({error.what})",
            where=f"{chain.source}, session {iso(chain.session)}",
            allowed="the first two VIX monthlies",
            todo="add the VVIX history of that session",
        ) from error


__all__ = ["PARITY", "VIX_LABELS", "VixForwardsOf", "VixScore", "VixVols", "score_vix"]
