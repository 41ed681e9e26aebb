"""``alvh ablate`` on the embedded sample: document, tables, page, files and errors."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.ablation import policy_with, prepared, rule

from alvh.app.cli import main
from alvh.results.tables import NOTHING
from alvh.study.ablate.document import build_document
from alvh.study.ablate.page import MOST_DATES, picture, render_ablation
from alvh.study.ablate.run import ablate

POLICY = """schema = 1
extends = "alvh-442"
name = "small"

[hedge]
ratio = "by_regime"

[limits.depth]

[[rule]]
name = "skip"
rule_id = "R33"
when = {signal = "vix", above = 20}
then = {kind = "skip_condor_entry"}

[[rule]]
name = "half"
rule_id = "R34"
when = {signal = "vix_to_mean_20", below = 0.9}
then = {kind = "flex_ratio", factor = 0.5}
when_missing = "off"
"""
SPAN = ["--data", "sample", "--from", "2018-01-03", "--to", "2018-06-29", "--repeats", "100"]


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ALVH_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "small.toml"
    path.write_text(POLICY, encoding="utf-8")
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["ablate", *words, "--json", "--quiet"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_document_has_the_published_keys_and_the_backtest_s_figures(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, policy, *SPAN)
    assert found["schema"] == "alvh.ablation/1"
    assert found["data"]["from"] == "2018-01-03" and found["data"]["to"] == "2018-06-29"
    assert [row["name"] for row in found["variants"]] == [
        "fixed schedule",
        "without skip",
        "without half",
        "without limits.depth",
        "with skip",
        "with half",
        "with limits.depth",
    ]
    keys = {
        "name",
        "fired",
        "fired_dates",
        "carry_pct_per_month",
        "max_drawdown",
        "expected_shortfall_95",
        "episodes",
        "difference",
    }
    for row in found["variants"]:
        assert keys | {"not_possible", "with_change", "drawdown_difference"} <= set(row)
        assert ("removed" in row) != ("added" in row)
    assert set(found["not_possible"]) == {"without limits.depth", "with limits.depth"}
    assert main(["backtest", policy, *SPAN[:-2], "--no-price-range", "--json", "--quiet"]) == 0
    straight = json.loads(capsys.readouterr().out)
    assert found["baseline"]["max_drawdown"] == straight["runs"]["hedged"]["max_drawdown"]
    assert found["baseline"]["carry_pct_per_month"] == straight["hedge"]["cost_pct_per_month"]["index_notional"]
    assert found["policy"] == straight["policy"]
    assert found["data"]["sha256"] == straight["data"]["sha256"]
    assert found["prices"]["source"] == "model" and "%" in found["prices"]["error"]


def test_a_second_call_finds_every_run(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, again = answer(capsys, policy, *SPAN), answer(capsys, policy, *SPAN, "--jobs", "1")
    assert first["runs"]["kept"] == 0
    assert again["runs"]["kept"] == again["runs"]["distinct"] == first["runs"]["distinct"]
    for found in (first, again):
        del found["timing"], found["runs"]
    assert first == again


def test_the_seed_is_an_argument(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = answer(capsys, policy, *SPAN), answer(capsys, policy, *SPAN, "--seed", "7")
    assert one["variants"][0]["difference"]["estimate"] == other["variants"][0]["difference"]["estimate"]
    assert one["variants"][0]["difference"]["low"] != other["variants"][0]["difference"]["low"]
    assert other["method"]["seed"] == 7


def test_the_table_and_what_stands_beside_it(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", policy, *SPAN]) == 0
    out, err = capsys.readouterr()
    for part in (
        "All rules and orders together",
        "without half",
        "with skip",
        "95 %",
        "not possible",
        "fixed schedule: no rules",
    ):
        assert part in out
    assert "ablation: 100 % (10 of 10)" in err  # without skip is with half: five runs, five comparisons


def test_files(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    found = answer(capsys, policy, *SPAN, "--out", str(out))
    assert sorted(path.name for path in out.iterdir()) == ["ablation.csv", "ablation.html", "fired.csv", "result.json"]
    assert json.loads((out / "result.json").read_text(encoding="utf-8")) == found
    with (out / "ablation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows] == ["full", *(row["name"] for row in found["variants"])]
    assert float(rows[1]["difference_pct_per_year"]) == found["variants"][0]["difference"]["estimate"]
    assert rows[4]["max_drawdown"] == "" and "no sizes" in rows[4]["not_possible"]
    with (out / "fired.csv").open(encoding="utf-8", newline="") as file:
        fired = list(csv.DictReader(file))
    assert [row["session"] for row in fired if row["variant"] == "with skip"] == found["variants"][4]["fired_dates"]


def test_nothing_to_ablate(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    del policy
    assert main(["ablate", "alvh-442", *SPAN, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Nothing to ablate: alvh-442")
    assert "fixed schedule: the policy as it stands" in out


def test_the_adaptive_preset_is_what_is_taken_apart_by_default(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    del policy
    words = ["--data", "sample", "--from", "2018-01-03", "--to", "2018-02-28", "--repeats", "100"]
    found = answer(capsys, *words)
    assert found["policy"]["name"] == "alvh-adaptive"
    assert len(found["elements"]) > 8


def test_the_range_over_prices(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", "sample", "--from", "2018-01-03", "--to", "2018-02-28", "--repeats", "100"]
    found = answer(capsys, policy, *words, "--price-range")
    row = found["variants"][0]
    ends = row["price_range"]["difference_pct_per_year"]
    assert ends["central"] == pytest.approx(row["difference"]["estimate"])
    assert ends["low"] <= ends["central"] <= ends["high"]
    assert ends["low"] < ends["high"]
    assert row["difference"]["low"] is None  # 40 sessions are too few to resample
    assert any("no interval" in line for line in found["notes"])
    assert main(["ablate", policy, *words, "--price-range", "--quiet"]) == 0
    assert "over the prices' error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["spike-exitt"], 3, "no policy named 'spike-exitt'"),
        (["cboe-put"], 2, "is an overlay"),
        (["alvh-442", "--data", "sample", "--from", "2018-01-06", "--to", "2018-01-07"], 4, "no session"),
        (["alvh-442", "--data", "sample", "--from", "2018-02-01", "--to", "2018-01-01"], 2, "--from"),
        (["alvh-442", "--data", "nowhere-at-all"], 4, "no such folder"),
        (["alvh-442", "--jobs", "0"], 2, "--jobs"),
        (["alvh-442", "--repeats", "3"], 2, "--repeats"),
        (["alvh-442", "--seed", "x"], 2, "no count"),
        (["alvh-442", "gate-only"], 2, "gate-only"),
    ],
)
def test_bad_words(words: list[str], code: int, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", *words, "--quiet"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert part in err and "Next: " in err


def test_a_rule_that_lacks_data_is_named(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(policy).write_text(
        POLICY.replace('when_missing = "off"', "").replace("vix_to_mean_20", "vix9d_to_vix"), encoding="utf-8"
    )
    assert main(["ablate", policy, *SPAN, "--quiet"]) == 4
    err = capsys.readouterr().err
    assert "rule 'half' lacks vix9d_to_vix" in err and "VIX9D_History.csv" in err


# ---------------------------------------------------------------------------------------------------------------------- the page


class Page(HTMLParser):
    """Rows of every table, texts of the scripts, and every address that a browser would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, int] = {}
        self.addresses: list[str] = []
        self.json = ""
        self._table, self._json = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "div" and (found.get("id") or "").startswith("table-"):
            self._table = str(found["id"])
            self.rows[self._table] = -1  # the head
        if tag == "tr" and self._table in self.rows:
            self.rows[self._table] += 1
        self._json = tag == "script" and found.get("id") == "sheet-data"
        self.addresses += [str(found[key]) for key in ("src", "href") if found.get(key) and tag != "a"]

    def handle_data(self, data: str) -> None:
        if self._json:
            self.json += data


def document() -> dict[str, Any]:
    policy = policy_with((rule("<b>&skip", "skip_condor_entry"), rule("often", "rebalance")))
    found = ablate(policy, prepared(), load=prepared, processes=1, repeats=100)
    prices = {"source": "model", "error": "as said", "reference": "none", "range": "not measured"}
    return build_document(found, data={"sessions": 420, "from": "a", "to": "b"}, prices=prices, timing={})


def test_page_holds_every_variant_and_fetches_nothing() -> None:
    found = document()
    text = render_ablation(found, footer=("footer text",))
    page = Page(text)
    assert page.rows["table-variants"] == page.rows["table-periods"] == page.rows["table-episodes"] == 6
    assert page.rows["table-fired"] == 2
    assert page.addresses == ["data:,"]
    assert json.loads(page.json)["document"] == found
    assert "<b>&skip" not in text and "footer text" in text
    assert "prefers-color-scheme: dark" in text
    assert NOTHING in text


def test_page_shows_the_last_dates_of_firing_alone() -> None:
    found = document()
    days = found["baseline"]["fired_dates_by"]["often"]
    assert len(days) > MOST_DATES
    row = render_ablation(found).split('data-testid="table-fired"')[1].split("</tr>")[2]
    cell = re.search(r"<td[^>]*>([^<]*, [^<]*)</td>", row)
    assert "often" in row
    assert cell is not None and cell[1].split(", ") == days[-MOST_DATES:]


def test_picture_has_a_dot_for_each_difference() -> None:
    found = document()
    assert picture(found).count("<circle") == 5 + 1  # fixed, two without, two with, and the legend's
    empty = found | {"variants": []}
    assert picture(empty) == ""
