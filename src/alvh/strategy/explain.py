"""A policy in plain English: what the book does, which rule each sentence stands for, and which file set each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from alvh.strategy.explain_hedge import WEEKDAYS, hedge_sentences, idle_hedge_keys, layer_sentences, rule_sentence
from alvh.strategy.explain_limits import book_limit_sentences, book_limits_off
from alvh.strategy.explain_overlay import overlay_idle_keys, overlay_sentences
from alvh.strategy.explain_size import idle_size_keys
from alvh.strategy.policy import Condor, Policy
from alvh.strategy.policy_file import LoadedPolicy
from alvh.strategy.policy_keys import key_for
from alvh.strategy.policy_parse import hints, item_class, toml_key


def explain(loaded: LoadedPolicy) -> str:
    """The whole policy in sentences, then what is not in use, then every key with its value and origin."""
    policy = loaded.policy
    lines = [f"Policy {policy.name}"]
    if policy.description:
        lines.append(policy.description)
    lines.append(f"Read from: {' <- '.join(reversed(loaded.chain))}. Hash of the resolved policy: {loaded.sha256[:16]}.")
    for title, sentences in sections(policy):
        lines += ["", title, *(f"  {sentence}" for sentence in sentences)]
    lines += ["", "Not configured", *(f"  {sentence}" for sentence in not_configured(policy))]
    lines += ["", "Every key, its value and the file that set it ('default': no file did)"]
    rows = [(path, _shown(value, path), loaded.origin.get(path, "default")) for path, value in leaves(policy)]
    idle = set(idle_keys(policy))
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for path, value, origin in rows:
        note = "  (not read)" if path in idle else ""
        lines.append(f"  {path:<{wide[0]}}  {value:<{min(wide[1], 48)}}  {origin}{note}")
    return "\n".join(lines) + "\n"


def explain_dict(loaded: LoadedPolicy) -> dict[str, Any]:
    """The same as one JSON-ready document: sections of sentences, and every key with value, unit, rules, origin and use."""
    idle = set(idle_keys(loaded.policy))
    return {
        "schema": 1,
        "name": loaded.policy.name,
        "description": loaded.policy.description,
        "sha256": loaded.sha256,
        "chain": list(loaded.chain),
        "sections": [{"title": title, "sentences": list(sentences)} for title, sentences in sections(loaded.policy)],
        "not_configured": list(not_configured(loaded.policy)),
        "keys": [
            {
                "key": path,
                "value": _plain(value),
                "unit": key_for(path).unit,
                "meaning": key_for(path).meaning,
                "rules": list(key_for(path).rules),
                "origin": loaded.origin.get(path, "default"),
                "read": path not in idle,
            }
            for path, value in leaves(loaded.policy)
        ],
    }


def leaves(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Every key of a policy with its value, in the order of the file."""
    found: list[tuple[str, Any]] = []
    for item in fields(value):
        path = f"{prefix}{toml_key(type(value), item.name)}"
        inside = getattr(value, item.name)
        if item_class(hints(type(value))[item.name]) is not None:
            for part in inside:
                found += leaves(part, f"{path}.{part.name}.")
        elif is_dataclass(inside) and not hasattr(inside, "phrase"):
            found += leaves(inside, f"{path}.")
        else:
            found.append((path, inside))
    return found


def idle_keys(policy: Policy) -> list[str]:
    """Keys that the chosen kinds do not read: an inherited ``per_usd`` beside ``kind = "per_condor"``, and the like."""
    idle: list[str] = []
    condor, size = policy.condor, policy.condor.size
    idle.append("condor.wing.points" if condor.wing.kind == "delta" else "condor.wing.delta")
    idle += ["condor.size.lots"] if size.kind == "share_of_account" else ["condor.size.share_pct", "condor.size.minimum_lots"]
    idle += [f"hedge.size.{key}" for key in idle_size_keys(policy.hedge.size)]
    idle += idle_hedge_keys(policy)
    if policy.overlay is not None:
        idle += overlay_idle_keys(policy.overlay)
        idle += ["limits.neutrality", "limits.steward", "limits.quick_ratio", "limits.depth"]  # limits of condors and hedge
        idle += ["account.target_return_pct"]
    off = [part for part, on in (("condor.", condor.enabled), ("hedge.", policy.hedge.enabled)) if not on]
    for path, _ in leaves(policy):
        if any(path.startswith(part) and path != f"{part}enabled" for part in off):
            idle.append(path)
    if not policy.hedge.enabled and (policy.overlay is None or policy.overlay.root != "VIX"):
        idle += ["costs.vix_spread_share_pct"]
    # The entry's weekday sets the day on which layers roll, so it is read wherever anything trades.
    used_weekday = condor.enabled or policy.hedge.enabled
    return [path for path in dict.fromkeys(idle) if not (used_weekday and path == "condor.entry.weekday")]


def sections(policy: Policy) -> list[tuple[str, list[str]]]:
    """Titles and sentences."""
    result = [("Account and costs", _account(policy))]
    if policy.overlay is not None:
        return [*result, ("Overlay", overlay_sentences(policy.overlay))]
    result += [("Condor", _condor(policy)), ("Hedge", hedge_sentences(policy))]
    result += [(f"Layer {layer.name}", layer_sentences(layer, policy)) for layer in policy.hedge.layers if policy.hedge.enabled]
    result.append(("Limits", _limits(policy)))
    result.append(
        (
            "Adaptive rules, in file order; of those on one layer the first that may act does, exits first",
            [rule_sentence(rule, policy) for rule in policy.rules],
        )
    )
    return [(title, sentences) for title, sentences in result if sentences]


def _account(policy: Policy) -> list[str]:
    account, costs = policy.account, policy.costs
    sizes = (
        ""
        if policy.overlay is not None
        else "Condor lots follow the unhedged equity, and returns are on the previous session's equity."
        if account.compound
        else "Sizes are in fixed dollars and nothing is compounded, so that years weigh alike."
    )
    fill = {
        "same_close": "the same close",
        "next_close": "the next session's close",
        "trade_window": "late-morning prices of the same session, rebuilt afterwards from the whole session",
    }[policy.timing.fill_at]
    target = account.target_return_pct
    return [
        f"The account starts at {_usd(account.equity_usd)}. {sizes}".rstrip(),
        *([] if target is None else [f"It is meant to earn {target:g} % a year: shown beside what is projected, no more (R65)."]),
        "Cash earns the 3-month bill rate, and negative cash pays it.",
        f"Decisions are made at the close and filled at {fill}. Daily data cannot test an hour of the day (R49).",
        f"A leg pays a share of the half-spread beyond mid: SPX legs {costs.spx_spread_share_pct:g} %, VIX calls "
        f"{costs.vix_spread_share_pct:g} % (R49). Modelled spreads are the {costs.spread_case} case. "
        f"{'Dated fees are charged.' if costs.fees else 'No fees are charged.'}",
        "A weekly VX settlement is believed whether it traded or not."
        if policy.prices.weekly_min_volume_contracts == 0.0
        else f"A weekly VX settlement is believed where at least {policy.prices.weekly_min_volume_contracts:g} contracts traded.",
    ]


def _entry_day(condor: Condor) -> str:
    day = WEEKDAYS[condor.entry.weekday]
    return {
        "weekly": f"every {day}, or the next session after a holiday",
        "monthly": f"on the first {day} of each month, or the next session after a holiday",
        "daily": "at every session",
    }[condor.entry.kind]


def _condor(policy: Policy) -> list[str]:
    condor, size, leave = policy.condor, policy.condor.size, policy.condor.exit
    if not condor.enabled:
        return ["No condor is opened."]
    wing = (
        f"{condor.wing.delta:g} delta"
        if condor.wing.kind == "delta"
        else f"{condor.wing.points:g} index points beyond the short strikes"
    )
    roots = condor.roots[0]
    if condor.roots[1:]:
        roots = f"{condor.roots[0]} before {' and '.join(condor.roots[1:])} where both expire on one date"
    lots = (
        f"As many lots as {size.share_pct:g} % of the account covers at their maximum loss, at least {size.minimum_lots}; "
        "where the minimum breaks the share, it is counted (R01)."
        if size.kind == "share_of_account"
        else f"Always {size.lots} lot{'s' if size.lots != 1 else ''} (R01)."
    )
    tests = []
    if leave.profit_fraction_pct is not None:
        tests.append(f"buying back at mid keeps {leave.profit_fraction_pct:g} % of the credit received")
    if leave.loss_multiple is not None:
        tests.append(f"the loss is at least {leave.loss_multiple:g} times the credit")
    if leave.dte is not None:
        tests.append(f"{leave.dte} calendar days or fewer are left")
    if leave.short_delta is not None:
        tests.append(f"a short leg's delta reaches {leave.short_delta:g}")
    exits = "Held to settlement: no exit test is on (R01)."
    if tests:
        exits = f"Closed whole at the first close at which {', or '.join(tests)} (R01)."
    sentences = [
        f"Opened {_entry_day(condor)}, one each time, whatever is open (R01).",
        f"Expiry: the listed one nearest {condor.target_dte} calendar days within {condor.min_dte}-{condor.max_dte}, "
        f"of two equally near the later; {roots} (R01).",
        f"Strikes: shorts nearest {condor.short_delta:g} delta on the forward, wings at {wing} (R01).",
        lots,
        exits,
    ]
    if condor.max_net_delta is not None:
        sentences.append(f"Refused where its net delta at entry is beyond {condor.max_net_delta:g} either way (R01).")
    if condor.gate_max_vix is not None:
        sentences.append(f"No new condor while VIX closes above {condor.gate_max_vix:g} (R33).")
    return sentences


def _limits(policy: Policy) -> list[str]:
    return _spread_limit(policy) + book_limit_sentences(policy.limits)


def _spread_limit(policy: Policy) -> list[str]:
    spread = policy.limits.spread
    if spread is None:
        return []
    roll = "what is held is kept" if spread.on_roll == "keep" else "what is held is closed anyway"
    sleeves = " and ".join(spread.sleeves)
    return [
        f"Opening for the {sleeves} is refused where (ask - bid) / mid is above {spread.max_pct:g} %, "
        f"per leg or averaged over the order; where that stops the opening half of a roll, {roll}. Never a close (R45)."
    ]


def not_configured(policy: Policy) -> list[str]:
    """What the book could have and has not."""
    if policy.overlay is not None:
        return ["No condors and no hedge: an overlay stands alone.", "No adaptive rule: nothing but the calendar moves it."]
    missing: list[str] = []
    condor, leave = policy.condor, policy.condor.exit
    if condor.enabled:
        choices: Mapping[str, object | None] = {
            "profit exit (condor.exit.profit_fraction_pct, R01)": leave.profit_fraction_pct,
            "loss stop (condor.exit.loss_multiple, R01)": leave.loss_multiple,
            "exit by days to expiry (condor.exit.dte, R01)": leave.dte,
            "exit by short delta (condor.exit.short_delta, R01)": leave.short_delta,
            "bound on net delta at entry (condor.max_net_delta, R01)": condor.max_net_delta,
            "VIX gate on entries (condor.gate_max_vix, R33)": condor.gate_max_vix,
        }
        missing += [f"No {name}." for name, value in choices.items() if value is None]
    if policy.limits.spread is None:
        missing.append("No bid-ask limit (limits.spread, R45).")
    missing += book_limits_off(policy.limits)
    if not policy.rules:
        missing.append("No adaptive rule ([[rule]], R20, R21, R24): nothing but the calendar moves the hedge.")
    return missing or ["Nothing: every optional part is on."]


def _usd(value: float) -> str:
    return f"${value:,.0f}" if value == int(value) else f"${value:,.2f}"


def _plain(value: Any) -> Any:
    if hasattr(value, "phrase"):
        return value.phrase()
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any, path: str) -> str:
    plain = _plain(value)
    if plain is None:
        return key_for(path).off
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float):
        return f"{plain:,.0f}" if plain == int(plain) and abs(plain) >= 1000 else f"{plain:g}"
    return ", ".join(plain) if isinstance(plain, list) else str(plain)
