"""A user's book at one close: the market around it, and the document of ``alvh risk``.

The whole history is loaded once: what a session needs of it (surfaces, betas) looks back only, and the episodes of
:mod:`alvh.app.book_stress` may lie on either side of the date.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from alvh.app.book_readings import four_four_two
from alvh.app.session_row import history_row
from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.data.load import load_history
from alvh.data.readers.book_file import read_book
from alvh.market.forwards import vix_forwards
from alvh.market.history import Floats, History
from alvh.market.market import Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Response
from alvh.market.series import SeriesTable, series_table
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.stand_ins import fill_missing
from alvh.models.surface_cache import cache_dir
from alvh.models.vx_curve import curve_points, ewma
from alvh.results.diagnostics import mark_to_carry
from alvh.risk.betas import (
    NAIVE,
    PUBLISHED,
    WINDOW_SESSIONS,
    TenorBetas,
    TenorChanges,
    rolling_betas,
    sample_betas,
    tenor_changes,
    vix_regimes,
)
from alvh.risk.costs import MONTH_DAYS, hedge_cost
from alvh.risk.coverage import CONDOR, HEDGE, coverage, notional, size_readings
from alvh.risk.exposures import exposures
from alvh.risk.stress import priced_legs, zero_value
from alvh.risk.unchanged import exposures_unchanged

RISK_SCHEMA: Final = "alvh.risk/1"
EXPIRY_HORIZON_DAYS: Final = 500
"""Expiries are listed at most about a year ahead; the tables reach this far beyond the session and beyond the book."""
BetaChoice = Literal["auto", "measured", "published"]
"""``auto``: measured where the history is long enough, else published, with a note that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMarket:
    """A book, the modelled market on its date, and the betas that join its VIX contracts to spot VIX.

    ``index`` is the session's row of ``market`` and ``history``; ``vix_changes`` end there. ``filled`` names the inputs that a
    model or a carried value supplied for that session.
    """

    book: Path
    positions: Positions
    market: ModelMarket
    history: History
    index: int
    beta_choice: BetaChoice
    vix_changes: TenorChanges
    filled: tuple[str, ...]

    @property
    def snapshot(self) -> Snapshot:
        """The close of the date."""
        return self.market.snapshot(self.index)

    @property
    def series(self) -> SeriesTable:
        return self.market.series

    @property
    def betas(self) -> TenorBetas:
        """The betas asked for; :class:`DataMissing` where the history is too short to measure them and they must be measured."""
        return self._betas_and_note()[0]

    @property
    def beta_note(self) -> str | None:
        """Why the published betas stand in; None where nothing stands in."""
        return self._betas_and_note()[1]

    def _betas_and_note(self) -> tuple[TenorBetas, str | None]:
        if self.beta_choice == "published":
            return PUBLISHED, None
        try:
            return _measured_betas(self.vix_changes), None
        except DataMissing as error:
            if self.beta_choice == "measured":
                raise
            return PUBLISHED, f"the published betas stand in, for none can be measured: {error.what}"

    def head(self, schema: str) -> dict[str, Any]:
        """What every document of a book begins with."""
        snapshot = self.snapshot
        return {
            "schema": schema,
            "session": iso(snapshot.session),
            "spx": snapshot.spx,
            "vix": snapshot.vix,
            "book": {"file": self.book.name, "positions": len(self.positions)},
            "data": {"source": self.history.source, "sha256": self.history.sha256, "modelled": list(self.filled)},
            "prices": "model",
        }


def load_book(book: Path, source: str | Path, *, as_of: date | None = None, betas: BetaChoice = "auto") -> BookMarket:
    """Read a book and put the market of one close around it (``as_of`` None: the last session of the history).

    Raises :class:`DataMissing` for a book that is not there, a date without a session and a position without a
    price; :class:`DataInvalid` for a book that fails its checks or holds what has expired.
    """
    loaded = load_history(source)
    history, _ = fill_missing(loaded.history)
    index = history_row(history, as_of)
    session = int(history.sessions[index])
    positions = read_book(book, as_of=session)
    first, last = int(history.sessions[0]), max(session, int(positions.expiry.max())) + EXPIRY_HORIZON_DAYS
    vix = vix_expiries(first, last)
    series = series_table(spx_expiries(first, last), vix, xsp=Root.XSP in positions.root)
    forwards = vix_forwards(
        history,
        expiry=vix.expiry,
        monthly=vix.monthly,
        curve_points=curve_points(history.vix_close, ewma(history.vix_close)),
    )
    changes = tenor_changes(forwards, sessions=history.sessions, expiry=vix.expiry, monthly=vix.monthly, vix=history.vix_close)
    made = BookMarket(
        book=book,
        positions=positions,
        market=model_market(history, series, forwards.forward, cache=cache_dir()),
        history=history,
        index=index,
        beta_choice=betas,
        vix_changes=_rows(changes, slice(0, index + 1)),
        filled=tuple(sorted(name for name, mask in history.modelled.items() if mask[index] and name != "dividend_points")),
    )
    zero_value(made.snapshot, priced_legs(made.snapshot, series, positions), Response(), positions)
    return made


def _rows(changes: TenorChanges, rows: slice) -> TenorChanges:
    return TenorChanges(
        sessions=changes.sessions[rows],
        tenor_days=changes.tenor_days,
        forward_change=changes.forward_change[rows],
        vix_change=changes.vix_change[rows],
        vix_before=changes.vix_before[rows],
    )


def _measured_betas(changes: TenorChanges) -> TenorBetas:
    """Betas of the last window; a window that reaches back more than twice its length is too old to stand for the date."""
    try:
        return rolling_betas(_rows(changes, slice(-2 * WINDOW_SESSIONS, None))).at(-1)
    except DataMissing as error:
        raise DataMissing(
            error.what,
            where=f"betas measured up to {iso(int(changes.sessions[-1]))}",
            allowed=f"{WINDOW_SESSIONS} daily changes of the VX curve in the {2 * WINDOW_SESSIONS} sessions before the date",
            todo="use the published betas with --betas published, add VX history, or choose a later --as-of",
        ) from error


def risk_document(made: BookMarket, *, decay_days: int = MONTH_DAYS) -> dict[str, Any]:
    """Exposures by position, layer, sleeve and book, coverage and size under every reading, the hedge's cost, and the betas."""
    snapshot, positions, series = made.snapshot, made.positions, made.series
    found = exposures(snapshot, positions, series, made.betas)
    base = notional(found)
    cost = hedge_cost(snapshot, positions, series, base, days=decay_days)
    sizes = size_readings(positions, base)
    covered = coverage(found)
    document = made.head(RISK_SCHEMA) | {
        "exposures": found.document(),
        "coverage": asdict(covered) | {"published_low": 0.40, "published_high": 0.60},
        "coverage_with_naive_betas_everywhere": coverage(exposures(snapshot, positions, series, NAIVE)).net_adjusted,
        "notional": {name: value for name, value in asdict(base).items() if name != "notes"},
        "size": {
            "layers": list(sizes.layers),
            "contracts": sizes.contracts.tolist(),
            "contracts_per_100k_usd_index_notional": _listed(sizes.per_100k_index),
            "contracts_per_100k_usd_risk_capital": _listed(sizes.per_100k_risk_capital),
            "contracts_per_condor_lot": _listed(sizes.per_condor_lot),
        },
        "cost": {
            "days": cost.days,
            "premium_usd": cost.premium_usd,
            "paid_usd": cost.paid_usd,
            "decay_usd": cost.decay_usd,
            "credit_for_days_usd": cost.credit_for_days_usd,
            "decay_of_credit": cost.decay_of_credit,
            "decay_of_index_notional": cost.decay_of_index,
            "decay_of_risk_capital": cost.decay_of_risk_capital,
            "decay_usd_per_condor_lot": cost.decay_usd_per_condor_lot,
            "premium_of_credit": cost.premium_of_credit,
            "premium_of_index_notional": cost.premium_of_index,
            "premium_of_risk_capital": cost.premium_of_risk_capital,
            "premium_usd_per_condor_lot": cost.premium_usd_per_condor_lot,
            "layers": [
                {"layer": name, "premium_usd": float(cost.layer_premium_usd[k]), "decay_usd": float(cost.layer_decay_usd[k])}
                for k, name in enumerate(cost.layers)
            ],
        },
        "four_four_two": four_four_two(found, cost, covered),
        "mark_to_carry": _mark_to_carry(made, decay_days),
        "at_condor_expiry": _at_condor_expiry(made),
        "betas": _betas(made),
        "notes": [*([made.beta_note] if made.beta_note is not None else []), *base.notes, *_notes(positions)],
    }
    return document


def _listed(values: Floats | None) -> list[float] | None:
    return None if values is None else values.tolist()


def _notes(positions: Positions) -> list[str]:
    found = []
    for sleeve, part in ((CONDOR, "coverage and notional have nothing to cover"), (HEDGE, "there is no hedge to measure")):
        if sleeve not in positions.sleeve:
            named = ", ".join(repr(name) for name in dict.fromkeys(positions.sleeve))
            found.append(f"no position has the sleeve '{sleeve}' (the book has {named}): {part}")
    return found


def _mark_to_carry(made: BookMarket, days: int) -> dict[str, Any]:
    """Mark over the decay of ``days`` in which nothing moves, by contract and for the book; null where nothing decays (R58)."""
    found = mark_to_carry(made.snapshot, made.positions, made.series, days=days)

    def plain(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return {
        "days": days,
        "contracts": [
            {
                "contract": name,
                "mark_usd": float(found.mark_usd[k]),
                "decay_usd": float(found.decay_usd[k]),
                "ratio": plain(found.ratio[k]),
            }
            for k, name in enumerate(found.contracts)
        ],
        "book_ratio": plain(found.book_ratio),
        "book_ratio_vix_one_point_up": plain(found.book_ratio_vix_up),
        "book_ratio_at_the_closing_side": plain(found.book_ratio_at_closing_side),
    }


def _at_condor_expiry(made: BookMarket) -> dict[str, Any] | None:
    """Layers at the first condor expiry with nothing moved (R56); None without condors."""
    positions = made.positions
    days = [
        int(day) - made.snapshot.session for day, name in zip(positions.expiry, positions.sleeve, strict=True) if name == CONDOR
    ]
    if not days:
        return None
    later = exposures_unchanged(made.snapshot, positions, made.series, made.betas, days=min(days))
    return {
        "days": min(days),
        "layers": [{"sleeve": key[0], "layer": key[1], **sums} for key, sums in later.by_layer().items() if key[0] != CONDOR],
    }


def _betas(made: BookMarket) -> dict[str, Any]:
    """The betas in use, those of each VIX regime and of the whole history up to the date, and the published ones."""
    changes = made.vix_changes
    last = iso(int(changes.sessions[-1]))
    regimes = [(label, (changes.vix_before >= low) & (changes.vix_before < high)) for low, high, label in vix_regimes()]
    others, left_out = [_tenors(PUBLISHED)], []
    for label, chosen in (("all changes", None), *regimes):
        try:
            others.append(_tenors(sample_betas(changes, chosen=chosen, label=f"{label}, to {last}")))
        except DataMissing as error:
            left_out.append({"label": label, "why": error.what})
    return {
        "choice": made.beta_choice,
        "note": made.beta_note,
        "used": _tenors(made.betas),
        "others": others,
        "left_out": left_out,
    }


def _tenors(betas: TenorBetas) -> dict[str, Any]:
    rows = zip(betas.tenor_days.tolist(), betas.beta.tolist(), betas.error.tolist(), betas.observations.tolist(), strict=True)
    return {
        "label": betas.label,
        "tenors": [
            {"days": days, "beta": beta, "error": error if seen else None, "observations": seen}
            for days, beta, error, seen in rows
        ],
    }
