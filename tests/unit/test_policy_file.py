"""Policy files: resolution, origins, refusals with file, key, what is allowed and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from alvh.core.errors import ConfigError
from alvh.strategy.conditions import All, AnyOf, Compare, Not
from alvh.strategy.policy import LayerStrike, Policy, Roll
from alvh.strategy.policy_file import POLICIES, list_policies, load_policy, policy_sha256, policy_to_toml


def write(folder: Path, text: str, name: str = "mine") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def load(folder: Path, text: str) -> Policy:
    return load_policy(write(folder, f'schema = 1\nextends = "alvh-442"\n{text}')).policy


def refusal(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    assert caught.value.exit_code == 3
    assert caught.value.where.startswith("mine.toml, key "), caught.value.where
    assert caught.value.allowed
    assert caught.value.todo
    return caught.value


# ------------------------------------------------------------------------------------------------------- shipped policies


def test_the_default_is_section_g_to_the_letter() -> None:
    policy = load_policy("alvh-442").policy
    assert (policy.account.equity_usd, policy.account.compound, policy.grid_anchor) == (1_000_000.0, False, "2007-01-03")
    assert (policy.costs.spx_spread_share_pct, policy.costs.vix_spread_share_pct, policy.costs.fees) == (25.0, 50.0, True)
    assert (policy.timing.decide_at, policy.timing.fill_at) == ("close", "same_close")
    condor = policy.condor
    assert (condor.entry.kind, condor.entry.weekday, condor.roots) == ("weekly", 2, ("SPXW", "SPX"))
    assert (condor.target_dte, condor.min_dte, condor.max_dte) == (45, 30, 60)
    assert (condor.short_delta, condor.wing.kind, condor.wing.delta) == (0.16, "delta", 0.05)
    assert (condor.size.kind, condor.size.share_pct, condor.size.minimum_lots) == ("share_of_account", 5.0, 1)
    assert (condor.exit.profit_fraction_pct, condor.exit.dte, condor.exit.loss_multiple, condor.exit.short_delta) == (
        50.0,
        21,
        None,
        None,
    )
    assert condor.gate_max_vix is None and condor.max_net_delta is None
    hedge = policy.hedge
    assert (hedge.size.kind, hedge.size.per_usd, hedge.size.reference, hedge.size.resize) == (
        "index_notional",
        600_000.0,
        "open",
        "at_roll",
    )
    assert (hedge.max_strike_to_forward, hedge.fallback_min_dte) == (3.0, 9)
    rows = [(each.name, each.ratio, each.min_dte, each.max_dte, each.aim_dte, each.roll.days) for each in hedge.layers]
    assert rows == [("front", 4.0, 9, 16, None, 7), ("mid", 4.0, 30, 45, None, 21), ("back", 2.0, 90, 180, 90.0, 45)]
    for layer in hedge.layers:
        assert layer.strike == LayerStrike(kind="delta", delta=0.20)
        assert layer.roll.kind == "every_days" and layer.roll.anchor == "schedule"
        assert (layer.prefer_monthly, layer.roll_to, layer.restrike) == (True, "next_in_window", "target_delta")
        assert (layer.same_expiry, layer.when_empty) == ("keep", "nearest")
    assert policy.limits.spread is None and policy.rules == ()


def test_the_variants_differ_from_the_default_in_one_thing() -> None:
    default = load_policy("alvh-442").policy
    sizes = {"alvh-442-per-100k-index": ("index_notional", 1e5), "alvh-442-per-100k-risk": ("risk_capital", 1e5)}
    sizes["alvh-442-per-condor"] = ("per_condor", default.hedge.size.per_usd)
    for name, (kind, per_usd) in sizes.items():
        policy = load_policy(name).policy
        assert (policy.hedge.size.kind, policy.hedge.size.per_usd) == (kind, per_usd)
        assert (policy.condor, policy.hedge.layers, policy.account) == (default.condor, default.hedge.layers, default.account)
    bare = load_policy("no-hedge").policy
    assert not bare.hedge.enabled and bare.condor == default.condor


def test_the_list_names_every_file_with_one_line() -> None:
    listed = dict(list_policies())
    assert set(listed) == {file.stem for file in POLICIES.glob("*.toml")}
    assert {"alvh-442", "alvh-442-per-100k-index", "alvh-442-per-100k-risk", "alvh-442-per-condor", "no-hedge"} <= set(listed)
    assert all(text and "\n" not in text for text in listed.values())


# ------------------------------------------------------------------------------------------------------------- resolution


def test_layers_merge_by_name_and_keep_their_order(tmp_path: Path) -> None:
    text = '[[hedge.layer]]\nname = "back"\nratio = 3\nroll = {days = 60}\n'
    text += '[[hedge.layer]]\nname = "far"\nratio = 1\nmin_dte = 180\nmax_dte = 300'
    layers = load(tmp_path, text).hedge.layers
    assert [layer.name for layer in layers] == ["front", "mid", "back", "far"]
    assert (layers[2].ratio, layers[2].min_dte, layers[2].roll) == (3.0, 90, Roll(days=60))
    assert layers[3].strike == LayerStrike()


def test_a_layer_can_be_removed(tmp_path: Path) -> None:
    assert [layer.name for layer in load(tmp_path, '[[hedge.layer]]\nname = "mid"\nremove = true').hedge.layers] == [
        "front",
        "back",
    ]
    assert "did you mean 'mid'" in str(refusal(tmp_path, '[[hedge.layer]]\nname = "midd"\nremove = true'))


def test_origins_name_the_file_that_set_each_key(tmp_path: Path) -> None:
    write(tmp_path, 'schema = 1\nextends = "alvh-442"\n[condor]\nshort_delta = 0.2\ngate_max_vix = 30', "base")
    loaded = load_policy(
        write(tmp_path, 'schema = 1\nextends = "base"\n[condor]\ngate_max_vix = "off"\n[limits.spread]\nmax_pct = 10')
    )
    assert loaded.chain == ("alvh-442.toml", "base.toml", "mine.toml")
    assert loaded.policy.condor.gate_max_vix is None
    assert loaded.origin["condor.gate_max_vix"] == "mine.toml"
    assert loaded.origin["condor.short_delta"] == "base.toml"
    assert loaded.origin["condor.min_dte"] == "alvh-442.toml"
    assert loaded.origin["limits.spread.max_pct"] == "mine.toml"
    assert loaded.origin["limits.spread.on_roll"] == "default"
    assert loaded.origin["name"] == "mine.toml"


def test_name_and_description_are_not_inherited(tmp_path: Path) -> None:
    policy = load(tmp_path, "")
    assert (policy.name, policy.description) == ("mine", "")


def test_an_optional_table_is_switched_on_and_off(tmp_path: Path) -> None:
    write(tmp_path, 'schema = 1\nextends = "alvh-442"\n[limits.spread]\nmax_pct = 5', "tight")
    off = load_policy(write(tmp_path, 'schema = 1\nextends = "tight"\n[limits]\nspread = "off"')).policy
    assert off.limits.spread is None
    write(tmp_path, 'schema = 1\nextends = "mine"\n[limits.spread]', "again")
    again = load_policy(tmp_path / "again.toml").policy.limits.spread
    assert again is not None and again.max_pct == 8.0


def test_the_hash_is_of_the_resolved_values(tmp_path: Path) -> None:
    default = load_policy("alvh-442")
    same = load_policy(
        write(tmp_path, f'schema=1\nextends="alvh-442"\n# words\nname="alvh-442"\ndescription="{default.policy.description}"')
    )
    assert same.sha256 == default.sha256 == policy_sha256(default.policy)
    other = load_policy(write(tmp_path, 'schema=1\nextends="alvh-442"\nname="alvh-442"\n[condor]\nshort_delta=0.17'))
    assert other.sha256 != default.sha256


def test_search_folders_come_before_the_shipped_policies(tmp_path: Path) -> None:
    write(tmp_path, 'schema = 1\nname = "no-hedge"\n[hedge]\nenabled = false\n[condor]\nshort_delta = 0.2', "no-hedge")
    assert load_policy("no-hedge", search=(tmp_path,)).policy.condor.short_delta == 0.2
    assert load_policy("no-hedge").policy.condor.short_delta == 0.16


def test_conditions_are_read_in_every_shape(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        '[[rule]]\nname = "a"\nrule_id = "R20"\nwhen = {signal = "vix_rsi_14", above = 70}\n'
        'then = {kind = "rebalance", layers = ["front"]}\n'
        '[[rule]]\nname = "b"\nrule_id = "R21"\n'
        'when = {all = [{signal = "vix_macd_cross_up", above = 0.5}, {not = {signal = "vix", below = 25}}]}\n'
        'then = {kind = "close_layers", fraction_pct = 25}\ncool_down_sessions = 3\n'
        '[[rule]]\nname = "c"\nrule_id = "R24"\n'
        'when = {any = [{signal = "vix_to_mean_20", above = 1.2, below = 2}, {signal = "vix_zscore_20", above = 2}]}\n'
        'then = {kind = "skip_condor_entry"}',
    ).rules
    assert rules[0].when == Compare(signal="vix_rsi_14", above=70.0)
    assert rules[1].when == All(
        parts=(Compare(signal="vix_macd_cross_up", above=0.5), Not(part=Compare(signal="vix", below=25.0)))
    )
    assert isinstance(rules[2].when, AnyOf) and rules[2].when.parts[0] == Compare(signal="vix_to_mean_20", above=1.2, below=2.0)
    assert (rules[1].cool_down_sessions, rules[1].then.fraction_pct, rules[0].then.layers) == (3, 25.0, ("front",))


def test_a_write_up_is_found_as_it_is_spelt() -> None:
    assert load_policy("spike_exit").policy == load_policy("spike-exit").policy


def test_the_canonical_text_resolves_to_the_same_policy(tmp_path: Path) -> None:
    policy = load_policy("alvh-442-per-100k-risk").policy
    assert load_policy(write(tmp_path, policy_to_toml(policy))).policy == policy


# --------------------------------------------------------------------------------------------------------------- refusals

RULE = '[[rule]]\nname = "r"\nrule_id = "R20"\nthen = {kind = "rebalance"}\nwhen = '
TRUE = '{signal = "vix", above = 5}'

REFUSED = [
    # a misspelt key, at every depth
    ("[condr]\nshort_delta = 0.2", "key condr", "did you mean 'condor'"),
    ("[condor]\nshort_dleta = 0.2", "key condor.short_dleta", "did you mean 'short_delta'"),
    ("[condor.exit]\nprofit_fraction = 50", "key condor.exit.profit_fraction", "did you mean 'profit_fraction_pct'"),
    ('[[hedge.layer]]\nname = "front"\nratios = 4', "key hedge.layer.front.ratios", "did you mean 'ratio'"),
    ('[[hedge.layer]]\nname = "front"\nroll = {day = 7}', "key hedge.layer.front.roll.day", "did you mean 'days'"),
    ("[hedge]\nper_index_notional_usd = 100000", "key hedge.per_index_notional_usd", "kind = 'index_notional'"),
    # wrong types
    ('[condor]\nshort_delta = "0.2"', "key condor.short_delta", "without quotes"),
    ("[condor]\ntarget_dte = 45.5", "key condor.target_dte", "is not a whole number"),
    ("[condor]\ntarget_dte = true", "key condor.target_dte", "is not a whole number"),
    ("[account]\ncompound = 1", "key account.compound", "neither true nor false"),
    ("[account]\nequity_usd = nan", "key account.equity_usd", "out of range"),
    ("[account]\nequity_usd = inf", "key account.equity_usd", "out of range"),
    ("condor = 5", "key condor", "is no table"),
    ("[[condor]]", "key condor", "is no table"),
    ('[hedge.layer]\nname = "front"', "key hedge.layer", "with two brackets"),
    ("description = 5", "key description", "is no text"),
    # out of range
    ("[account]\nequity_usd = -1", "key account.equity_usd", "above 0"),
    ("[condor.size]\nlots = -2", "key condor.size.lots", "at least 1"),
    ("[condor.size]\nminimum_lots = -1", "key condor.size.minimum_lots", "at least 0"),
    ("[condor.size]\nshare_pct = 101", "key condor.size.share_pct", "at most 100"),
    ("[costs]\nspx_spread_share_pct = -5", "key costs.spx_spread_share_pct", "at least 0"),
    ("[condor]\nshort_delta = 1.0", "key condor.short_delta", "below 1"),
    ("[condor]\nshort_delta = 16", "key condor.short_delta", "below 1"),
    ("[condor]\nshort_delta = 0.5", "key condor.short_delta", "below 0.5"),
    ("[condor.wing]\ndelta = 0", "key condor.wing.delta", "above 0"),
    ('[[hedge.layer]]\nname = "front"\nratio = 0', "key hedge.layer.front.ratio", "above 0"),
    ('[[hedge.layer]]\nname = "front"\nstrike = {delta = 20}', "key hedge.layer.front.strike.delta", "below 1"),
    ("[hedge.size]\nper_usd = 0", "key hedge.size.per_usd", "above 0"),
    ("[condor.entry]\nweekday = 5", "key condor.entry.weekday", "at most 4"),
    ('grid_anchor = "2007-13-03"', "key grid_anchor", "YYYY-MM-DD"),
    ('grid_anchor = "20070103"', "key grid_anchor", "YYYY-MM-DD"),
    # not one of the words
    ('[condor.entry]\nkind = "weekley"', "key condor.entry.kind", "did you mean 'weekly'"),
    ('[hedge]\ninstrument = "vx_futures"', "key hedge.instrument", "write the instrument in each [[hedge.layer]]"),
    ('[[hedge.layer]]\nname = "front"\ninstrument = "vix_puts"', "layer.front.instrument", "vix_calls, vix_call_spreads"),
    ('[condor]\nroots = ["SPXX"]', "key condor.roots", "did you mean 'SPX"),
    ("[condor]\nroots = []", "key condor.roots", "the list is empty"),
    ('[condor]\nroots = ["SPX", "SPX"]', "key condor.roots", "appears twice"),
    # contradictions
    ("[condor]\nmin_dte = 70", "key condor.min_dte", "the window 70-60 is empty"),
    ("[condor]\ntarget_dte = 61", "key condor.target_dte", "outside the window"),
    ("[condor.wing]\ndelta = 0.16", "key condor.wing.delta", "not below the shorts'"),
    ("[condor.exit]\ndte = 30", "key condor.exit.dte", "on the day it is opened"),
    ("[condor.exit]\nshort_delta = 0.1", "key condor.exit.short_delta", "already reached"),
    ('[condor]\nroots = ["XSP", "SPX"]', "key condor.roots", "one size"),
    ('[[hedge.layer]]\nname = "front"\nmin_dte = 20', "key hedge.layer.front.min_dte", "the window 20-16 is empty"),
    ('[[hedge.layer]]\nname = "back"\naim_dte = 200', "key hedge.layer.back.aim_dte", "outside the window"),
    # names
    ('[[hedge.layer]]\nname = "front"\n[[hedge.layer]]\nname = "front"', "key hedge.layer.name", "appears twice"),
    ("[[hedge.layer]]\nratio = 4", "key hedge.layer.name", "missing"),
    ('[[hedge.layer]]\nname = "Front layer"', "key hedge.layer.name", "small letters"),
    ('[[hedge.layer]]\nname = "extra"\nratio = 1\nmin_dte = 9', "key hedge.layer.extra.max_dte", "the key is missing"),
    ('[[hedge.layer]]\nname = "mid"\nremove = true\nratio = 1', "key hedge.layer.mid.remove", "nothing else"),
    # rules and conditions
    (RULE + '{signal = "vix_rsi14", above = 70}', "key rule.r.when.signal", "did you mean 'vix_rsi_14'"),
    (RULE + '{signal = "vix"}', "key rule.r.when", "no threshold"),
    (RULE + '{signal = "vix", over = 5}', "key rule.r.when", "unknown key 'over'"),
    (RULE + '{signal = "vix", above = 30, below = 20}', "key rule.r.when", "never true"),
    (RULE + '{signal = "vix", above = "30"}', "key rule.r.when.above", "not a number"),
    (RULE + "{all = []}", "key rule.r.when", "not empty"),
    (RULE + '{al = [{signal = "vix", above = 5}]}', "key rule.r.when", "did you mean 'all'"),
    (RULE + '{any = [{signal = "vix", above = 5}, 7]}', "key rule.r.when.any[2]", "is no condition"),
    (RULE + "{not = {}}", "key rule.r.when.not", "has the keys none"),
    (RULE.replace('"rebalance"', '"rebalance", layers = ["frnt"]') + TRUE, "key rule.r.then.layers", "did you mean 'front'"),
    (RULE.replace('"R20"', '"20"') + TRUE, "key rule.r.rule_id", "such as R20"),
    (RULE.replace('"rebalance"', '"rebalence"') + TRUE, "key rule.r.then.kind", "did you mean 'rebalance'"),
    # rules that contradict the hedge
    (RULE.replace("rebalance", "roll_layers") + TRUE, "key rule.r.then.kind", "no layer may be rolled by a rule"),
    (
        RULE.replace('"rebalance"', '"time_shift", layers = ["mid"]') + TRUE,
        "key rule.r.then.layers",
        "layer mid rolls by every_days",
    ),
    (RULE.replace("rebalance", "activate") + TRUE, "key rule.r.then.kind", 'presence = "activated"'),
    (RULE.replace("rebalance", "flex_ratio") + TRUE, "key rule.r.then.kind", 'hedge.ratio = "by_regime"'),
    ('[hedge]\npresence = "ladder"', "key hedge.presence", "no rule activates a layer"),
    ('[hedge]\nratio_of = "premium"\n[[hedge.layer]]\nname = "front"\ninstrument = "vx_futures"', "front.instrument", "vega"),
    (
        '[hedge.size]\nkind = "vega_target"\n[[hedge.layer]]\nname = "front"\ninstrument = "spx_put_spreads"',
        "layer.front.instrument",
        "a size counted from a notional",
    ),
    (
        '[[hedge.layer]]\nname = "front"\ninstrument = "vix_call_spreads"\nshort_strike = {delta = 0.3}',
        "layer.front.short_strike",
        "a delta below 0.2",
    ),
    (
        "".join(f'[[hedge.layer]]\nname = "{name}"\nfunded_by = "gains"\n' for name in ("front", "mid", "back")),
        "funded_by",
        "let the account pay for a layer",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where", "said"), REFUSED, ids=[f"{n:02d}" for n in range(len(REFUSED))])
def test_refusals_name_file_key_and_what_is_allowed(tmp_path: Path, text: str, where: str, said: str) -> None:
    error = refusal(tmp_path, text)
    assert where in error.where
    assert said in str(error)


def test_the_error_names_the_file_that_holds_the_mistake(tmp_path: Path) -> None:
    write(tmp_path, 'schema = 1\nextends = "alvh-442"\n[condor]\nshort_dleta = 0.2', "base")
    with pytest.raises(ConfigError) as caught:
        load_policy(write(tmp_path, 'schema = 1\nextends = "base"'))
    assert caught.value.where == "base.toml, key condor.short_dleta"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "schema is missing"),
        ("schema = 2", "schema is 2"),
        ("schema = true", "schema is True"),
        ('schema = "1"', "schema is '1'"),
        ("schema = 1", "the hedge is on but has no layer"),
        ("schema = 1\nschema = 1", "not valid TOML"),
        ("schema = 1\n[condor", "not valid TOML"),
        ('schema = 1\nextends = "alvh-44"', "did you mean 'alvh-442'"),
        ('schema = 1\nextends = "./none.toml"', "no policy file './none.toml'"),
        ("schema = 1\nextends = 5", "extends is 5"),
        ('schema = 1\nextends = "mine"', "in a circle: mine.toml -> mine.toml"),
    ],
)
def test_files_that_cannot_be_read_at_all(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml") as caught:
        load_policy(write(tmp_path, text))
    assert said in str(caught.value)


def test_names_and_paths_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'no-hedge'"):
        load_policy("nohedge")
    with pytest.raises(ConfigError, match="no policy file"):
        load_policy(tmp_path / "none.toml")
    bad = tmp_path / "latin.toml"
    bad.write_bytes(b'schema = 1\nname = "\xe9"')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_policy(bad)


def test_a_deep_condition_is_refused_and_not_a_crash(tmp_path: Path) -> None:
    deep = "{not = " * 30 + '{signal = "vix", above = 5}' + "}" * 30
    assert "nested too deeply" in str(refusal(tmp_path, RULE + deep))
    with pytest.raises(ConfigError, match="nested too deeply"):
        load(tmp_path, RULE + "{not = " * 5000 + '{signal = "vix", above = 5}' + "}" * 5000)
