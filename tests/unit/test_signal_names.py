"""Names of signals: what a name holds, ranges, and refusals that say what is allowed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.helpers.history import make_history, with_signal_inputs

from alvh.core.errors import ConfigError
from alvh.market.signals import FAMILIES, compute_signals, find_signal, missing_input, signals_table_markdown


@pytest.mark.parametrize(
    ("name", "formula", "warm_up", "inputs"),
    [
        ("vix_rsi_9", "Wilder RSI(9) of VIX close", 9, ("vix_close",)),
        ("spx_rsi_14_cross_below_30", "spx_rsi_14 below 30, and not below it at the session before", 15, ("spx_close",)),
        ("vix_to_mean_50", "VIX close / mean of the last 50 closes, this one included", 49, ("vix_close",)),
        ("vx_slope_2_5", "VX5 / VX2 - 1", 0, ("vx",)),
        ("net_advances_per_1000_sp500", "1000 (advances - declines)", 0, ("breadth.sp500",)),
        ("sessions_to_ecb", "sessions to the next day of the list ecb", 0, ("events.ecb",)),
        ("press_topping_synthetic_calm", "topping_synthetic at 1", 251, ("vix_close", "spx_close", "breadth.synthetic")),
        ("curve_2s10s_change_5_z", "curve_2s10s_change_5_bp / sample", 256, ("yields.dgs2", "yields.dgs10")),
    ],
)
def test_a_name_becomes_a_signal(name: str, formula: str, warm_up: int, inputs: tuple[str, ...]) -> None:
    signal = find_signal(name)
    assert signal.name == name and formula in signal.formula
    assert (signal.warm_up_sessions, signal.source_inputs) == (warm_up, inputs)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("vix_rsi14", "vix_rsi_14"),
        ("vix_rsi_014", "vix_rsi_14"),
        ("net_advances_per_1000", "net_advances_per_1000_nyse"),
        ("vix_macd_cross_upp", "vix_macd_cross_up"),
        ("topping", "topping_nyse"),
        ("press_expansions", "press_expansion"),
        ("VIX", "see docs/reference/signals.md"),
        ("", "see docs/reference/signals.md"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=nearest) as caught:
        find_signal(name, where="my.toml, key rule[1].when.signal")
    assert "vix_rsi_{n}_cross_{level}" in caught.value.allowed
    assert caught.value.where == "my.toml, key rule[1].when.signal" and caught.value.exit_code == 3
    with pytest.raises(ConfigError):
        compute_signals(make_history(5), ["vix", name])


@pytest.mark.parametrize(
    ("name", "what", "allowed"),
    [
        ("vix_rsi_1", "n is 1", "vix_rsi_{n} with n from 2 to 100"),
        ("vix_rsi_101", "n is 101", "n from 2 to 100"),
        ("vix_rsi_14_cross_100", "level is 100", "level from 1 to 99"),
        ("vix_to_mean_253", "n is 253", "n from 2 to 252"),
        ("vx_slope_2_2", "a is 2 and b is 2", "a below b"),
        ("vx_slope_4_1", "b is 1", "b from 2 to 9"),
        ("curve_3m10y_change_61_z", "n is 61", "n from 1 to 60"),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(name: str, what: str, allowed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_signal(name)
    assert what in caught.value.what and allowed in caught.value.allowed


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("vix", None),
        ("ad_divergence_60_nasdaq", "breadth/NASDAQ_advn.csv and breadth/NASDAQ_decln.csv"),
        ("sessions_to_fomc", "calendar/fomc_dates.csv: one column 'date'"),
        ("cpi_zscore", "revised series by reference month, such as CPIAUCSL and PPIFIS, must never be used"),
        ("gdp_surprise", "GDP_first_release.csv: a column 'consensus'"),
        ("curve_2s10s_bp", "rates/DGS2.csv"),
        ("fx_zscore", "release_date,value"),
        ("cpi_release_move", "calendar/cpi_dates.csv"),
        ("press_fomc_press", "calendar/fomc_dates.csv"),
    ],
)
def test_what_a_signal_waits_for_is_named(name: str, wanted: str | None) -> None:
    found = missing_input(make_history(30), name)
    assert found is None if wanted is None else found is not None and wanted in found
    if wanted is not None and "nasdaq" not in name:
        assert missing_input(with_signal_inputs(make_history(30)), name) is None
        assert np.isnan(find_signal(name).compute(make_history(30))).all()


def test_the_page_has_a_row_for_every_family_and_no_broken_cell() -> None:
    page = signals_table_markdown()
    for family in FAMILIES:
        assert sum(line.startswith(f"| `{family.form}` |") for line in page.splitlines()) == 1, family.form
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(FAMILIES)
    assert {line.replace("\\|", "").count("|") for line in rows} == {9}
    assert "| n - 1 |" in page and "| n + 1 |" in page and "| n + 251 |" in page
