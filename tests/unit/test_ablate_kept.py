"""What is kept on disk: the same bits back, damage said, content and not place decides, condor choices equal to fresh ones."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.ablation import policy_with
from tests.helpers.books import shipped, synthetic_market

from alvh.core.fees import fee_usd
from alvh.core.orders import Refusal
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.engine.condor_orders import CondorMemo
from alvh.strategy.condor_choice import CondorChoice
from alvh.strategy.policy import CondorExit, Policy, SpreadLimit, Timing
from alvh.study import condor_cache
from alvh.study.ablate.figures import condor_digest
from alvh.study.condor_cache import condor_key, condor_memo, entry_rows
from alvh.study.kept import content_digest, read_kept, write_kept

ARRAYS = {"a": np.array([1.5, np.nan, -0.0]), "b": np.arange(4, dtype=np.int64).reshape(2, 2)}
VALUES = {"text": "é", "number": 0.1, "list": [1, None]}


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "thing-1.npz"
    write_kept(path, ARRAYS, VALUES, most=5)
    arrays, values, note = read_kept(path)
    assert note == ""
    assert values == VALUES
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert [file.name for file in path.parent.iterdir()] == ["thing-1.npz"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_damage_is_said(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "thing-1.npz"
    write_kept(path, {"a": np.arange(200.0)}, VALUES, most=5)
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        at = data.index(np.arange(200.0).tobytes()[400:440])
        data[at] ^= 0xFF
    path.write_bytes({"cut": bytes(data[: len(data) // 2]), "flipped": bytes(data), "empty": b"", "text": b"x" * 300}[damage])
    arrays, values, note = read_kept(path)
    assert (arrays, values) == ({}, {})
    assert "damaged" in note and str(path) in note


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    assert read_kept(tmp_path / "thing-1.npz") == ({}, {}, "")


def test_only_the_newest_of_a_kind_stay(tmp_path: Path) -> None:
    for k in range(5):
        write_kept(tmp_path / f"thing-{k}.npz", ARRAYS, {}, most=10)
        os.utime(tmp_path / f"thing-{k}.npz", (1000 + k, 1000 + k))
    write_kept(tmp_path / "other-0.npz", ARRAYS, {}, most=1)
    write_kept(tmp_path / "thing-5.npz", ARRAYS, {}, most=3)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other-0.npz", "thing-3.npz", "thing-4.npz", "thing-5.npz"]


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    write_kept(blocked / "thing-1.npz", ARRAYS, VALUES, most=5)
    assert blocked.read_text(encoding="utf-8") == "in the way"


def test_a_digest_depends_on_content_alone() -> None:
    value: dict[str, Any] = {"x": np.arange(3.0), "y": (1, "a"), "z": shipped()}
    again: dict[str, Any] = {"z": shipped(), "y": (1, "a"), "x": np.arange(3.0)}
    assert content_digest(value) == content_digest(again)
    others = [
        {**value, "x": np.arange(3)},
        {**value, "x": np.arange(3.0).reshape(3, 1)},
        {**value, "y": (1, "b")},
        {**value, "y": ("1", "a")},
        {**value, "z": replace(shipped(), grid_anchor="2007-01-04")},
        {**value, "w": None},
    ]
    assert len({content_digest(one) for one in [value, *others]}) == len(others) + 1


# ---------------------------------------------------------------------------------------------------------------- condor choices


def run(policy: Policy, memo: CondorMemo | None) -> BacktestResult:
    market = synthetic_market(300, stress=True)
    days = market.sessions
    return run_backtest(policy, market, start=int(days[0]), end=int(days[-1]), fee_usd=fee_usd, memo=memo)


def tight() -> Policy:
    """Some entries are refused for their net delta."""
    return replace(shipped(), condor=replace(shipped().condor, max_net_delta=0.001))


def bounded() -> Policy:
    """Entries are held to a spread."""
    return replace(shipped(), limits=replace(shipped().limits, spread=SpreadLimit(sleeves=("condor", "hedge"))))


@pytest.mark.parametrize(
    "policy",
    [shipped(), tight(), replace(shipped(), timing=Timing(fill_at="next_close"))],
    ids=["default", "some refused", "next close"],
)
def test_a_run_on_kept_choices_is_the_run_without_any(tmp_path: Path, policy: Policy) -> None:
    market = synthetic_market(300, stress=True)
    fresh = run(policy, None)
    for turn in ("made", "from disk"):
        memo, note = condor_memo(policy, market, "m", first=0, stop=300, folder=tmp_path)
        assert note == ""
        before = len(memo)
        kept = run(policy, memo)
        assert len(memo) == before, f"{turn}: an entry day was not among the choices"
        np.testing.assert_array_equal(kept.record.equity_hedged_usd, fresh.record.equity_hedged_usd)
        np.testing.assert_array_equal(kept.record.equity_unhedged_usd, fresh.record.equity_unhedged_usd)
        assert condor_digest(kept.lots) == condor_digest(fresh.lots)
        assert kept.refusals == fresh.refusals
    assert len(list(tmp_path.iterdir())) == 1


def test_choices_and_refusals_come_back_from_disk_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market, policy = synthetic_market(300, stress=True), tight()
    made, _ = condor_memo(policy, market, "m", first=0, stop=300, folder=tmp_path)
    kinds = {type(choice) for choice in made.values()}
    assert kinds == {CondorChoice, Refusal}

    def refuse(*_: object) -> CondorChoice:
        raise AssertionError("chosen although it was kept")

    monkeypatch.setattr(condor_cache, "choose_condor", refuse)
    again, _ = condor_memo(policy, market, "m", first=0, stop=300, folder=tmp_path)
    assert again.keys() == made.keys()
    for row, choice in made.items():
        other = again[row]
        if isinstance(choice, Refusal):
            assert other == choice
            continue
        assert isinstance(other, CondorChoice)
        assert (other.row, other.credit_points, other.widest_points) == (choice.row, choice.credit_points, choice.widest_points)
        for part in ("series", "strike", "right"):
            np.testing.assert_array_equal(getattr(other.legs, part), getattr(choice.legs, part))
            assert getattr(other.legs, part).dtype == getattr(choice.legs, part).dtype
        for part in ("bid", "ask", "mid", "tick", "delta", "forward"):
            np.testing.assert_array_equal(getattr(other.quotes, part), getattr(choice.quotes, part))


def test_a_longer_run_adds_the_days_that_the_file_lacks(tmp_path: Path) -> None:
    market = synthetic_market(300, stress=True)
    condor_memo(shipped(), market, "m", first=0, stop=100, folder=tmp_path)
    whole, _ = condor_memo(shipped(), market, "m", first=0, stop=300, folder=tmp_path)
    assert sorted(whole) == entry_rows(shipped(), market, 0, 300)
    kept, _ = condor_memo(shipped(), market, "m", first=0, stop=1, folder=tmp_path)
    assert kept.keys() == whole.keys()


def test_a_damaged_file_of_choices_is_said_and_made_anew(tmp_path: Path) -> None:
    market = synthetic_market(300, stress=True)
    condor_memo(shipped(), market, "m", first=0, stop=60, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    memo, note = condor_memo(shipped(), market, "m", first=0, stop=60, folder=tmp_path)
    assert "damaged" in note
    assert sorted(memo) == entry_rows(shipped(), market, 0, 60)
    assert condor_memo(shipped(), market, "m", first=0, stop=60, folder=tmp_path)[1] == ""


def test_the_key_reads_what_a_choice_reads() -> None:
    base = shipped()
    same = [
        replace(base, name="other"),
        replace(base, condor=replace(base.condor, gate_max_vix=20.0)),
        replace(base, condor=replace(base.condor, exit=CondorExit(dte=14))),
        policy_with((), presence="always"),
        replace(base, limits=replace(base.limits, spread=SpreadLimit())),
    ]
    other = [
        replace(base, condor=replace(base.condor, short_delta=0.2)),
        replace(base, condor=replace(base.condor, target_dte=40)),
        replace(base, costs=replace(base.costs, spx_spread_share_pct=50.0)),
        tight(),
        bounded(),
    ]
    key = condor_key(base, "m")
    assert {condor_key(one, "m") for one in same} == {key}
    assert len({key, condor_key(base, "n"), *(condor_key(one, "m") for one in other)}) == len(other) + 2


def test_without_condors_there_is_nothing_to_choose() -> None:
    policy = replace(shipped(), condor=replace(shipped().condor, enabled=False))
    assert entry_rows(policy, synthetic_market(300, stress=True), 0, 300) == []
