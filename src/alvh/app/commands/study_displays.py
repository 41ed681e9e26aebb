"""``alvh study displays``: figures of the rulebook that no rule acts on, at one close, and the layers by drawdown length."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from alvh.app.commands.book import say
from alvh.app.leg_text import legs_text
from alvh.app.output import print_json, print_table, progress
from alvh.app.source import choose_source
from alvh.core.errors import UsageError


def run(options: Namespace) -> int:
    """Print the displays; tables by default."""
    document = measure(choose_source(options.data), options)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def measure(source: str, options: Namespace) -> dict[str, Any]:
    """The document. The run behind R47 begins as ``alvh backtest`` does and ends at the session shown."""
    from alvh.app.session_row import session_row
    from alvh.app.wiring import VIX_OPTIONS_START, known_betas, load_market
    from alvh.core.days import iso
    from alvh.core.fees import fee_usd
    from alvh.engine.backtest import run_backtest
    from alvh.results.attribution import attribute
    from alvh.results.drawdown_lengths import by_drawdown_length
    from alvh.strategy.policy_file import load_policy
    from alvh.strategy.sizing import reads_betas
    from alvh.study.displays import FX_SCORE, RATE_SPIKE_BP, displays_document
    from alvh.study.temporal_theta import temporal_thetas, theta_row

    rate_spike_bp = _threshold(options.rate_spike_bp, RATE_SPIKE_BP, "--rate-spike-bp")
    fx_score = _threshold(options.fx_score, FX_SCORE, "--fx-score")
    loaded_policy = load_policy(options.policy)
    policy = loaded_policy.policy
    if policy.overlay is not None:
        raise UsageError(
            f"policy '{policy.name}' is an overlay, a benchmark without condors and hedge",
            where="alvh study displays",
            allowed="a policy of condors and hedge",
            todo="choose another with --policy",
        )
    loaded = load_market(source, policy)
    market, history = loaded.market, loaded.loaded.history
    first = max(int(market.sessions[loaded.loaded.start_row]), VIX_OPTIONS_START)
    row = len(market.sessions) - 1 if options.as_of is None else session_row(loaded, first, options.as_of)
    result = run_backtest(
        policy,
        market,
        start=first,
        end=int(market.sessions[row]),
        fee_usd=fee_usd,
        progress=progress("displays", quiet=options.quiet),
        betas=known_betas(loaded) if reads_betas(policy) else None,
    )
    document = displays_document(history, row, rate_spike_bp=rate_spike_bp, fx_score=fx_score)
    layers = policy.hedge.layers if policy.hedge.enabled else ()
    return document | {
        "policy": {"name": policy.name, "sha256": loaded_policy.sha256},
        "temporal_theta": [theta_row(one) for one in temporal_thetas(market, row, policy)],
        "second_engine": {
            "reading": "layer3",
            "layer": layers[-1].name if layers else None,
            "from": iso(result.sessions[0]),
            "sessions": len(result.sessions),
            "lengths": by_drawdown_length(result, attribute(result)),
        },
        "prices": market.price_source,
        "data": {"source": history.source, "sha256": history.sha256},
    }


def _threshold(given: float | None, default: float, where: str) -> float:
    value = default if given is None else given
    if not 0.0 < value < float("inf"):
        raise UsageError(f"{value:g} is no threshold", where=where, allowed="a number above 0", todo="correct the option")
    return value


def _print(document: Mapping[str, Any]) -> None:
    print(f"Displays at the close of {document['session']}: SPX {document['spx']:,.2f}, VIX {document['vix']:.2f}")
    say("None of these figures acts: a policy that wants one names its signal in a rule.")
    _signals("Differentials and exchange rate (R29)", document["differentials"])
    _spike(document["last_spike"])
    term = document["term_structure"]
    _signals(f"Term structure (R30): {term['shape'] or 'not known'}", term["signals"])
    curve = ", ".join(f"{one['settle']:.2f} ({one['days']} d)" for one in term["vx_curve"])
    say(f"VX settlements of the monthlies: {curve or 'none at this session'}")
    _rates(document["rate_spike"])
    _thetas(document)
    _engine(document["second_engine"], document["policy"]["name"])


def _signals(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    print()
    known = [row for row in rows if row["missing"] is None]
    cells = [
        (row["signal"], f"{row['value']:.4g}", row["unit"], f"{100.0 * row['below_share']:.0f} %", row["since"]) for row in known
    ]
    if cells:
        print_table(title, ("signal", "value", "unit", "of its past below", "since"), cells, right=(1, 3))
    else:
        print(title)
    for why in dict.fromkeys(row["missing"] for row in rows if row["missing"] is not None):
        say(f"{', '.join(row['signal'] for row in rows if row['missing'] == why)}: missing, {why}")


def _spike(spike: Mapping[str, Any]) -> None:
    if "told" not in spike:
        say(f"Last spike of VIX: {spike['missing']}")
        return
    text = f"Last spike of VIX, told on {spike['told']} ({spike['vix_foot']:.2f} to {spike['vix_told']:.2f}): "
    if spike["label"] is None:
        say(f"{text}neither external nor domestic can be said, {spike['missing']}")
        return
    bound = f"beyond {spike['threshold_deviations']:g} either way is external"
    say(f"{text}{spike['label']}, exchange rate score {spike['fx_zscore']:+.2f} at its foot ({bound})")


def _rates(rates: Mapping[str, Any]) -> None:
    print()
    if rates["missing"] is not None:
        say(f"Rate spike (R38): missing, {rates['missing']}")
        return
    since = f", since {rates['began']}" if rates["began"] else ""
    below = f"more than at {100.0 * rates['below_share']:.0f} % of closes since {rates['since']}"
    say(
        f"Rate spike (R38): {'yes' if rates['rate_spike'] else 'no'}{since}. The 10-year yield changed by "
        f"{rates['value']:+.0f} bp in 20 sessions, {below}; "
        f"the threshold is "
        f"{rates['threshold_bp']:g} bp."
    )


def _thetas(document: Mapping[str, Any]) -> None:
    print()
    cells = [
        (
            row["name"], legs_text(row["legs"]), _number(row["theta_usd_per_day"], 2), _number(row["vega_usd_per_vol_point"], 2),
            _number(row["mean_change_vol_points"], 2), _moves(row), _number(row["ratio"], 2),
        )
        for row in document["temporal_theta"]
    ]  # fmt: skip
    heads = (
        "one unit of",
        "struck at this close",
        "theta $ a day",
        "vega $ a point",
        "daily vol move",
        "moves",
        "temporal theta",
    )
    title = f"Temporal theta (R66) of {document['policy']['name']}, prices: {document['prices']}"
    print_table(title, heads, cells, right=(2, 3, 4, 5, 6))
    for row in document["temporal_theta"]:
        if row["missing"] is not None:
            say(f"{row['name']}: no figure, {row['missing']}")
    for row in document["topping"]:
        state = "yes" if row["topping"] else "no"
        say(f"Topping ({row['universe']}): {state if row['missing'] is None else 'missing, ' + row['missing']}")


def _moves(row: Mapping[str, Any]) -> str:
    """``20``, or ``20, 16 unlisted``."""
    return f"{row['changes']}, {row['before_listing']} unlisted" if row["before_listing"] else str(row["changes"])


def _engine(engine: Mapping[str, Any], policy: str) -> None:
    print()
    names = list(engine["lengths"][0]["sleeves"])
    cells = []
    for row in engine["lengths"]:
        span = (
            f"{row['from_sessions']}-{row['to_sessions']}"
            if row["to_sessions"] is not None
            else f"{row['from_sessions']} and more"
        )
        amounts = [_number(row["sleeves"][name]["pnl_usd"], 0) for name in names]
        last = row["sleeves"][names[-1]]
        share = "-" if last["share_of_sessions_gained"] is None else f"{100.0 * last['share_of_sessions_gained']:.0f} %"
        mean = _number(last["mean_usd_per_session"], 1)
        cells.append((span, f"{row['sessions']:,}", _number(row["unhedged_usd"], 0), *amounts, mean, share))
    title = f"P&L by length of the drawdown (R47, layer 3), {policy}, since {engine['from']}, {engine['sessions']:,} sessions"
    heads = (
        "sessions since the high",
        "sessions",
        "unhedged $",
        *(f"{name} $" for name in names),
        "last: $ a session",
        "gained on",
    )
    print_table(title, heads, cells, right=tuple(range(1, len(heads))))
    say("The length is that of the unhedged book at the close before each session; costs are in, interest only in the book.")


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
