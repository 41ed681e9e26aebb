"""Any policy, written as text and read again, is the same policy."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alvh.market.signals import EXAMPLES
from alvh.strategy.conditions import All, AnyOf, Compare, Condition, Not
from alvh.strategy.explain import explain, explain_dict
from alvh.strategy.policy import (
    Account,
    Action,
    AdaptiveRule,
    Condor,
    CondorExit,
    CondorSize,
    Costs,
    EntrySchedule,
    Hedge,
    HedgeLayer,
    HedgeSize,
    LayerStrike,
    Limits,
    Policy,
    Prices,
    Roll,
    SizeStress,
    SpreadLimit,
    Timing,
    Wing,
)  # fmt: skip
from alvh.strategy.policy_file import load_policy, policy_sha256, policy_to_toml
from alvh.strategy.policy_parse import leaf_paths
from alvh.strategy.sizing import SOLVED_KINDS

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, exclude_min=True, allow_nan=False)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def one_line() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=30)


COMPARES = st.one_of(
    st.builds(Compare, signal=st.sampled_from(EXAMPLES), above=number(-1e6, 1e6)),
    st.builds(Compare, signal=st.sampled_from(EXAMPLES), below=number(-1e6, 1e6)),
    st.builds(Compare, signal=st.sampled_from(EXAMPLES), above=number(-1e6, 0.0), below=number(0.5, 1e6)),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    COMPARES,
    lambda inside: st.one_of(
        st.builds(All, parts=st.lists(inside, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, parts=st.lists(inside, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, part=inside),
    ),
    max_leaves=6,
)


@st.composite
def layers(draw: st.DrawFn, name: str) -> HedgeLayer:
    low, high = sorted((draw(st.integers(1, 1100)), draw(st.integers(1, 1100))))
    return HedgeLayer(
        name=name,
        ratio=draw(number(0.0, 1e6)),
        min_dte=low,
        max_dte=high,
        aim_dte=draw(maybe(st.floats(low, high))),
        prefer_monthly=draw(st.booleans()),
        strike=LayerStrike(
            kind=draw(st.sampled_from(["delta", "moneyness"])),
            delta=draw(number(0.0, 0.999)),
            out_pct=draw(number(-99.0, 1000.0)),
            of=draw(st.sampled_from(["forward", "spot"])),
        ),
        roll=Roll(
            kind=draw(st.sampled_from(["every_days", "sessions_before_expiry", "hold_to_settlement"])),
            days=draw(st.integers(1, 1100)),
            sessions=draw(st.integers(0, 260)),
            anchor=draw(st.sampled_from(["schedule", "last_roll"])),
        ),
        roll_to=draw(st.sampled_from(["next_in_window", "next_monthly"])),
        restrike=draw(st.sampled_from(["target_delta", "same_moneyness"])),
        same_expiry=draw(st.sampled_from(["keep", "restrike"])),
        when_empty=draw(st.sampled_from(["nearest", "skip"])),
    )


@st.composite
def condors(draw: st.DrawFn) -> Condor:
    low, target, high = sorted(draw(st.integers(0, 1100)) for _ in range(3))
    short = draw(number(0.001, 0.499))
    return Condor(
        enabled=draw(st.booleans()),
        roots=draw(st.sampled_from([("SPXW", "SPX"), ("SPX", "SPXW"), ("SPX",), ("SPXW",), ("XSP",)])),
        entry=EntrySchedule(kind=draw(st.sampled_from(["weekly", "monthly", "daily"])), weekday=draw(st.integers(0, 4))),
        target_dte=target,
        min_dte=low,
        max_dte=high,
        short_delta=short,
        wing=Wing(kind=draw(st.sampled_from(["delta", "points"])), delta=short * 0.5, points=draw(number(0.0, 1e4))),
        max_net_delta=draw(maybe(number(0.0, 1.0))),
        size=CondorSize(
            kind=draw(st.sampled_from(["share_of_account", "fixed_lots"])),
            share_pct=draw(number(0.0, 100.0)),
            minimum_lots=draw(st.integers(0, 1_000_000)),
            lots=draw(st.integers(1, 1_000_000)),
        ),
        exit=CondorExit(
            profit_fraction_pct=draw(maybe(number(0.0, 100.0))),
            loss_multiple=draw(maybe(number(0.0, 1000.0))),
            dte=draw(maybe(st.integers(0, low - 1))) if low > 0 else None,
            short_delta=draw(maybe(number(short, 0.999))),
        ),
        gate_max_vix=draw(maybe(number(0.0, 200.0))),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    rules = draw(st.lists(NAMES, max_size=3, unique=True))
    enabled = draw(st.booleans())
    kind = draw(st.sampled_from(["index_notional", "risk_capital", "per_condor", *SOLVED_KINDS]))
    return Policy(
        name=draw(NAMES),
        description=draw(one_line()),
        grid_anchor=draw(st.dates()).isoformat(),
        account=Account(equity_usd=draw(number(0.0, 1e12)), compound=draw(st.booleans())),
        costs=Costs(
            spx_spread_share_pct=draw(st.floats(0.0, 100.0)),
            vix_spread_share_pct=draw(st.floats(0.0, 100.0)),
            fees=draw(st.booleans()),
            spread_case=draw(st.sampled_from(["low", "central", "high"])),
        ),
        prices=Prices(weekly_min_volume_contracts=draw(st.floats(0.0, 1e6))),
        timing=Timing(fill_at=draw(st.sampled_from(["same_close", "next_close"]))),
        condor=draw(condors()),
        hedge=Hedge(
            enabled=enabled,
            size=HedgeSize(
                kind=kind,
                per_usd=draw(number(0.0, 1e12)),
                coverage_pct=draw(number(0.0, 1000.0)),
                against=draw(st.sampled_from(["net", "short_legs"])),
                beta=draw(st.sampled_from(["naive", "adjusted"])),
                share_pct=draw(number(0.0, 20.0)),
                stress=SizeStress(spx_pct=draw(st.floats(-99.0, -1.0)), vix_points=draw(st.floats(-100.0, 200.0))),
                decay_budget_pct=draw(maybe(st.floats(0.0, 1000.0))),
                reference=draw(st.sampled_from(["open", "planned"])) if kind not in SOLVED_KINDS else "open",
                resize=draw(st.sampled_from(["at_roll", "weekly"])),
            ),
            max_strike_to_forward=draw(number(0.0, 100.0)),
            fallback_min_dte=draw(st.integers(1, 1100)),
            layers=tuple(draw(layers(name)) for name in names),
        ),
        limits=Limits(
            spread=draw(
                maybe(
                    st.builds(
                        SpreadLimit,
                        max_pct=number(0.0, 200.0),
                        on_roll=st.sampled_from(["keep", "close_anyway"]),
                        sleeves=st.sampled_from([("hedge",), ("condor",), ("hedge", "condor")]),
                    )
                )
            )
        ),
        rules=tuple(
            AdaptiveRule(
                name=name,
                rule_id=f"R{draw(st.integers(0, 99)):02d}",
                when=draw(CONDITIONS),
                then=draw(
                    st.one_of(
                        st.just(Action(kind="skip_condor_entry")),
                        st.builds(
                            Action,
                            kind=st.sampled_from(["rebalance", "close_layers", "lock_synthetic", "delay_rolls"]),
                            layers=st.lists(st.sampled_from(names), unique=True).map(tuple),
                            fraction_pct=number(0.0, 100.0),
                        )
                        if enabled
                        else st.nothing(),
                    )
                ),
                cool_down_sessions=draw(st.integers(0, 1000)),
            )
            for name in rules
        ),
    )


@settings(deadline=None)
@given(policy=policies())
def test_text_and_back_is_the_identity(policy: Policy) -> None:
    text = policy_to_toml(policy)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "any.toml"
        file.write_text(text, encoding="utf-8", newline="\n")
        loaded = load_policy(file)
    assert loaded.policy == policy
    assert policy_to_toml(loaded.policy) == text
    assert loaded.sha256 == policy_sha256(policy)
    # Written in full, every key comes from the file and none from a default.
    assert set(loaded.origin.values()) == {"any.toml"}
    assert list(loaded.origin) == list(leaf_paths(policy))


@settings(deadline=None, max_examples=40)
@given(policy=policies())
def test_any_policy_can_be_explained(policy: Policy) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "any.toml"
        file.write_text(policy_to_toml(policy), encoding="utf-8", newline="\n")
        loaded = load_policy(file)
    text = explain(loaded)
    document = explain_dict(loaded)
    keys = [row["key"] for row in document["keys"]]
    assert keys == list(loaded.origin)
    assert all(f"  {key}  " in text for key in keys)
