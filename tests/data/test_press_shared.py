"""The presses and the displays of the market history beside the repository: the pages' figures are those that are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alvh.app.wiring import VIX_OPTIONS_START, load_market
from alvh.core.days import to_day
from alvh.core.fees import fee_usd
from alvh.data.load import load_history
from alvh.engine.backtest import run_backtest
from alvh.results.attribution import attribute
from alvh.results.drawdown_lengths import by_drawdown_length
from alvh.strategy.policy_file import load_policy
from alvh.study.press import press_document

ROOT = Path(__file__).resolve().parents[2]
MARKET = ROOT / "../shared/market"
EXPLANATION = ROOT / "docs/explanation"
END = date(2026, 7, 22)

pytestmark = pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market history at {MARKET}")


@pytest.fixture(scope="module")
def document() -> Iterator[dict[str, Any]]:
    loaded = load_history(MARKET, end=END)
    yield press_document(loaded.history, loaded.start_row)


def text_of(name: str) -> str:
    """A page with its lines joined."""
    return " ".join((EXPLANATION / name).read_text(encoding="utf-8").split())


def signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def test_the_page_holds_the_counts(document: dict[str, Any]) -> None:
    page = text_of("press.md")
    assert (document["from"], document["to"], document["sessions"]) == ("1990-01-02", "2026-07-22", 9205)
    names = {"spike_reversion": "`spike_reversion`", "fomc": "`fomc`", "topping (nyse)": "`topping` (NYSE breadth)"}
    for reading in document["readings"]:
        if reading["press"] not in names:
            continue
        told, press = reading["told_expansion"], reading["told_press"]
        cells = [
            names[reading["press"]], str(told["told"]), f"{told['hit_rate']:.0%}".replace("%", " %"),
            f"{told['hit_rate_from_told']:.0%}".replace("%", " %"), str(told["false_alarms"]), str(press["told"]),
            f"{press['hit_rate']:.0%}".replace("%", " %"),
        ]  # fmt: skip
        assert f"| {' | '.join(cells)} |" in page
    plain = document["readings"][0]
    assert f"VIX had {plain['spikes']} spikes, and {len(plain['events'])} of them gave back half" in page
    days = plain["told_expansion"]["false_alarm_sessions"]
    assert f"{', '.join(days[:-1])} and {days[-1]}." in page


def test_the_page_holds_what_came_next(document: dict[str, Any]) -> None:
    page = text_of("press.md")
    rows = [*document["base"], *document["readings"][0]["after"][:4]]
    names = [
        "every session", "every session with VIX at 1.2 times its mean", "expansion told", "press told", "normalising told",
        "*ex post*: the event's beginning",
    ]  # fmt: skip
    for name, row in zip(names, rows, strict=True):
        month = row["next"][-1]
        spx, error = 100.0 * month["spx_return_mean"], 100.0 * month["spx_return_error"]
        cells = [
            name, f"{month['cases']:,}", f"{signed(month['vix_change_points_mean'])} ({month['vix_change_points_error']:.2f})",
            f"{100.0 * month['vix_lower_share']:.0f} %", f"{signed(spx)} ({error:.2f})",
        ]  # fmt: skip
        assert f"| {' | '.join(cells)} |" in page


def test_the_base_rate_by_pandas(document: dict[str, Any]) -> None:
    """The close of VIX 21 sessions on, over all sessions, straight from Cboe's file of closes."""
    frame = pd.read_csv(MARKET / "cboe/VIX_History.csv")
    days = pd.to_datetime(frame["DATE"])
    vix = frame.loc[(days >= "1990-01-02") & (days <= END.isoformat()), "CLOSE"].to_numpy(dtype=float)
    change = vix[21:] - vix[:-21]
    month = document["base"][0]["next"][-1]
    assert month["vix_change_points_mean"] == pytest.approx(change.mean(), abs=2e-3)  # the file has rows on closed days
    assert month["vix_lower_share"] == pytest.approx(np.mean(change < 0.0), abs=2e-3)


def test_the_back_layer_by_drawdown_length() -> None:
    loaded = load_market(MARKET, load_policy("alvh-442").policy, end=END)
    first = max(int(loaded.market.sessions[loaded.loaded.start_row]), VIX_OPTIONS_START)
    result = run_backtest(load_policy("alvh-442").policy, loaded.market, start=first, end=to_day(END), fee_usd=fee_usd)
    page = text_of("displays.md")
    for row in by_drawdown_length(result, attribute(result)):
        span = (
            f"{row['from_sessions']} and more" if row["to_sessions"] is None else f"{row['from_sessions']}-{row['to_sessions']}"
        )
        sleeves = row["sleeves"]
        amounts = [row["unhedged_usd"], *(sleeves[name]["pnl_usd"] for name in ("condor", "front", "mid", "back"))]
        numbers = [f"{value:,.0f}".replace("-", "\N{MINUS SIGN}") for value in amounts]
        mean = f"{sleeves['back']['mean_usd_per_session']:.1f}".replace("-", "\N{MINUS SIGN}")
        assert f"| {span} | {row['sessions']:,} | {' | '.join(numbers)} | {mean} |" in page
