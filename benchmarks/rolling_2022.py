"""The May to June 2022 roll of a VIX call layer replayed (R13): the tables of docs/explanation/rolling-2022.md.

Run: ``python -m benchmarks.rolling_2022 [DATA_DIR]`` (default ``../shared/market``). Prints Markdown; ``--write`` puts it into
the page. One call of 20 delta is bought 35 days before the first monthly settles, rolled to the next monthly at the same ratio of
strike to forward, and held to that one's settlement; the same is done a month earlier and a month later, and beside it without a
roll.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from alvh.app.wiring import LoadedMarket, in_case, load_market
from alvh.core.days import iso, to_day
from alvh.market.market import Legs
from alvh.models.model_market import ModelMarket
from alvh.models.price_case import CASES
from alvh.strategy.policy import Hedge, HedgeLayer
from alvh.strategy.policy_file import load_policy
from alvh.strategy.selection import CALL, choose_layer_legs

PAGE = Path(__file__).resolve().parents[1] / "docs/explanation/rolling-2022.md"
BEGIN, FINISH = "<!-- tables -->", "<!-- end of tables -->"
START, END = date(2022, 1, 3), date(2022, 8, 31)
MONTHLIES = (date(2022, 4, 20), date(2022, 5, 18), date(2022, 6, 15), date(2022, 7, 20))
NAMES = ("April to May", "May to June", "June to July")
OPENED_DAYS = 35
"""Five weeks before the settlement, as the default book's middle layer opens."""
ROLL_DAYS = (14, 7, 1)
"""Calendar days before the first settlement: two weeks, one week, the last trading session."""
DELTA = 0.20
UNIT_USD = 100.0
LAYER = HedgeLayer(name="mid", ratio=1.0, min_dte=30, max_dte=45)
SAME = HedgeLayer(name="mid", ratio=1.0, min_dte=30, max_dte=45, restrike="same_moneyness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A VIX call: its series row and strike, and strike over forward when it was bought."""

    row: int
    strike: float
    moneyness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A call from the close at which it is bought to the close at which it is sold; ``sold`` None: held to its settlement."""

    call: Call
    bought: int
    sold: int | None


def series_row(market: ModelMarket, expiry: date) -> int:
    """The monthly VIX series of an expiry."""
    table = market.series
    found = np.flatnonzero(table.is_vix & table.monthly & (table.expiry == to_day(expiry)))
    if found.size != 1:
        raise SystemExit(f"{expiry} is no monthly VIX expiry")
    return int(found[0])


def session_before(market: ModelMarket, expiry: date, days: int) -> int:
    """Market row of the last session at least ``days`` calendar days before an expiry."""
    return int(np.searchsorted(market.sessions, to_day(expiry) - days, side="right")) - 1


def strike(market: ModelMarket, index: int, row: int, moneyness: float | None) -> Call:
    """The listed call of 20 delta, or of the ratio of strike to forward that is kept."""
    snapshot = market.snapshot(index)
    legs = choose_layer_legs(snapshot, row, LAYER if moneyness is None else SAME, Hedge(), moneyness)
    if legs is None:
        raise SystemExit(f"{iso(market.sessions[index])}: no listed strike")
    chosen = legs[0][0]
    return Call(row=row, strike=chosen, moneyness=chosen / snapshot.slice(row, CALL).forward)


def price(market: ModelMarket, index: int, call: Call, side: str) -> float:
    """Mid, bid or ask of a call at a close, points."""
    quotes = market.snapshot(index).quote(Legs.of([(call.row, call.strike, CALL)]))
    return float(getattr(quotes, side)[0])


def payoff(market: ModelMarket, call: Call) -> tuple[float, str]:
    """What a call settles at, points, and the source of the value."""
    index = int(np.searchsorted(market.sessions, market.series.settlement_session[call.row]))
    value = market.settlement(call.row, index)
    return max(value.value - call.strike, 0.0), f"{value.value:.2f} ({value.source})"


def pnl_usd(market: ModelMarket, trades: Sequence[Trade], *, spread: bool) -> float:
    """Dollars of trades at mid, or buying at the ask and selling at the bid; a settlement costs nothing."""
    buy, sell = ("ask", "bid") if spread else ("mid", "mid")
    total = 0.0
    for trade in trades:
        end = payoff(market, trade.call)[0] if trade.sold is None else price(market, trade.sold, trade.call, sell)
        total += end - price(market, trade.bought, trade.call, buy)
    return UNIT_USD * total


def marked_usd(market: ModelMarket, trades: Sequence[Trade], index: int) -> float:
    """P&L at mid up to a close, dollars."""
    total = 0.0
    for trade in trades:
        if trade.bought > index:
            continue
        settled = int(market.series.expiry[trade.call.row]) <= int(market.sessions[index])
        if trade.sold is not None and trade.sold <= index:
            end = price(market, trade.sold, trade.call, "mid")
        else:
            end = payoff(market, trade.call)[0] if settled else price(market, index, trade.call, "mid")
        total += end - price(market, trade.bought, trade.call, "mid")
    return UNIT_USD * total


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"### {title}", "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def usd(value: float) -> str:
    return f"{value:+,.0f}"


def span(values: Sequence[float]) -> str:
    return f"{usd(min(values))} to {usd(max(values))}"


def plans(market: ModelMarket, first: date, second: date) -> list[tuple[str, list[Trade]]]:
    """No roll, the roll on each of its days, and the later month from the start."""
    near, far = series_row(market, first), series_row(market, second)
    opened = session_before(market, first, OPENED_DAYS)
    call = strike(market, opened, near, None)
    found = [("no roll, held to settlement", [Trade(call=call, bought=opened, sold=None)])]
    for days in ROLL_DAYS:
        at = session_before(market, first, days)
        later = strike(market, at, far, call.moneyness)
        trades = [Trade(call=call, bought=opened, sold=at), Trade(call=later, bought=at, sold=None)]
        found.append((f"rolled on {iso(market.sessions[at])}", trades))
    inside = np.arange(opened, session_before(market, first, 1) + 1)
    top = int(inside[np.argmax(market.history.vix_close[inside])])
    for text, more in (("sold", []), ("rolled", [Trade(call=strike(market, top, far, call.moneyness), bought=top, sold=None)])):
        if top > opened:
            found.append(
                (
                    f"{text} at VIX's highest close, {iso(market.sessions[top])} *",
                    [Trade(call=call, bought=opened, sold=top), *more],
                )
            )
    found.append(("later month from the start", [Trade(call=strike(market, opened, far, None), bought=opened, sold=None)]))
    return found


def tables(loaded: LoadedMarket) -> str:
    """Every table of the page."""
    market = loaded.market
    cases = [in_case(loaded, case) for case in CASES if case.source in ("VIX level", "VIX slope")]
    contracts: dict[tuple[int, float, int], list[str]] = {}
    money = []
    for name, first, second in zip(NAMES, MONTHLIES[:-1], MONTHLIES[1:], strict=True):
        for plan, trades in plans(market, first, second):
            for trade in trades:
                call, at = trade.call, trade.bought
                prices = " / ".join(f"{price(market, at, call, side):.2f}" for side in ("bid", "mid", "ask"))
                contracts.setdefault(
                    (call.row, call.strike, at),
                    [
                        name, f"VIX {iso(market.series.expiry[call.row])} C {call.strike:g}", iso(market.sessions[at]),
                        f"{market.snapshot(at).vix:.2f}", f"{market.snapshot(at).slice(call.row, CALL).forward:.2f}",
                        f"{call.moneyness:.2f}", prices,
                    ],
                )  # fmt: skip
            mid = [pnl_usd(one, trades, spread=False) for one in [market, *cases]]
            crossed = [pnl_usd(one, trades, spread=True) for one in [market, *cases]]
            money.append([name, plan, usd(mid[0]), span(mid), usd(crossed[0]), span(crossed)])
    settled = [
        (expiry, payoff(market, Call(row=series_row(market, expiry), strike=0.0, moneyness=0.0))[1]) for expiry in MONTHLIES
    ]
    parts = [
        table(
            "Calls bought",
            ["roll", "call", "bought", "VIX", "forward", "strike / forward", "bid / mid / ask"],
            list(contracts.values()),
        ),
        "Settled at: " + "; ".join(f"{expiry} {value}" for expiry, value in settled) + ".\n",
        table(
            "Profit and loss of one call",
            ["roll", "plan", "at mid $", "over the price error", "at bid and ask $", "over the price error"],
            money,
        ),
        path(market),
    ]
    return "\n".join(parts)


def path(market: ModelMarket) -> str:
    """P&L at mid of the May to June plans along the way."""
    chosen = plans(market, MONTHLIES[1], MONTHLIES[2])
    days = ("2022-04-13", "2022-04-26", "2022-05-04", "2022-05-09", "2022-05-11", "2022-05-17", "2022-05-18", "2022-05-27",
            "2022-06-03", "2022-06-10", "2022-06-13", "2022-06-15")  # fmt: skip
    rows = []
    for day in days:
        index = int(np.searchsorted(market.sessions, to_day(date.fromisoformat(day))))
        rows.append([day, f"{market.snapshot(index).vix:.2f}", *(usd(marked_usd(market, trades, index)) for _, trades in chosen)])
    return table("May to June at mid along the way, $", ["close", "VIX", *(name for name, _ in chosen)], rows)


def main(arguments: Sequence[str]) -> None:
    folder = next((Path(word) for word in arguments if not word.startswith("--")), Path("../shared/market"))
    made = tables(load_market(folder, load_policy("alvh-442").policy, start=START, end=END))
    if "--write" not in arguments:
        print(made)
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(FINISH)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{made}\n{FINISH}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
