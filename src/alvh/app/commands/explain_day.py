"""``alvh explain``: why the backtest did what it did at one session, from the view to the book after."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from alvh.app.commands.study import Add
from alvh.app.leg_text import legs_text
from alvh.app.output import print_json, print_table, progress
from alvh.app.source import choose_source

WIDTH = 120
"""Columns of a rule's sentence: the tables are wider than a page too."""
_MARK = {True: "yes", False: "no", None: "?"}


def add_explain(add: Add, data_help: str, day: Callable[[str], date], default_policy: str) -> None:
    """Put ``alvh explain`` into the grammar; ``day`` reads a date."""
    found: ArgumentParser = add("explain", "explain_day", "Why the backtest did what it did at one session.")
    found.add_argument("date", type=day, metavar="DATE", help="session (YYYY-MM-DD)")
    found.add_argument("--policy", default=default_policy, metavar="POLICY", help=f"name or file (default: {default_policy})")
    found.add_argument("--data", metavar="DIR", help=data_help)
    found.add_argument("--from", dest="start", type=day, metavar="DATE", help="first session of the run (as alvh backtest)")


def run(options: Namespace) -> int:
    """Print the session; tables by default."""
    source = choose_source(options.data)
    from alvh.app.explain_day import explain_day

    report = progress("explain", quiet=options.quiet)
    document = explain_day(options.date, policy=options.policy, data=source, start=options.start, progress=report)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: Mapping[str, Any]) -> None:
    view, policy = document["view"], document["policy"]
    front = "none" if view["vx_front"] is None else f"{view['vx_front']:.2f}"
    print(f"{document['session']}, {policy['name']} ({policy['sha256'][:12]}), run since {document['from']}")
    print(
        f"SPX {view['spx']:,.2f}, VIX {view['vix']:.2f}, VX {view['vx_front_expiry']} {front} ({view['vx_front_source']}), "
        f"prices: {document['prices']}"
    )
    if document["data"]["modelled"]:
        print(f"Inputs of this session that a model or a carried value supplied: {', '.join(document['data']['modelled'])}")
    print(f"Condor entry day: {_MARK[view['condor_entry_day']]}. Hedge day: {_MARK[view['hedge_day']]}.")
    if view["gate"] is not None:
        gate = view["gate"]
        shut = "shut" if gate["met"] else "open"
        print(f"Condor gate (R33): {shut}, VIX {gate['value']:.2f} against {gate['threshold']:g}.")
    _title("Held when the decision was made")
    _condors(view["condors"])
    _layers(view["layers"])
    _title("Rules")
    for rule in document["rules"]:
        _rule(rule)
    if not document["rules"]:
        print("The policy has no adaptive rules.")
    _title("Decided")
    _decision(document)
    _title("Done")
    _ledger(document)
    _title("The book after")
    _book(document["book"])


def _title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def _condors(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        print("No condor.")
        return
    cells = [
        (
            str(row["condor"]), row["opened"], f"{row['lots']}", legs_text(row["legs"]), str(row["dte"]), _usd(row["credit_usd"]),
            _usd(row["cost_to_close_usd"]), "-" if row["kept_share"] is None else f"{100.0 * row['kept_share']:.0f} %",
            "; ".join(_exit_test(test) for test in row["exit_tests"]) or "none",
        )
        for row in rows
    ]  # fmt: skip
    heads = ("condor", "opened", "lots", "legs", "DTE", "credit", "to close", "kept", "exit tests")
    print_table("", heads, cells, right=(0, 2, 4, 5, 6, 7))


def _exit_test(test: Mapping[str, Any]) -> str:
    bound = "at_most" if "at_most" in test else "at_least"
    name = {"cost_to_close_usd": "to close", "loss_usd": "loss", "dte": "DTE", "short_delta": "short delta"}[test["test"]]
    number = _usd if test["test"].endswith("_usd") else _plain
    sign = "<=" if bound == "at_most" else ">="
    return f"{name} {number(test['value'])} {sign} {number(test[bound])}: {_MARK[test['met']]}"


def _layers(rows: Sequence[Mapping[str, Any]]) -> None:
    cells = [
        (
            row["layer"], ", ".join(f"{one['quantity']:+d} {one['contract']}" for one in row["contracts"]) or "nothing",
            _usd(row["value_usd"]), "-" if row["sessions_left"] is None else str(row["sessions_left"]), row["roll"],
            _MARK[row["due"]], row["last_roll"] or "-", "; ".join(_layer_notes(row)) or "-",
        )
        for row in rows
    ]  # fmt: skip
    if cells:
        print()
        heads = ("layer", "holds", "worth", "sessions left", "rolls", "due", "last roll", "notes")
        print_table("", heads, cells, right=(2, 3))


def _layer_notes(row: Mapping[str, Any]) -> Iterator[str]:
    if not row["active"]:
        yield "off"
    elif not row["started"]:
        yield "not opened yet"
    if row["stranded_contracts"]:
        yield f"{row['stranded_contracts']} stranded contracts wait for their settlement"
    if row["held_back_since"] is not None:
        yield f"a roll is held back since {row['held_back_since']}"
    if row["factor"] != 1.0:
        yield f"ratio times {row['factor']:g}"
    if row["shifted"]:
        yield "chooses in the next window"
    order = row["monetise"]
    if order is not None:
        worth = "-" if order["value_over_cost"] is None else f"{order['value_over_cost']:.2f}"
        done = ", done since the last roll" if order["done"] else ""
        yield f"sells a share at {order['multiple']:g} times its cost, now {worth}{done}"


def _rule(rule: Mapping[str, Any]) -> None:
    print(textwrap.fill(rule["text"], WIDTH, initial_indent=f"{_MARK[rule['holds']]:<4}", subsequent_indent=" " * 4))
    for line in _tree(rule["condition"], 1):
        print(line)
    if rule["missing"]:
        print(f"      no value: {', '.join(rule['missing'])}")
    if rule["episode_began"] is not None:
        print(f"      the episode began on {rule['episode_began']}")
    for target in rule["targets"]:
        known = target["last_acted"] is None or target["last_acted"] in target["text"]
        before = "" if known else f", and before on {target['last_acted']}"
        print(f"      {target['target']}: {target['text']}{before}")


def _tree(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    pad = "    " * depth
    if node["kind"] == "compare":
        value = "no value" if node["value"] is None else f"{node['value']:.6g}"
        yield f"{pad}{_MARK[node['holds']]:<4}{node['text']}: {value}"
        return
    words = {"all": "all of", "any": "any of", "not": "not"}
    yield f"{pad}{_MARK[node['holds']]:<4}{words[node['kind']]}"
    for part in node["parts"]:
        yield from _tree(part, depth + 1)


def _decision(document: Mapping[str, Any]) -> None:
    decision = document["decision"]
    if decision["filled_here"] is not None:
        _intents("Decided at the close before, filled here", decision["filled_here"])
        print()
    when = "filled at the next close" if decision["filled_at"] == "next_close" else "in the order in which they were carried out"
    _intents(f"Intents, {when}", decision["intents"])
    for title, rows in (("Held back", document["held_back"]), ("Refused", document["refused"])):
        for row in rows:
            numbers = (
                "" if row.get("value") is None else f" ({row['signal']} {row['value']:.6g}, threshold {_plain(row['threshold'])})"
            )
            print(f"{title}: {row['rule']}: {row['reason']}{numbers}")
    if not document["held_back"] and not document["refused"]:
        print("Nothing was held back or refused.")


def _intents(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        print(f"{title}: none.")
        return
    cells = [
        (
            row["intent"], row["target"] if row["condor"] is None else f"condor {row['condor']}", row["rule"], row["signal"],
            _plain(row["value"]), _plain(row["threshold"]), "calendar" if row["scheduled"] else "rule", row["reason"],
        )
        for row in rows
    ]  # fmt: skip
    print_table(title, ("intent", "on", "rule", "signal", "value", "threshold", "by", "reason"), cells, right=(4, 5))


def _ledger(document: Mapping[str, Any]) -> None:
    for row in document["layer_actions"]:
        same = row["from"] == row["to"]
        away = f"{'' if same else ' from'} {row['from']}" if row["from"] else ""
        to = f" to {row['to']}" if row["to"] and not same else ""
        note = ", expiry by the fallback: the window was empty" if row["fallback_expiry"] else ""
        print(f"{row['layer']}: {row['action']}{away}{to}, {row['quantity']:+d}{note}")
    for row in document["settlements"]:
        source = row["source"] if row["published"] else f"{row['source']}, an approximation"
        print(f"{row['series']} ({row['settles']}) settled at {row['value']:.2f}: {source}")
    if not document["ledger"]:
        print("No entry in the ledger.")
        return
    cells = [
        (
            row["entry"], row["layer"] or row["sleeve"], row["contract"] or "-", _count(row["quantity"]), f"{row['mid']:.4f}",
            f"{row['price']:.4f}", _usd(row["slippage_usd"]), _usd(row["fees_usd"]), _usd(row["cash_usd"]), row["reason"],
        )
        for row in document["ledger"]
    ]  # fmt: skip
    heads = ("entry", "sleeve", "contract", "quantity", "mid", "price", "slippage", "fees", "cash", "reason")
    print_table("Ledger, in order", heads, cells, right=(3, 4, 5, 6, 7, 8))


def _book(book: Mapping[str, Any]) -> None:
    cells = []
    for row in book["positions"]:
        stranded = f"{row['stranded_contracts']} stranded" if row["stranded_contracts"] else ""
        numbers = (f"{row['quantity']:+d}", str(row["dte"]), f"{row['mark']:.4f}", _usd(row["value_usd"]))
        cells.append((row["layer"] or f"condor {row['condor']}", row["contract"], *numbers, stranded))
    if cells:
        print_table("", ("sleeve", "contract", "quantity", "DTE", "mark", "value", ""), cells, right=(2, 3, 4, 5))
    sleeves = ", ".join(f"{name} {_usd(value)}" for name, value in book["value_usd_by_sleeve"].items())
    print(f"Worth: {sleeves}")
    for name in ("hedged", "unhedged"):
        print(
            f"{name:<9} cash {_usd(book[f'cash_{name}_usd'])}, equity {_usd(book[f'equity_{name}_usd'])}, "
            f"{_usd(book[f'change_{name}_usd'], sign=True)} on the day"
        )
    print(
        f"Condor lots {book['condor_lots']:g}, index notional {_usd(book['index_notional_usd'])}, "
        f"largest loss {_usd(book['risk_capital_usd'])}"
    )


def _usd(value: float, *, sign: bool = False) -> str:
    return f"{value:+,.2f}" if sign else f"{value:,.2f}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _count(value: float) -> str:
    return "-" if value == 0.0 else f"{value:+g}"
