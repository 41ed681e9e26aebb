"""What every variant of an ablation runs on: one loaded market, its span, and the same history at other prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.engine.backtest import signal_names
from alvh.market.signals import missing_input
from alvh.models.model_market import ModelMarket
from alvh.models.price_case import PriceCase
from alvh.risk.betas import RollingBetas
from alvh.strategy.policy import Policy
from alvh.strategy.rule_table import rule_table
from alvh.study.kept import content_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMarket:
    """The same history on the prices of a case."""

    case: PriceCase
    market: ModelMarket


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A loaded market and the days ``start`` to ``end`` (both included) of every run on it.

    ``cases``: the ends of each price's measured error, none where no range is asked for. ``folder`` keeps finished runs, None
    keeps nothing. ``weekly_min_volume_contracts`` is the policy's, by which forwards were read.
    """

    market: ModelMarket
    betas: RollingBetas
    start: int
    end: int
    folder: Path | None
    weekly_min_volume_contracts: float = 0.0
    cases: tuple[CaseMarket, ...] = ()

    def rows(self) -> slice:
        """Market rows of the runs. Raises :class:`DataMissing` where there is none."""
        sessions = self.market.sessions
        first, stop = np.searchsorted(sessions, self.start), np.searchsorted(sessions, self.end, side="right")
        if first >= stop:
            raise DataMissing(
                f"no session between {iso(self.start)} and {iso(self.end)}",
                allowed=f"{iso(sessions[0])} to {iso(sessions[-1])}",
                todo="choose dates inside the data",
            )
        return slice(int(first), int(stop))

    def markets(self) -> tuple[ModelMarket, ...]:
        """The central market, then each case's."""
        return self.market, *(one.market for one in self.cases)

    def digests(self) -> tuple[str, ...]:
        """SHA-256 of the data behind each of :meth:`markets`, and its case; where the data lie is no part of it."""
        history = replace(self.market.history, source="", sha256="")
        data = content_digest(history, self.market.series, self.weekly_min_volume_contracts)
        return tuple(content_digest(data, market.case) for market in self.markets())


def check_signals(policy: Policy, prepared: Prepared) -> None:
    """Raise :class:`DataMissing`, before anything runs, for a rule that lacks a signal on a session and may not be off there."""
    market, rows, names = prepared.market, prepared.rows(), signal_names(policy)
    values = np.array([market.signal(name)[rows] for name in names]).reshape(len(names), rows.stop - rows.start)
    table = rule_table(policy.rules, names, values)
    for rule, known in zip(policy.rules, table.known, strict=True):
        lacking = np.flatnonzero(~known)
        if rule.when_missing == "off" or not lacking.size:
            continue
        read = dict.fromkeys(rule.when.signals())
        signals = [name for name in read if np.isnan(values[names.index(name)]).any()]
        files = [file for name in signals if (file := missing_input(market.history, name)) is not None]
        first, last = (iso(market.sessions[rows.start + row]) for row in (lacking[0], lacking[-1]))
        raise DataMissing(
            f"rule '{rule.name}' lacks {', '.join(signals)} on {lacking.size} sessions, {first} to {last}",
            where=market.history.source,
            allowed=files[0] if files else "a value on every session of the run",
            todo='add the data, choose other dates, or write when_missing = "off" in the rule: it is then off there, counted',
        )
