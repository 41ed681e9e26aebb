"""Every shipped policy, signal and action: loads, explains itself, is written back the same, reads only what exists."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alvh.market.signals import EXAMPLES, signals_table_markdown
from alvh.strategy.conditions import Compare
from alvh.strategy.explain import explain, explain_dict, idle_keys, leaves
from alvh.strategy.policy import Action, AdaptiveRule
from alvh.strategy.policy_file import POLICIES, load_policy, policy_to_toml
from alvh.strategy.policy_keys import KEYS, generic

SHIPPED = sorted(file.stem for file in POLICIES.glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_loads_under_its_own_name_and_round_trips(name: str, tmp_path: Path) -> None:
    loaded = load_policy(name)
    assert loaded.policy.name == name
    assert loaded.policy.description
    file = tmp_path / "copy.toml"
    file.write_text(policy_to_toml(loaded.policy), encoding="utf-8")
    again = load_policy(file)
    assert (again.policy, again.sha256) == (loaded.policy, loaded.sha256)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_is_explained_in_full(name: str) -> None:
    loaded = load_policy(name)
    text = explain(loaded)
    document = explain_dict(loaded)
    assert json.loads(json.dumps(document)) == document
    for path in loaded.origin:
        assert f"  {path} " in text
    assert "Not configured" in text and ("No adaptive rule" in text) == (not loaded.policy.rules)
    for rule in loaded.policy.rules:
        assert f"{rule.name} ({rule.rule_id}): when {rule.when.phrase()}" in text
    if loaded.policy.overlay is not None:
        assert "Rolls on the session that settles" in text and "R01" not in text.split("Every key")[0]
        return
    for rule in ("R01", "R03", "R10", "R33", "R45") if loaded.policy.hedge.enabled else ("R01",):
        assert f"{rule}" in text
    assert {row["key"] for row in document["keys"]} == set(loaded.origin)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_teaches(name: str) -> None:
    """Every file opens with a comment, and the default writes out every key that its own kinds read."""
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    table = tomllib.loads(text)
    assert table["schema"] == 1 and table["name"] == name
    if "extends" not in table:
        loaded = load_policy(name)
        unset = {path for path, origin in loaded.origin.items() if origin == "default"}
        assert unset <= set(idle_keys(loaded.policy))


def test_the_explanation_of_the_default_says_what_section_g_says() -> None:
    text = explain(load_policy("alvh-442"))
    for words in (
        "starts at $1,000,000", "every Wednesday, or the next session after a holiday", "nearest 45 calendar days within 30-60",
        "SPXW before SPX", "shorts nearest 0.16 delta", "wings at 0.05 delta", "5 % of the account", "at least 1",
        "keeps 50 % of the credit received, or 21 calendar days or fewer are left",
        "4/4/2 contracts for each $600,000 of index notional",
        "Rolls every 7 calendar days", "Rolls every 21 calendar days", "Rolls every 45 calendar days", "Wednesday 2007-01-03",
        "No strike above 3 times the forward", "at least 9 days", "SPX legs 25 %, VIX calls 50 %",
        "at the close and filled at the same close",
        "No loss stop", "No VIX gate", "No bid-ask limit",
    ):  # fmt: skip
        assert words in text, words


def test_idle_keys_follow_the_kinds() -> None:
    assert "hedge.size.per_usd" in idle_keys(load_policy("alvh-442-per-condor").policy)
    assert "hedge.size.per_usd" not in idle_keys(load_policy("alvh-442").policy)
    bare = load_policy("no-hedge").policy
    idle = idle_keys(bare)
    assert "hedge.layer.front.ratio" in idle and "hedge.enabled" not in idle
    assert set(idle) <= {path for path, _ in leaves(bare)}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("kind", ["skip_condor_entry", "rebalance", "close_layers"])
def test_a_rule_on_any_signal_loads_explains_and_reads_only_that_signal(name: str, kind: str, tmp_path: Path) -> None:
    rule = AdaptiveRule(name="r", rule_id="R20", when=Compare(signal=name, above=0.5), then=Action(kind=kind))
    policy = replace(load_policy("alvh-442").policy, rules=(rule,))
    file = tmp_path / "with-rule.toml"
    file.write_text(policy_to_toml(policy), encoding="utf-8")
    loaded = load_policy(file)
    assert loaded.policy.rules == (rule,)
    assert f"{name} is above 0.5" in explain(loaded)
    assert rule.when.signals() == (name,)
    read: list[str] = []

    def reader(wanted: str) -> np.ndarray:
        read.append(wanted)
        return np.array([0.0, 1.0])

    assert rule.when.holds(reader).tolist() == [False, True]
    assert read == [name]
    assert f"`{name}`" in signals_table_markdown()


def test_every_key_names_a_rule_of_the_method_or_none() -> None:
    for path, key in KEYS.items():
        assert generic(path) == path
        assert key.meaning
        assert all(len(rule) == 3 and rule[0] == "R" and rule[1:].isdigit() for rule in key.rules)
