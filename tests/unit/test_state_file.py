"""What a plan keeps between two closes: the ``state`` of a book file, read back by name and date, refused if it is foreign."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.plan_days import Backtest, adopted, book_file, holding, plan, planned, row_of, traded

from alvh.app.cli import main
from alvh.app.plan_files import write_plan
from alvh.core.days import to_day
from alvh.core.errors import DataInvalid
from alvh.desk.state_file import read_state, state_document
from alvh.engine.book import OpenCondor
from alvh.engine.takeover import BookState
from alvh.strategy.policy_file import load_policy
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory

SESSIONS = np.array([to_day(date(2018, 1, day)) for day in (2, 3, 4, 5, 8, 9, 10)], dtype=np.int64)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))


def full_state() -> tuple[Any, BookState]:
    """Every field away from its default, under a policy of three layers and four rules."""
    policy = load_policy("alvh-adaptive").policy
    rules = len(policy.rules)
    memory = Memory(
        started=(True, False, True),
        active=(True, False, True),
        last_roll=(int(SESSIONS[1]), NOTHING_HELD, int(SESSIONS[5])),
        due_row=(NEVER, NEVER, 4),
        factor=(1.0, 0.5, 2.0),
        monetised=(False, True, False),
        acted_row=tuple((NEVER, 2, NEVER, 5) if k == 0 else (NEVER,) * 4 for k in range(rules)),
        held_row=(NEVER,) * rules,
        episode_row=(NEVER,) * rules,
    )
    condor = OpenCondor(group=-1, lots=3, index_lots=0.3, credit_usd=1234.5, max_loss_usd=13765.5, expiry=17600, opened_index=-1)
    state = BookState(
        memory=memory,
        cash_hedged_usd=987_654.32,
        cash_unhedged_usd=1_000_001.5,
        moneyness=(1.25, None, 1.5),
        break_even_vix=(None, 31.5, None),
        reserve_usd=(0.0, 0.0, 12.5),
        premium_paid=((int(SESSIONS[0]), 420.0), (int(SESSIONS[4]), 77.25)),
        planned=(condor,),
    )
    return policy, state


SPIKE = """
[[hedge.layer]]
name = "front"
roll = {kind = "days_or_trigger", days = 7}

[[rule]]
name = "spike"
rule_id = "R24"
when = {signal = "vix_to_mean_20", above = 1.2}
then = {kind = "roll_innermost"}
"""


def kept(**changes: Any) -> dict[str, Any]:
    policy, state = full_state()
    document: dict[str, Any] = json.loads(json.dumps(state_document(policy, "a" * 64, state, SESSIONS, int(SESSIONS[5]))))
    return document | changes


def test_a_state_comes_back_as_it_was() -> None:
    policy, state = full_state()
    found, session, notes = read_state(kept(), policy, SESSIONS, "book.json")
    assert (found, session, notes) == (state, int(SESSIONS[5]), [])


def test_rows_are_kept_as_dates_so_that_longer_data_change_nothing() -> None:
    policy, state = full_state()
    longer = np.concatenate([SESSIONS[:1] - np.arange(30, 0, -1), SESSIONS])
    found, _, _ = read_state(kept(), policy, longer, "book.json")
    assert found.memory.due_row == (NEVER, NEVER, 34)
    assert found.memory.acted_row[0] == (NEVER, 32, NEVER, 35)
    assert found.memory.last_roll == state.memory.last_roll


def change(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def make(document: dict[str, Any]) -> None:
        at: Any = document
        *path, last = key.split(".")
        for name in path:
            at = at[int(name) if name.isdigit() else name]
        if value is KeyError:
            del at[last]
        else:
            at[last] = value

    return make


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("schema", "alvh.state/9", "alvh.state/1"),
        ("schema", KeyError, "schema = None"),
        ("session", None, "names no session"),
        ("session", "today", "a date 'today'"),
        ("session", "2018", "a date '2018'"),
        ("session", "2018-02-30", "a date '2018-02-30'"),
        ("cash_hedged_usd", "1000", "cash_hedged_usd: a number"),
        ("cash_hedged_usd", True, "cash_hedged_usd: a number"),
        ("cash_unhedged_usd", KeyError, "cash_unhedged_usd"),
        ("layers", {}, "layers: a list"),
        ("layers.0.started", 1, "layers 1"),
        ("layers.1.last_roll", 17532, "last_roll: a date or null"),
        ("layers.2.factor", None, "factor: a number"),
        ("layers.2.name", "front", "names one of its layers twice"),
        ("layers.0", "front", "is no object"),
        ("rules.0.acted", [], "an object of dates"),
        ("rules.0.acted", {"mid": "NaT"}, "a date 'NaT'"),
        ("planned", [{"lots": 1}], "planned 1"),
        ("unfilled", "front", "a list of texts"),
    ],
)
def test_what_alvh_did_not_write_is_refused(key: str, value: Any, said: str) -> None:
    policy, _ = full_state()
    document = kept()
    if key.startswith("layers.0") and key.endswith("0"):
        document["layers"][0] = value
    else:
        change(key, value)(document)
    with pytest.raises(DataInvalid) as caught:
        read_state(document, policy, SESSIONS, "book.json")
    assert said in str(caught.value)
    assert "book.json" in str(caught.value)
    assert "take the state out of the book" in str(caught.value)


def test_layers_and_rules_are_matched_by_name_and_the_rest_is_said() -> None:
    policy, _ = full_state()
    document = kept()
    document["layers"][0]["name"] = "inner"
    document["rules"][0]["name"] = "another"
    state, _, notes = read_state(document, policy, SESSIONS, "book.json")
    assert state.memory.started == (False, False, True)
    assert state.memory.last_roll[0] == NOTHING_HELD
    assert state.memory.acted_row[0] == (NEVER,) * 4
    assert notes == [
        "the state has a layer 'inner' that the policy has not",
        "the state has a rule 'another' that the policy has not",
        "the state knows no layer 'front': it is taken as never opened",
        f"the state knows no rule '{policy.rules[0].name}': it is taken as not having acted yet",
    ]


# --- through the command -------------------------------------------------------------------------------------------------------


def test_a_session_is_decided_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(tmp_path, as_of="2018-01-03")
    capsys.readouterr()
    for as_of in ("2018-01-03", "2018-01-02"):
        assert plan("--book", str(tmp_path / "book-after.json"), as_of=as_of) == 5
        assert "is of 2018-01-03, and the plan of" in capsys.readouterr().err
    assert plan("--book", str(tmp_path / "book-after.json"), as_of="2018-01-04") == 0


def test_a_damaged_state_ends_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(tmp_path, as_of="2018-01-03")
    book = json.loads((tmp_path / "book-after.json").read_text(encoding="utf-8"))
    later, elsewhere = json.loads(json.dumps(book)), json.loads(json.dumps(book))
    later["state"]["schema"] = "alvh.state/2"
    elsewhere["state"]["session"] = "2017-12-31"
    for text, said in (
        (json.dumps(later), "alvh.state/1"),
        (json.dumps(elsewhere), "is of 2017-12-31, which is no session of the data"),
        (json.dumps(book | {"note": 1}), '"state" that a plan wrote'),
        (json.dumps(book)[:-40], "book.json"),
        (json.dumps(book).replace('"cash_hedged_usd"', '"cash_hedged_usd": NaN, "x"'), "NaN"),
    ):
        capsys.readouterr()
        assert plan("--book", book_file(tmp_path, text, "book.json"), as_of="2018-01-04") == 5
        assert said in capsys.readouterr().err


def test_a_state_says_what_was_opened_and_settled_since(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(tmp_path, as_of="2018-01-03")
    book = json.loads((tmp_path / "book-after.json").read_text(encoding="utf-8"))
    for changed, said in (
        ({"root": "VIXW", "expiry": "2018-01-03", "opened": "2017-12-27"}, "it had settled by the close of 2018-01-03"),
        ({"opened": "2018-01-05"}, "opened on 2018-01-05, after 2018-01-04"),
    ):
        wrong = json.loads(json.dumps(book))
        front = next(row for row in wrong["positions"] if row.get("layer") == "front")
        front.update(changed)
        capsys.readouterr()
        assert plan("--book", book_file(tmp_path, json.dumps(wrong), "wrong.json"), as_of="2018-01-04") == 5
        assert said in capsys.readouterr().err


def test_another_policys_state_is_said(tmp_path: Path) -> None:
    planned(tmp_path / "a", as_of="2018-01-03")
    book = str(tmp_path / "a" / "book-after.json")
    policy = adopted(tmp_path, SPIKE)
    document = planned(tmp_path / "b", "--book", book, "--policy", policy, "--equity", "5000")
    assert document["notes"][0].startswith("the state was kept under alvh-442 (")
    assert "the state knows no rule 'spike': it is taken as not having acted yet" in document["notes"]
    assert "--equity is not read: the book's state has its own cash" in document["notes"]
    same = planned(tmp_path / "c", "--book", book)
    assert same["notes"] == []


def test_the_book_of_a_backtest_is_planned_on(tmp_path: Path) -> None:
    """Over the whole sample: a run that begins later knows less of what was before, and its prices differ by a trifle."""
    words = ["backtest", "--data", "sample", "--to", "2018-02-27", "--no-price-range", "-q"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    begun = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))["data"]["from"]
    whole = Backtest("alvh-442", begun, "2018-02-28")
    book = json.loads((tmp_path / "run" / "book.json").read_text(encoding="utf-8"))
    assert holding(book["positions"]) == whole.held["2018-02-27"]
    document = planned(tmp_path / "plan", "--book", str(tmp_path / "run" / "book.json"), as_of="2018-02-28")
    assert traded(document) == whole.traded["2018-02-28"] != {}
    assert document["notes"] == []


def test_a_backtest_that_fills_tomorrow_says_what_is_open(tmp_path: Path) -> None:
    policy = adopted(tmp_path, '[timing]\nfill_at = "next_close"\n')
    words = ["backtest", policy, "--data", "sample", "--from", "2018-01-02", "--to", "2018-01-03", "--no-price-range", "-q"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    document = planned(tmp_path / "plan", "--book", str(tmp_path / "run" / "book.json"), "--policy", policy, as_of="2018-01-04")
    said = next(text for text in document["notes"] if text.startswith("decided before"))
    assert said.endswith("open_condor, roll_layer front, roll_layer mid, roll_layer back")


@pytest.mark.parametrize(
    ("policy", "first", "last"),
    [("alvh-adaptive", "2018-01-24", "2018-04-19"), ("spike-exit", "2018-03-22", "2018-06-18")],
    ids=["a spike", "settlements"],
)
def test_sixty_plans_in_a_row_are_the_backtest(tmp_path: Path, policy: str, first: str, last: str) -> None:
    """Each plan is made on the file that the one before it left; contract by contract, and the book to a millionth of a point."""
    whole = Backtest(policy, first, last)
    assert len(whole.sessions) >= 60
    book: Path | None = None
    acted, settled = 0, 0
    for day in whole.sessions:
        made = whole.plan(day, book)
        book = write_plan(made, tmp_path / day)[-1]
        assert traded(made.document) == whole.traded[day], day
        after = json.loads(book.read_text(encoding="utf-8"))
        assert holding(after["positions"]) == whole.held[day], day
        rows = made.document["rows"]
        acted += sum(row["reason"]["rule"] not in ("R01", "R10", "R36") and bool(row["orders"]) for row in rows)
        settled += len(made.document["settled"])
    assert sum(map(len, whole.traded.values())) > 60
    assert acted > 0 if policy == "alvh-adaptive" else settled > 0


def test_the_command_plans_what_its_parts_plan(tmp_path: Path) -> None:
    """Three closes through the command line, files and all, each on data that end there."""
    whole = Backtest("alvh-adaptive", "2018-02-05", "2018-02-07")
    book: list[str] = []
    for day in whole.sessions:
        document = planned(tmp_path / day, *book, "--policy", "alvh-adaptive", as_of=day)
        assert traded(document) == whole.traded[day], day
        book = ["--book", str(tmp_path / day / "book-after.json")]
    assert len(whole.traded["2018-02-07"]) > 0


def test_the_default_needs_no_state(tmp_path: Path) -> None:
    """Positions alone, as CSV, with what settled in the morning deleted as a person would: the backtest's orders all the same."""
    whole = Backtest("alvh-442", "2018-03-22", "2018-06-18")
    assert len(whole.sessions) >= 60
    columns = ("root", "expiry", "strike", "right", "quantity", "opened", "open_price", "sleeve", "layer")
    book: Path | None = None
    deleted = 0
    for day in whole.sessions:
        made = whole.plan(day, book)
        assert traded(made.document) == whole.traded[day], day
        rows = made.book_after["positions"]
        assert holding(rows) == whole.held[day], day
        following = whole.sessions[min(whole.sessions.index(day) + 1, len(whole.sessions) - 1)]
        alive = [row for row in rows if row["expiry"] > following]
        deleted += len(rows) - len(alive)
        text = "\n".join([",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in alive)])
        book = Path(book_file(tmp_path, text + "\n"))
    assert deleted > 0


def test_the_next_close_changes_nothing_before_it(tmp_path: Path) -> None:
    """A policy that fills at the next close, planned at the last row of the data: nothing seems to be on its last session."""
    policy = adopted(tmp_path, '[timing]\nfill_at = "next_close"\n')
    first = planned(tmp_path / "a", "--policy", policy, as_of="2018-01-03")
    assert any("fills at the next close" in text for text in first["notes"])
    assert [row["action"] for row in first["rows"]] == ["OPEN"] * 4
    second = planned(tmp_path / "b", "--policy", policy, "--book", str(tmp_path / "a" / "book-after.json"))
    assert [row["reason"]["text"] for row in second["rows"] if row["sleeve"] == "hedge"] == [
        f"no roll is due before {day}" for day in ("2018-01-10", "2018-01-17", "2018-02-07")
    ]
    assert row_of(second, "hedge", "front")["next_roll"] == "2018-01-10"
    before = adopted(
        tmp_path,
        '[[hedge.layer]]\nname = "front"\nroll = {kind = "sessions_before_expiry", sessions = 3}\n',
        name="before.toml",
    )
    planned(tmp_path / "c", "--policy", before, as_of="2018-01-03")
    for day, action in (("2018-01-04", "HOLD"), ("2018-01-11", "ROLL")):  # VIX 17 January last trades on Tuesday the 16th
        out = tmp_path / f"d{day}"
        document = planned(out, "--policy", before, "--book", str(tmp_path / "c" / "book-after.json"), as_of=day)
        assert row_of(document, "hedge", "front")["action"] == action


def test_a_state_without_its_policy_is_still_read() -> None:
    policy, state = full_state()
    document = kept()
    del document["policy"]
    assert read_state(document, policy, SESSIONS, "book.json")[0] == replace(state)
