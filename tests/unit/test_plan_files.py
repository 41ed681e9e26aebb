"""The files of a plan: every order is on the page and in the CSV, nothing of the user's is markup, and files appear whole."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.plan_days import CONDOR, HEAD, HEDGE, book_file, planned

from alvh.app.plan import PlanOutput
from alvh.app.plan_files import COLUMNS, FILES, write_plan
from alvh.core.errors import UsageError
from alvh.results.plan_page import render_plan_page
from alvh.results.plan_views import SOURCES


class Text(HTMLParser):
    """Texts of a page, the tags that were opened, and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def whole(self) -> str:
        return " ".join(self.texts)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A roll day with a condor and three layers held, a lot stranded and a position of the user's own."""
    out = tmp_path_factory.mktemp("plan")
    more = "VIX,2018-02-14,40,C,9,2017-11-01,0.30,stranded,mid\nSPX,2018-03-16,2700,P,3,,,mine,\n"
    planned(out, "--book", book_file(out, HEAD + CONDOR + HEDGE + more), as_of="2018-01-10")
    return out


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def page(folder: Path) -> Text:
    return Text((folder / "plan.html").read_text(encoding="utf-8"))


def test_four_files_and_nothing_else(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "book.csv"])


def test_one_row_a_leg(folder: Path, document: dict[str, Any]) -> None:
    rows = list(csv.DictReader((folder / "plan.csv").read_text(encoding="utf-8").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    wanted = [(row, order, leg) for row in document["rows"] for order in row["orders"] for leg in order["legs"]]
    assert len(rows) == len(wanted) >= 6
    for cells, (row, order, leg) in zip(rows, wanted, strict=True):
        assert (cells["action"], cells["sleeve"], cells["layer"]) == (row["action"], row["sleeve"], row["layer"] or "")
        assert (cells["root"], cells["expiry"], cells["right"]) == (leg["root"], leg["expiry"], leg["right"])
        assert (float(cells["strike"]), int(cells["quantity"])) == (leg["strike"], leg["quantity"])
        assert cells["side"] == ("buy" if leg["quantity"] > 0 else "sell")
        assert (cells["order"], cells["order_side"], cells["price_source"]) == (order["id"], order["side"], "model")
        assert [float(cells[key]) for key in ("limit", "worst", "bid", "mid", "ask")] == [
            order[key] for key in ("limit", "worst", "bid", "mid", "ask")
        ]
        assert (cells["rule"], cells["reason"]) == (row["reason"]["rule"], row["reason"]["text"])
        assert cells["next_roll"] == (row["next_roll"] or "")
    ids = [order["id"] for row in document["rows"] for order in row["orders"]]
    assert ids == [f"2018-01-10-{k:02d}" for k in range(1, len(ids) + 1)]


def test_the_page_shows_every_order_with_a_box_to_tick(page: Text, document: dict[str, Any]) -> None:
    orders = [order for row in document["rows"] for order in row["orders"]]
    boxes = [attrs["aria-label"] for tag, attrs in page.tags if tag == "input" and attrs["type"] == "checkbox"]
    assert boxes == [f"Order {order['id']} is done" for order in orders]
    for order in orders:
        for leg in order["legs"]:
            side = "buy" if leg["quantity"] > 0 else "sell"
            assert f"{side} {abs(leg['quantity'])} {leg['root']} {leg['expiry']} {leg['strike']:g} {leg['right']}" in page.texts
        assert " / ".join(f"{order[key]:.2f}" for key in ("bid", "mid", "ask")) in page.texts
        for key in ("limit", "worst"):
            assert f"{order[key]:.2f}" in page.texts
        assert ", ".join(f"{price:.2f}" for price in order["walk"][1:]) in page.whole
    sources = [attrs for tag, attrs in page.tags if tag == "span" and str(attrs.get("class", "")).startswith("src")]
    assert [attrs["class"] for attrs in sources] == ["src src-model"] * len(orders)
    assert f"{len(orders)} of them priced by the model" in page.whole


def test_the_page_says_all_that_the_document_says(page: Text, document: dict[str, Any]) -> None:
    assert "Nothing is sent." in page.texts
    assert document["policy"]["sha256"][:12] in page.texts
    assert ("code", {"title": document["policy"]["sha256"]}) in page.tags
    assert "Ships with alvh, unchanged" in page.texts
    for row in document["rows"]:
        assert row["reason"]["text"] in page.whole
        assert all(text in page.whole for text in row["would_change"])
        for leg in row["held"]:
            assert f"{leg['root']} {leg['expiry']} {leg['strike']:g} {leg['right']}" in page.texts
    for row in document["inputs"]:
        assert row["name"] in page.texts
    assert "SPX 2018-03-16 2700 P (sleeve 'mine')" in page.texts
    assert "stranded" in page.texts
    assert "Cover and cost" in page.texts
    for side in ("before", "after"):
        assert f"{100 * document['coverage'][side]:.1f} %" in page.texts
        assert f"{100 * document['cost'][side]['of_credit']:.1f} %" in page.texts


def test_the_page_asks_for_nothing(folder: Path, page: Text) -> None:
    text = (folder / "plan.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", text)
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "form", "object", "embed")]
    assert not [attrs for _, attrs in page.tags for name in attrs if name.startswith("on")]
    policies = [attrs["content"] for tag, attrs in page.tags if tag == "meta" and "http-equiv" in attrs]
    assert policies and str(policies[0]).startswith("default-src 'none'")


def test_a_plan_without_orders(tmp_path: Path) -> None:
    document = planned(tmp_path, "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE))
    page = Text((tmp_path / "plan.html").read_text(encoding="utf-8"))
    assert "Nothing to trade at this close." in page.texts
    assert not [tag for tag, _ in page.tags if tag == "input"]
    assert (tmp_path / "plan.csv").read_text(encoding="utf-8") == ",".join(COLUMNS) + "\n"
    assert document["refusals"] == []


def test_names_of_the_user_are_no_markup(document: dict[str, Any]) -> None:
    bad = "<script>alert(1)</script>&\"'"
    changed = json.loads(json.dumps(document))
    changed["policy"]["name"] = bad
    changed |= {"notes": [bad], "left_alone": [bad], "refusals": [{"rule": bad, "text": bad}]}
    changed["rows"][-1] |= {"layer": bad, "sleeve": bad, "would_change": [bad]}
    changed["rows"][-1]["reason"]["text"] = bad
    changed["inputs"][0]["source"] = bad
    changed["rules"] = [{"name": bad, "rule": bad, "action": bad, "holds": None, "when": bad, "signals": {bad: None}}]
    page = Text(render_plan_page(changed))
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert page.whole.count(bad) > 12


@pytest.mark.parametrize(("source", "shown"), SOURCES.items())
def test_every_source_of_a_price_has_its_mark(document: dict[str, Any], source: str, shown: str) -> None:
    changed = json.loads(json.dumps(document))
    for row in changed["rows"]:
        for order in row["orders"]:
            order["price_source"] = source
    page = Text(render_plan_page(changed))
    marks = [attrs["class"] for tag, attrs in page.tags if tag == "span" and str(attrs.get("class", "")).startswith("src")]
    assert set(marks) == {"src" if source in ("quote", "settlement") else "src src-model"}
    assert shown in page.texts
    assert ("priced by the model" in page.whole) == (source in ("model", "mixed"))


def test_a_price_that_is_not_known_is_a_dash(document: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(document))
    order = changed["rows"][-1]["orders"][0] if changed["rows"][-1]["orders"] else changed["rows"][1]["orders"][0]
    order.update(limit=None, worst=None, walk=[], bid=None, mid=None)
    page = Text(render_plan_page(changed))
    assert any(text.startswith("– / – / ") for text in page.texts)


def test_a_future_costs_margin_and_no_premium(tmp_path: Path) -> None:
    planned(tmp_path, "--policy", "vx-futures", as_of="2018-01-03")
    rows = list(csv.DictReader((tmp_path / "plan.csv").read_text(encoding="utf-8").splitlines()))
    future = next(row for row in rows if row["root"] == "VX")
    assert (future["strike"], future["right"], future["price_source"]) == ("", "", "model")
    page = Text((tmp_path / "plan.html").read_text(encoding="utf-8"))
    assert f"buy {future['quantity']} VX {future['expiry']}" in page.texts
    whys = [text for text in page.texts if "first opening (R10)" in text]
    assert len(whys) == 3
    assert not any("before fees" in text for text in whys)


def test_files_appear_whole_or_not_at_all(tmp_path: Path, document: dict[str, Any]) -> None:
    """Where one can't be written the message says so, and what was there before is left."""
    made = PlanOutput(document=document, book_after={"positions": []})
    written = write_plan(made, tmp_path)
    assert [path.name for path in written] == list(FILES)
    before = {path.name: path.read_bytes() for path in written}
    assert write_plan(made, tmp_path) == written
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    blocked = tmp_path / "blocked"
    (blocked / "plan.json").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"plan\.json"):
        write_plan(made, blocked)
    assert not [path.name for path in blocked.iterdir() if path.name.startswith(".")]


def test_a_number_that_json_can_not_say_stops_the_writing(tmp_path: Path, document: dict[str, Any]) -> None:
    made = PlanOutput(document=document | {"coverage": {"before": float("nan"), "after": 0.0}}, book_after={})
    with pytest.raises(ValueError, match="JSON"):
        write_plan(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()
