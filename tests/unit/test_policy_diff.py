"""What differs between two policies: keys with both values and origins, items, order, sentences; and "same book"."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from alvh.app.cli import main
from alvh.strategy.explain import leaves
from alvh.strategy.policy_diff import PolicyDiff, diff_policies, written
from alvh.strategy.policy_file import LoadedPolicy, load_policy

RULES = """
[[rule]]
name = "one"
rule_id = "R20"
when = {signal = "vix", above = 30}
then = {kind = "skip_condor_entry"}

[[rule]]
name = "two"
rule_id = "R20"
when = {signal = "vix", above = 40}
then = {kind = "skip_condor_entry"}
"""


def loaded(folder: Path, name: str, body: str) -> LoadedPolicy:
    file = folder / f"{name}.toml"
    file.write_text(f'schema = 1\nextends = "alvh-442"\n{body}', encoding="utf-8")
    return load_policy(file)


def test_one_key_is_one_change_with_both_values_and_origins(tmp_path: Path) -> None:
    found = diff_policies(load_policy("alvh-442"), loaded(tmp_path, "mine", "[condor]\nshort_delta = 0.2\n"))
    (change,) = found.keys
    assert (change.key, change.left, change.right) == ("condor.short_delta", "0.16", "0.2")
    assert (change.left_origin, change.right_origin, change.rules) == ("alvh-442.toml", "mine.toml", ("R01",))
    assert {one.key for one in found.identity} == {"name", "description"}
    assert not found.items and not found.orders and not found.same_book
    (section,) = found.sections
    assert section.title == "Condor"
    assert "0.16 delta" in section.left[0] and "0.2 delta" in section.right[0]


def test_a_table_that_is_switched_on_says_its_keys(tmp_path: Path) -> None:
    found = diff_policies(load_policy("alvh-442"), loaded(tmp_path, "mine", "[limits.spread]\nmax_pct = 12\n"))
    changes = {change.key: change for change in found.keys}
    assert set(changes) == {"limits.spread.max_pct", "limits.spread.on_roll", "limits.spread.sleeves"}
    assert changes["limits.spread.max_pct"].left == "limits.spread = off"
    assert changes["limits.spread.max_pct"].right == "12"
    assert (changes["limits.spread.max_pct"].left_origin, changes["limits.spread.on_roll"].right_origin) == (
        "alvh-442.toml",
        "default",
    )
    back = diff_policies(loaded(tmp_path, "mine", "[limits.spread]\nmax_pct = 12\n"), load_policy("alvh-442"))
    assert {change.key for change in back.keys} == set(changes)
    assert {change.right for change in back.keys} == {"limits.spread = off"}


def test_layers_and_rules_come_and_go_by_name(tmp_path: Path) -> None:
    body = (
        '[[hedge.layer]]\nname = "back"\nremove = true\n[[hedge.layer]]\nname = "far"\nratio = 1\nmin_dte = 150\nmax_dte = 300\n'
    )
    found = diff_policies(load_policy("alvh-442"), loaded(tmp_path, "mine", body + RULES))
    assert [(item.key, item.name, item.side) for item in found.items] == [
        ("hedge.layer", "back", "left"),
        ("hedge.layer", "far", "right"),
        ("rule", "one", "right"),
        ("rule", "two", "right"),
    ]
    assert found.keys == ()
    assert {section.title for section in found.sections} >= {"Hedge", "Layer back", "Layer far"}


def test_another_order_of_rules_is_another_book(tmp_path: Path) -> None:
    first = loaded(tmp_path, "first", RULES)
    swapped = replace(first, policy=replace(first.policy, rules=first.policy.rules[::-1]))
    found = diff_policies(first, swapped)
    assert (found.orders[0].key, found.orders[0].left, found.orders[0].right) == ("rule", ("one", "two"), ("two", "one"))
    assert not found.same_book
    assert found.keys == () and found.items == ()


def test_the_same_book_under_another_name(tmp_path: Path) -> None:
    found = diff_policies(load_policy("alvh-442"), loaded(tmp_path, "mine", 'description = "another line"\n'))
    assert found.same_book
    assert found.sections == () and len(found.identity) == 2


@pytest.mark.parametrize(("one", "two"), [("alvh-442", "cboe-put"), ("cboe-bfly", "cboe-vxth"), ("no-hedge", "vega-50")])
def test_the_changes_are_all_that_differs(one: str, two: str) -> None:
    """Keys, items and their own keys together are exactly the keys whose values differ, by a plain comparison of both."""
    left, right = load_policy(one), load_policy(two)
    found = diff_policies(left, right)
    ours, theirs = dict(leaves(left.policy)), dict(leaves(right.policy))
    plain = {key for key in {*ours, *theirs} if ours.get(key, leaves) != theirs.get(key, leaves)}
    said = {change.key for change in (*found.keys, *found.identity)}
    prefixes = tuple(f"{item.key}.{item.name}." for item in found.items)
    tables = {key for key in plain if (key in ours) != (key in theirs) and any(path.startswith(f"{key}.") for path in plain)}
    assert plain - tables == said | {key for key in plain if key.startswith(prefixes)}


def test_values_are_written_as_in_a_file() -> None:
    assert written(None, "condor.gate_max_vix") == "off"
    assert written(True, "costs.fees") == "true"
    assert written(600_000.0, "hedge.size.per_usd") == "600000"
    assert written(0.16, "condor.short_delta") == "0.16"
    assert written(("SPXW", "SPX"), "condor.roots") == "[SPXW, SPX]"


def test_the_command_prints_a_table_or_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('schema = 1\nextends = "alvh-442"\n[condor]\nshort_delta = 0.2\n', encoding="utf-8")
    assert main(["policy", "diff", "alvh-442", str(file)]) == 0
    text = capsys.readouterr().out
    assert "condor.short_delta  0.16  0.2" in text and "set by in B" in text
    assert main(["policy", "diff", "alvh-442", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "alvh.policy-diff/1" and document["same_book"] is False
    assert document["keys"][0]["key"] == "condor.short_delta"
    assert main(["policy", "diff", "alvh-442", "alvh-442"]) == 0
    assert "hold the same book" in capsys.readouterr().out


def test_an_unknown_policy_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "diff", "alvh-442", "vga-50"]) == 3
    assert "did you mean 'vega-50'?" in capsys.readouterr().err


def test_the_difference_of_a_policy_with_itself_is_empty() -> None:
    one = load_policy("stress-target")
    assert diff_policies(one, one) == PolicyDiff(identity=(), keys=(), items=(), orders=(), sections=())
