"""The default book `alvh-442` once more, in loops and dicts, written from its published description alone.

It shares with the product only what a market says at a close: listed series, deltas, quotes, marks and settlement values.
Rules, sizes, costs, rolls, stranding, settlement, interest and accounting are its own. It knows no policy variants.
"""

from __future__ import annotations

from datetime import date
from math import floor
from typing import Any

from alvh.core.days import to_day, weekday
from alvh.core.fees import fee_usd
from alvh.market.market import Legs

ACCOUNT_USD = 1_000_000.0
GRID_START = to_day(date(2007, 1, 3))
WEDNESDAY = 2
PER_NOTIONAL_USD = 600_000.0
SPX_SHARE, VIX_SHARE = 0.25, 0.50
ENTRY_DTE, ENTRY_MIN, ENTRY_MAX, EXIT_DTE = 45, 30, 60, 21
RISK_SHARE, KEEP_SHARE = 0.05, 0.50
LAYERS = (
    {"ratio": 4, "min": 9, "max": 16, "aim": 12.5, "days": 7},
    {"ratio": 4, "min": 30, "max": 45, "aim": 37.5, "days": 21},
    {"ratio": 2, "min": 90, "max": 180, "aim": 90.0, "days": 45},
)
FALLBACK_MIN_DTE = 9
MAX_STRIKE_TO_FORWARD = 3.0


class PlainBook:
    """One run; ``equity_hedged`` and ``equity_unhedged`` get one value a session, ``counts`` is kept by name and layer."""

    def __init__(self, market: Any, start: int, end: int) -> None:
        self.market = market
        self.rows = [k for k, day in enumerate(market.sessions.tolist()) if start <= day <= end]
        self.condors: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = [{"held": None} for _ in LAYERS]
        self.stranded: list[dict[str, Any]] = []
        self.cash = {"condor": 0.0, "hedge": 0.0}
        self.cash_hedged = self.cash_unhedged = ACCOUNT_USD
        self.equity_hedged: list[float] = []
        self.equity_unhedged: list[float] = []
        self.settled: list[tuple[int, int, float]] = []
        self.counts: dict[str, Any] = {
            "entries": 0,
            "lots": 0,
            "minimum_above_share": 0,
            "stranded": 0,
            "credit_usd": 0.0,
            "rolls": [0, 0, 0],
            "empty_windows": [0, 0, 0],
            "contracts": [0, 0, 0],
        }

    # The days ------------------------------------------------------------------------------------------------------------

    def condor_days(self) -> list[int]:
        """Session days: every Wednesday, the next session after a holiday."""
        sessions = self.market.sessions.tolist()
        found, k = [], 0
        day = sessions[0]
        while weekday(day) != WEDNESDAY:
            day += 1
        while day <= sessions[-1]:
            while sessions[k] < day:
                k += 1
            if not found or found[-1] != sessions[k]:
                found.append(sessions[k])
            day += 7
        return found

    @staticmethod
    def grid_between(after: int, until: int, days: int) -> bool:
        """Whether a point of the roll grid lies in (after, until]."""
        return (until - GRID_START) // days > (after - GRID_START) // days

    # Trading -------------------------------------------------------------------------------------------------------------

    def trade(self, sleeve: str, legs: list[tuple[int, float, int, int]]) -> tuple[list[int], float]:
        """Buy (quantity above 0) or sell legs of (series, strike, right, quantity, may strand if it closes a long).

        Returns what each leg really traded (0 for a long that found no bid) and the cash in dollars before fees.
        """
        quotes = self.snap.quote(Legs.of([(s, strike, right) for s, strike, right, _ in legs]))
        share = SPX_SHARE if sleeve == "condor" else VIX_SHARE
        done, cash = [], 0.0
        for k, (series, _, _, quantity) in enumerate(legs):
            bid, ask, mid, tick = (float(getattr(quotes, name)[k]) for name in ("bid", "ask", "mid", "tick"))
            if quantity < 0 and bid < tick:
                done.append(0)
                continue
            price = mid + share * (ask - mid) if quantity > 0 else mid - share * (mid - bid)
            price = max(price, 0.0)
            table = self.market.series
            usd = -quantity * price * table.multiplier_usd(series)
            cash += usd
            self.cash[sleeve] += usd - abs(quantity) * fee_usd(table.roots[series], self.today)
            done.append(quantity)
        return done, cash

    def strand(self, sleeve: str, series: int, strike: float, right: int, quantity: int) -> None:
        self.stranded.append({"sleeve": sleeve, "series": series, "strike": strike, "right": right, "quantity": quantity})
        self.counts["stranded"] += 1

    # A session, in the stated order ----------------------------------------------------------------------------------------

    def holdings(self) -> list[tuple[str, int, float, int, int]]:
        """Everything held as (sleeve, series, strike, right, quantity)."""
        out = [("condor", c["series"], strike, right, q * c["lots"]) for c in self.condors for strike, right, q in c["legs"]]
        for layer in self.layers:
            held = layer["held"]
            if held is not None:
                out.append(("hedge", held["series"], held["strike"], 1, held["quantity"]))
        out += [(s["sleeve"], s["series"], s["strike"], s["right"], s["quantity"]) for s in self.stranded]
        return out

    def settle(self, index: int) -> None:
        series = self.market.series
        for sleeve, row, strike, right, quantity in self.holdings():
            if series.settlement_session[row] == self.today:
                value = self.market.settlement(row, index).value
                self.cash[sleeve] += quantity * max(right * (value - strike), 0.0) * series.multiplier_usd(row)
                self.settled.append((self.today, row, strike))

        def alive(row: int) -> bool:
            return bool(series.settlement_session[row] > self.today)

        self.condors = [c for c in self.condors if alive(c["series"])]
        self.stranded = [s for s in self.stranded if alive(s["series"])]
        for layer in self.layers:
            if layer["held"] is not None and not alive(layer["held"]["series"]):
                layer["held"] = None

    def exit_condors(self) -> None:
        left = []
        for condor in self.condors:
            legs = [(condor["series"], strike, right, q) for strike, right, q in condor["legs"]]
            marks = self.snap.mark(Legs.of([leg[:3] for leg in legs])).tolist()
            to_close = -sum(q * mark for (_, _, _, q), mark in zip(legs, marks, strict=True))
            dte = int(self.market.series.expiry[condor["series"]]) - self.today
            if condor["credit"] - to_close < KEEP_SHARE * condor["credit"] and dte > EXIT_DTE:
                left.append(condor)
                continue
            orders = [(s, strike, right, -q * condor["lots"]) for s, strike, right, q in legs]
            done, _ = self.trade("condor", orders)
            for (s, strike, right, quantity), traded in zip(orders, done, strict=True):
                if traded == 0:
                    assert quantity < 0, "only a long may find no bid"
                    self.strand("condor", s, strike, right, -quantity)
        self.condors = left

    def nearest_delta(self, series: int, right: int, target: float, highest: float = float("inf")) -> float | None:
        part = self.snap.slice(series, right)
        rows = [
            (abs(delta - target), strike)
            for strike, delta in zip(part.strikes.tolist(), part.delta.tolist(), strict=True)
            if strike <= highest * part.forward
        ]
        return min(rows)[1] if rows else None

    def enter_condor(self) -> None:
        table, best = self.market.series, None
        for row in self.snap.listed(vix=False).tolist():
            dte = int(table.expiry[row]) - self.today
            if ENTRY_MIN <= dte <= ENTRY_MAX:
                key = (abs(dte - ENTRY_DTE), -dte, 0 if table.roots[row].value == "SPXW" else 1)
                if best is None or key < best[0]:
                    best = (key, row)
        if best is None:
            return
        series = best[1]
        legs = []
        for right in (-1, 1):
            legs.append((self.nearest_delta(series, right, 0.05), right, 1))
            legs.append((self.nearest_delta(series, right, 0.16), right, -1))
        quotes = self.snap.quote(Legs.of([(series, strike, right) for strike, right, _ in legs]))
        credit = 0.0
        for k, (_, _, q) in enumerate(legs):
            mid, bid, ask = float(quotes.mid[k]), float(quotes.bid[k]), float(quotes.ask[k])
            credit -= q * (mid + SPX_SHARE * (ask - mid) if q > 0 else mid - SPX_SHARE * (mid - bid))
        wing = max(legs[1][0] - legs[0][0], legs[2][0] - legs[3][0])
        loss_usd = (wing - credit) * table.multiplier_usd(series)
        lots = floor(RISK_SHARE * ACCOUNT_USD / loss_usd)
        if lots < 1:
            lots = 1
            self.counts["minimum_above_share"] += 1
        _, cash = self.trade("condor", [(series, strike, right, q * lots) for strike, right, q in legs])
        self.condors.append({"series": series, "legs": legs, "lots": lots, "credit": credit})
        self.counts["entries"] += 1
        self.counts["lots"] += lots
        self.counts["credit_usd"] += cash

    def choose_expiry(self, k: int) -> int | None:
        """Series row that the window names, or its fallback (counted)."""
        table, rule = self.market.series, LAYERS[k]
        inside, outside = [], []
        for row in self.snap.listed(vix=True).tolist():
            dte = int(table.expiry[row]) - self.today
            if rule["min"] <= dte <= rule["max"]:
                inside.append(((0 if table.monthly[row] else 1, abs(dte - rule["aim"]), -dte), row))
            elif dte >= FALLBACK_MIN_DTE:
                outside.append(((max(rule["min"] - dte, dte - rule["max"]), -dte), row))
        if inside:
            return min(inside)[1]
        self.counts["empty_windows"][k] += 1
        return min(outside)[1] if outside else None

    def sell_layer(self, k: int, quantity: int) -> None:
        """Sell of what a layer holds, oldest lot first; without a bid a lot stays until it settles and counts no more."""
        held = self.layers[k]["held"]
        done, _ = self.trade("hedge", [(held["series"], held["strike"], 1, -quantity)])
        held["quantity"] -= quantity
        while quantity > 0:
            part = min(quantity, held["lots"][0])
            if done[0] == 0:
                self.strand("hedge", held["series"], held["strike"], 1, part)
            quantity -= part
            held["lots"][0] -= part
            if held["lots"][0] == 0:
                held["lots"].pop(0)
        if held["quantity"] == 0:
            self.layers[k]["held"] = None

    def buy_layer(self, k: int, series: int, strike: float, quantity: int) -> None:
        self.trade("hedge", [(series, strike, 1, quantity)])
        self.counts["contracts"][k] += quantity
        if self.layers[k]["held"] is None:
            self.layers[k]["held"] = {"series": series, "strike": strike, "quantity": 0, "lots": []}
        self.layers[k]["held"]["lots"].append(quantity)
        self.layers[k]["held"]["quantity"] += quantity

    def roll_layer(self, k: int) -> None:
        notional = self.snap.spx * 100.0 * sum(c["lots"] for c in self.condors)
        wanted = floor(LAYERS[k]["ratio"] * notional / PER_NOTIONAL_USD + 0.5)
        held = self.layers[k]["held"]
        series = self.choose_expiry(k)
        if held is not None and series == held["series"]:
            if wanted > held["quantity"]:
                self.buy_layer(k, series, held["strike"], wanted - held["quantity"])
            elif wanted < held["quantity"]:
                self.sell_layer(k, held["quantity"] - wanted)
            return
        if held is not None:
            self.sell_layer(k, held["quantity"])
        if series is not None and wanted > 0:
            strike = self.nearest_delta(series, 1, 0.20, MAX_STRIKE_TO_FORWARD)
            if strike is not None:
                self.buy_layer(k, series, strike, wanted)

    def run(self) -> PlainBook:
        """Go through every session; returns itself."""
        days = set(self.condor_days())
        previous_condor_day: int | None = None
        previous: int | None = None
        for index in self.rows:
            self.snap = self.market.snapshot(index)
            self.today = int(self.snap.session)
            self.cash = {"condor": 0.0, "hedge": 0.0}
            interest = 0.0
            if previous is not None:
                span = self.today - int(self.market.sessions[previous])
                interest = float(self.market.bill_rate[previous]) * span / 360.0
            self.settle(index)
            self.exit_condors()
            condor_day = self.today in days
            if condor_day:
                self.enter_condor()
            for k, rule in enumerate(LAYERS):
                held = self.layers[k]["held"]
                last = held is not None and int(self.market.series.last_trade[held["series"]]) == self.today
                if condor_day and previous_condor_day is None:
                    self.roll_layer(k)
                elif previous_condor_day is not None and (
                    last or (condor_day and self.grid_between(previous_condor_day, self.today, int(rule["days"])))
                ):
                    self.roll_layer(k)
                    self.counts["rolls"][k] += 1
            if condor_day:
                previous_condor_day = self.today
            self.cash_unhedged += interest * self.cash_unhedged + self.cash["condor"]
            self.cash_hedged += interest * self.cash_hedged + self.cash["condor"] + self.cash["hedge"]
            value = {"condor": 0.0, "hedge": 0.0}
            held_now = self.holdings()
            if held_now:
                marks = self.snap.mark(Legs.of([(s, strike, right) for _, s, strike, right, _ in held_now])).tolist()
                for (sleeve, s, _, _, quantity), mark in zip(held_now, marks, strict=True):
                    value[sleeve] += quantity * mark * self.market.series.multiplier_usd(s)
            self.equity_unhedged.append(self.cash_unhedged + value["condor"])
            self.equity_hedged.append(self.cash_hedged + value["condor"] + value["hedge"])
            previous = index
        return self
