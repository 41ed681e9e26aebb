"""The default book with other instruments in its layers, in loops and dicts: VX futures and VIX call spreads beside VIX calls.

Condors, calendar, windows, sizes and accounting of calls are those of the plain twin of the default book; what a layer of futures
or spreads buys, sells, pays every day and settles is written here from its published description (R07) alone.
"""

from __future__ import annotations

from typing import Any

from tests.reference.plain_book import FALLBACK_MIN_DTE, LAYERS, MAX_STRIKE_TO_FORWARD, VIX_SHARE, PlainBook

from alvh.core.contracts import Root
from alvh.core.fees import fee_usd
from alvh.market.market import Legs

FUTURE_USD, OPTION_USD = 1000.0, 100.0
BOUGHT_DELTA, SOLD_DELTA = 0.20, 0.10


class PlainMixedBook(PlainBook):
    """``holds`` names what each of the three layers holds: "future", "spread" or "call"."""

    def __init__(self, market: Any, start: int, end: int, *, holds: tuple[str, str, str]) -> None:
        super().__init__(market, start, end)
        self.holds = holds
        self.variation_usd = 0.0

    # What is worth something at a mark -------------------------------------------------------------------------------------

    def holdings(self) -> list[tuple[str, int, float, int, int]]:
        """Options alone: a future is worth nothing beside its variation."""
        out = [("condor", c["series"], strike, right, q * c["lots"]) for c in self.condors for strike, right, q in c["legs"]]
        for k, layer in enumerate(self.layers):
            held = layer["held"]
            if held is None or self.holds[k] == "future":
                continue
            out.append(("hedge", held["series"], held["strike"], 1, held["quantity"]))
            if self.holds[k] == "spread":
                out.append(("hedge", held["series"], held["sold"], 1, -held["quantity"]))
        out += [(s["sleeve"], s["series"], s["strike"], s["right"], s["quantity"]) for s in self.stranded]
        return out

    def future_price(self, series: int) -> tuple[float, float, float]:
        quotes = self.snap.quote(Legs.of([(series, 0.0, 0)]))
        return float(quotes.bid[0]), float(quotes.mid[0]), float(quotes.ask[0])

    def settle(self, index: int) -> None:
        """A future is paid up to its settlement value on its last day, and to the day's settle on every other."""
        table = self.market.series
        for k, layer in enumerate(self.layers):
            held = layer["held"]
            if held is None or self.holds[k] != "future":
                continue
            ends = table.settlement_session[held["series"]] <= self.today
            now = self.market.settlement(held["series"], index).value if ends else self.future_price(held["series"])[1]
            usd = held["quantity"] * FUTURE_USD * (now - held["paid_to"])
            self.cash["hedge"] += usd
            self.variation_usd += usd
            held["paid_to"] = now
        super().settle(index)

    # Layers ----------------------------------------------------------------------------------------------------------------

    def choose_expiry(self, k: int) -> int | None:
        """As for calls, but VX futures are monthly contracts."""
        if self.holds[k] != "future":
            return super().choose_expiry(k)
        table, rule = self.market.series, LAYERS[k]
        monthlies = [int(row) for row in self.snap.listed(vix=True) if table.monthly[row]]
        days = {row: int(table.expiry[row]) - self.today for row in monthlies}
        inside = [row for row in monthlies if rule["min"] <= days[row] <= rule["max"]]
        if inside:
            return min(inside, key=lambda row: (abs(days[row] - rule["aim"]), -days[row]))
        self.counts["empty_windows"][k] += 1
        outside = [row for row in monthlies if days[row] >= FALLBACK_MIN_DTE]
        return min(outside, key=lambda row: (max(rule["min"] - days[row], days[row] - rule["max"]), -days[row]), default=None)

    def trade_leg(self, series: int, strike: float, quantity: int, *, closing: bool) -> bool:
        """One VIX option leg; a long that is sold waits where nobody bids a tick. Whether it was traded."""
        quotes = self.snap.quote(Legs.of([(series, strike, 1)]))
        bid, ask, mid, tick = (float(getattr(quotes, name)[0]) for name in ("bid", "ask", "mid", "tick"))
        if closing and quantity < 0 and bid < tick:
            return False
        price = mid + VIX_SHARE * (ask - mid) if quantity > 0 else mid - VIX_SHARE * (mid - bid)
        root = self.market.series.roots[series]
        self.cash["hedge"] -= quantity * max(price, 0.0) * OPTION_USD + abs(quantity) * fee_usd(root, self.today)
        return True

    def sell_layer(self, k: int, quantity: int) -> None:
        """Of a spread the sold leg is bought back first."""
        held = self.layers[k]["held"]
        if self.holds[k] == "spread":
            self.trade_leg(held["series"], held["sold"], quantity, closing=True)
        super().sell_layer(k, quantity)

    def trade_future(self, k: int, series: int, quantity: int) -> None:
        """Buy or sell futures at the day's settle and half of the half-spread; only that distance and the fee move cash."""
        bid, mid, ask = self.future_price(series)
        away = VIX_SHARE * (ask - mid) if quantity > 0 else VIX_SHARE * (mid - bid)
        self.cash["hedge"] -= abs(quantity) * (FUTURE_USD * away + fee_usd(Root.VX, self.today))
        held = self.layers[k]["held"]
        if held is None:
            held = self.layers[k]["held"] = {"series": series, "quantity": 0, "paid_to": mid}
        held["quantity"] += quantity
        self.counts["contracts"][k] += max(quantity, 0)
        if held["quantity"] == 0:
            self.layers[k]["held"] = None

    def roll_layer(self, k: int) -> None:
        if self.holds[k] == "call":
            super().roll_layer(k)
            return
        notional = self.snap.spx * 100.0 * sum(c["lots"] for c in self.condors)
        wanted = int(LAYERS[k]["ratio"] * notional / 600_000.0 + 0.5)
        series = self.choose_expiry(k)
        if self.holds[k] == "future":
            self.roll_future(k, series, wanted)
        else:
            self.roll_spread(k, series, wanted)

    def roll_future(self, k: int, series: int | None, wanted: int) -> None:
        held = self.layers[k]["held"]
        now = 0 if held is None else held["quantity"]
        if held is not None and held["series"] == series:
            if wanted != now:
                self.trade_future(k, series, wanted - now)
            return
        if held is not None:
            self.trade_future(k, held["series"], -now)
        if series is not None and wanted > 0:
            self.trade_future(k, series, wanted)

    def roll_spread(self, k: int, series: int | None, wanted: int) -> None:
        held = self.layers[k]["held"]
        if held is not None and held["series"] == series:
            if wanted > held["quantity"]:
                self.buy_spread(k, series, held["strike"], held["sold"], wanted - held["quantity"])
            elif wanted < held["quantity"]:
                self.sell_layer(k, held["quantity"] - wanted)
            return
        if held is not None:
            self.sell_layer(k, held["quantity"])
        if series is None or wanted <= 0:
            return
        bought = self.nearest_delta(series, 1, BOUGHT_DELTA, MAX_STRIKE_TO_FORWARD)
        part = self.snap.slice(series, 1)
        beyond = [
            (abs(delta - SOLD_DELTA), strike)
            for strike, delta in zip(part.strikes.tolist(), part.delta.tolist(), strict=True)
            if bought is not None and bought < strike <= MAX_STRIKE_TO_FORWARD * part.forward
        ]
        if beyond:
            self.buy_spread(k, series, bought, min(beyond)[1], wanted)

    def buy_spread(self, k: int, series: int, bought: float, sold: float, quantity: int) -> None:
        self.trade_leg(series, bought, quantity, closing=False)
        self.trade_leg(series, sold, -quantity, closing=False)
        if self.layers[k]["held"] is None:
            self.layers[k]["held"] = {"series": series, "strike": bought, "sold": sold, "quantity": 0, "lots": []}
        self.layers[k]["held"]["lots"].append(quantity)
        self.layers[k]["held"]["quantity"] += quantity
