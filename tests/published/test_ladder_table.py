"""The published ladder and condor tables (methods.md 8.2) from our own pricing kernels; shown in docs/reference/ladder-table.md.

Prices are printed to the dollar, decay to 0.01 %, call prices to the cent: half a printed unit is allowed beside the relative
bound, 1 % at the printed strikes and 2 % at our own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers import ladder as table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "ladder-table.md"
LADDERS = list(table.LADDER_TABLE)
CONDORS = list(table.CONDOR_TABLE)
HALF_UNIT = (0.5, 0.005, 0.5, 0.5)


def _figures(row: table.LadderRow) -> tuple[float, ...]:
    return row.premium_usd, row.decay30_pct, row.futures_delta_usd, row.vix_delta_usd


def _condor_figures(row: table.CondorRow) -> tuple[float, ...]:
    return row.credit_usd, row.net_vega_usd, row.short_vega_usd, row.max_loss_usd


@pytest.mark.parametrize(("delta", "vix"), LADDERS)
def test_ladder_at_the_published_strikes(delta: int, vix: int) -> None:
    """The strikes found by discounted delta reproduce every cell to its last printed digit."""
    row = table.ladder(vix, delta, "published")
    for found, printed, half in zip(_figures(row), table.LADDER_TABLE[delta, vix], HALF_UNIT, strict=True):
        assert found == pytest.approx(printed, rel=1e-5, abs=half)
    printed_calls = table.PRINTED_CALLS.get((delta, vix))
    if printed_calls is not None:
        assert row.strikes == printed_calls[0]
        assert row.prices == pytest.approx(printed_calls[1], abs=0.005)


@pytest.mark.parametrize(("delta", "vix"), LADDERS)
def test_ladder_at_our_own_strikes(delta: int, vix: int) -> None:
    """Forward delta, as the product selects: each strike within one step, each figure within 2 %."""
    row = table.ladder(vix, delta, "forward")
    for ours, theirs in zip(row.strikes, table.ladder(vix, delta, "published").strikes, strict=True):
        assert abs(ours - theirs) <= 0.5
    for found, printed, half in zip(_figures(row), table.LADDER_TABLE[delta, vix], HALF_UNIT, strict=True):
        assert abs(found - printed) <= 0.02 * abs(printed) + half


@pytest.mark.parametrize(("delta", "vix"), list(table.PRINTED_CALLS))
def test_calls_at_the_printed_strikes(delta: int, vix: int) -> None:
    strikes, prices = table.PRINTED_CALLS[delta, vix]
    row = table.ladder_at(vix, strikes)
    assert row.premium_usd == pytest.approx(table.LADDER_TABLE[delta, vix][0], rel=0.01)
    assert row.prices == pytest.approx(prices, abs=0.005)


@pytest.mark.parametrize(("vix", "wing"), CONDORS)
def test_condor_at_the_published_strikes(vix: int, wing: float | None) -> None:
    """Strikes found by spot delta are the printed ones and reproduce every figure to the dollar."""
    strikes, *printed = table.CONDOR_TABLE[vix, wing]
    row = table.condor(vix, wing, "published")
    if strikes is not None:
        assert row.strikes == strikes
    assert _condor_figures(row) == pytest.approx(printed, abs=0.55)


@pytest.mark.parametrize(("vix", "wing"), CONDORS)
def test_condor_at_our_own_strikes(vix: int, wing: float | None) -> None:
    _, *printed = table.CONDOR_TABLE[vix, wing]
    row = table.condor(vix, wing, "forward")
    for ours, theirs in zip(row.strikes, table.condor_strikes(vix, wing, "published"), strict=True):
        assert abs(ours - theirs) <= 5.0
    for found, wanted in zip(_condor_figures(row), printed, strict=True):
        assert abs(found - wanted) <= 0.02 * abs(wanted) + 0.5


def page_tables() -> str:
    """The two tables of the page, recomputed."""
    lines = [
        "| delta | VIX | strikes 30/60/90 d | premium | printed | decay30 % | printed | futures delta | printed |"
        " beta delta | printed | own strikes | premium | difference |",
        "|" + "---|" * 14,
    ]
    for delta, vix in LADDERS:
        row, own = table.ladder(vix, delta, "published"), table.ladder(vix, delta, "forward")
        printed = table.LADDER_TABLE[delta, vix]
        marks = [f"{a:g}" + (f" ({b - a:+g})" if a != b else "") for a, b in zip(row.strikes, own.strikes, strict=True)]
        cells = [
            f"{delta}", f"{vix}", " / ".join(f"{strike:g}" for strike in row.strikes),
            f"{row.premium_usd:.1f}", f"{printed[0]}", f"{row.decay30_pct:.3f}", f"{printed[1]:.2f}",
            f"{row.futures_delta_usd:.1f}", f"{printed[2]}", f"{row.vix_delta_usd:.1f}", f"{printed[3]}",
            " / ".join(marks), f"{own.premium_usd:.1f}", f"{100.0 * (own.premium_usd / printed[0] - 1.0):+.2f} %",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "| VIX | wings | strikes | credit | printed | net vega | printed | short-leg vega | printed | max loss | printed |"
        " own strikes | credit | difference |",
        "|" + "---|" * 14,
    ]
    for vix, wing in CONDORS:
        _, *printed_row = table.CONDOR_TABLE[vix, wing]
        found, mine = table.condor(vix, wing, "published"), table.condor(vix, wing, "forward")
        pairs = [
            text
            for value, wanted in zip(_condor_figures(found), printed_row, strict=True)
            for text in (f"{value:,.1f}", f"{wanted:,}")
        ]
        same = mine.strikes == found.strikes
        cells = [
            f"{vix}", "16/5" if wing is None else f"{wing:g} points", "/".join(f"{strike:g}" for strike in found.strikes),
            *pairs, "same" if same else "/".join(f"{strike:g}" for strike in mine.strikes), f"{mine.credit_usd:,.1f}",
            f"{100.0 * (mine.credit_usd / printed_row[0] - 1.0):+.2f} %",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def test_the_page_shows_these_figures() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for line in page_tables().splitlines():
        assert line in text, "docs/reference/ladder-table.md is not what tests/published/test_ladder_table.py computes"
