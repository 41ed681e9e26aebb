"""Plans of the embedded sample as a user makes them: words in, exit code and files out; and the backtest beside them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alvh.app.cli import main
from alvh.app.plan import PlanOutput, plan_close
from alvh.app.wiring import known_betas, load_market
from alvh.core.days import iso, to_day
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest
from alvh.engine.session import Run, SessionTrace
from alvh.market.chain import QuotedChain
from alvh.strategy.policy_file import load_policy
from alvh.strategy.sizing import reads_betas

HEAD = "root,expiry,strike,right,quantity,opened,open_price,sleeve,layer\n"
CONDOR = (
    "SPXW,2018-02-16,2490,P,4,2018-01-03,3.10,condor,\n"
    "SPXW,2018-02-16,2610,P,-4,2018-01-03,9.00,condor,\n"
    "SPXW,2018-02-16,2775,C,-4,2018-01-03,6.00,condor,\n"
    "SPXW,2018-02-16,2815,C,4,2018-01-03,2.00,condor,\n"
)
"""One condor of the shipped default on 3 January 2018, with prices made up; its credit is 9.90."""
HEDGE = (
    "VIX,2018-01-17,12,C,7,2018-01-03,0.23,hedge,front\n"
    "VIX,2018-02-14,16,C,7,2018-01-03,0.36,hedge,mid\n"
    "VIX,2018-04-18,21,C,4,2018-01-03,0.52,hedge,back\n"
)
DAY = "2018-01-04"
"""A Thursday: the default policy opens nothing and rolls nothing."""

Contract = tuple[str, str, float | None, str | None]


def plan(*words: str, data: str = "sample", as_of: str | None = DAY) -> int:
    """``alvh plan`` with these words; the exit code."""
    return main(["plan", "--data", data, "-q", *(() if as_of is None else ("--as-of", as_of)), *words])


def planned(out: Path, *words: str, **more: Any) -> dict[str, Any]:
    """The document of a plan that must succeed, written to ``out`` with its other files."""
    assert plan("--out", str(out), *words, **more) == 0
    document: dict[str, Any] = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    return document


def book_file(folder: Path, text: str, name: str = "book.csv") -> str:
    """A book file with this text; its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def policy_file(folder: Path, text: str, *, base: str = "alvh-442", name: str = "mine.toml") -> str:
    """A policy that extends a shipped one; its path."""
    path = folder / name
    path.write_text(f'schema = 1\nextends = "{base}"\n{text}', encoding="utf-8")
    return str(path)


def adopted(folder: Path, text: str, **more: Any) -> str:
    """The same, and adopted."""
    path = policy_file(folder, text, **more)
    assert main(["policy", "adopt", path, "--reason", "a test", "-q"]) == 0
    return path


def row_of(document: dict[str, Any], sleeve: str, layer: str | None = None) -> dict[str, Any]:
    """The last row of a sleeve or layer (of the condors: the day's entry)."""
    found: dict[str, Any] = [row for row in document["rows"] if (row["sleeve"], row["layer"]) == (sleeve, layer)][-1]
    return found


def traded(document: dict[str, Any]) -> dict[Contract, int]:
    """Signed contracts of every order."""
    count: Counter[Contract] = Counter()
    for row in document["rows"]:
        for order in row["orders"]:
            for leg in order["legs"]:
                count[(leg["root"], leg["expiry"], leg["strike"], leg["right"])] += leg["quantity"]
    return {contract: quantity for contract, quantity in count.items() if quantity}


def holding(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """Contracts of a book's rows by everything else that a row says; prices to a millionth."""
    count: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        price = round(row["open_price"], 6)
        count[(row["root"], row["expiry"], row.get("strike"), row.get("right"), row["opened"], price)] += row["quantity"]
    return count


class Backtest:
    """What a backtest traded and held at every close, by session; ``plan`` plans a close of the same market on a book file."""

    def __init__(self, policy: str, first: str, last: str, data: str = "sample") -> None:
        self.policy = load_policy(policy)
        self._market = load_market(data, self.policy.policy)
        self._betas = known_betas(self._market)
        self.traded: dict[str, dict[Contract, int]] = {}
        self.held: dict[str, Counter[tuple[Any, ...]]] = {}
        self.sessions: list[str] = []
        run_backtest(
            self.policy.policy,
            self._market.market,
            start=to_day(date.fromisoformat(first)),
            end=to_day(date.fromisoformat(last)),
            fee_usd=fee_usd,
            betas=self._betas if reads_betas(self.policy.policy) else None,
            watch=self._watch,
        )

    def plan(self, day: str, book: Path | None) -> PlanOutput:
        """The plan of a close, as the command makes it but for reading the data anew."""
        index = int(np.searchsorted(self._market.market.sessions, to_day(date.fromisoformat(day))))
        return plan_close(self._market, self.policy, index, book=book, adopted="preset", betas=self._betas)

    def _watch(self, run: Run, index: int, trace: SessionTrace) -> None:
        day, series, sessions = iso(trace.snapshot.session), run.market.series, run.market.sessions
        made: Counter[Contract] = Counter()
        held: Counter[tuple[Any, ...]] = Counter()

        def contract(lot: Any) -> Contract:
            root = series.roots[lot.series] if lot.right else lot.future
            return (
                str(root),
                iso(int(series.expiry[lot.series])),
                lot.strike if lot.right else None,
                {1: "C", -1: "P"}.get(lot.right),
            )

        for entry in run.ledger.entries[trace.first_entry :]:
            if entry.kind in ("open", "close"):
                made[contract(run.book.all_lots[entry.lot])] += round(entry.quantity)
        for lot in run.book.lots:
            held[(*contract(lot), iso(int(sessions[lot.open_index])), round(lot.open_price, 6))] += lot.quantity
        self.sessions.append(day)
        self.traded[day] = {each: quantity for each, quantity in made.items() if quantity}
        self.held[day] = held


def write_chain(chain: QuotedChain, path: Path) -> None:
    """A chain in the layout of Cboe's delayed quotes, one row a contract."""

    def number(value: float) -> str:
        return "" if np.isnan(value) else f"{value:.4f}"

    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["session_date", "option", "bid", "bid_size", "ask", "ask_size", "volume", "open_interest"])
        for k in range(len(chain)):
            expiry = date.fromisoformat(iso(int(chain.expiry[k])))
            side = "C" if chain.right[k] > 0 else "P"
            symbol = f"{chain.root[k]}{expiry:%y%m%d}{side}{round(1000 * chain.strike[k]):08d}"
            sizes = (number(column[k]) for column in (chain.bid_size, chain.ask_size, chain.open_interest))
            bid_size, ask_size, interest = sizes
            bid, ask = number(chain.bid[k]), number(chain.ask[k])
            writer.writerow([iso(chain.session), symbol, bid, bid_size, ask, ask_size, "0", interest])
