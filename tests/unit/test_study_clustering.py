"""``alvh study clustering`` on the embedded sample: its figures against statsmodels and arch on the same returns."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from arch import arch_model
from statsmodels.tsa.stattools import acf

from alvh.app.cli import main
from alvh.data.load import load_history


def test_the_sample_clusters_and_the_figures_are_those_of_other_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "clustering", "--data", "sample", "--from", "2015-01-02", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    loaded = load_history("sample", start=date(2015, 1, 2))
    returns = np.diff(np.log(loaded.history.spx_close[loaded.start_row :]))
    theirs = acf(returns**2, nlags=21, fft=False)
    for lag, value in found["squared_returns"]["autocorrelation"].items():
        assert value == pytest.approx(theirs[int(lag)], abs=1e-9)
    assert found["squared_returns"]["p_value"] < 1e-6
    fit = arch_model(100.0 * returns, mean="Constant", vol="GARCH", p=1, q=1).fit(disp="off")
    assert found["garch"]["persistence"] == pytest.approx(fit.params["alpha[1]"] + fit.params["beta[1]"], abs=0.01)
    link = found["spx_vix_correlation"]
    assert link["median"] < -0.6 and 0 <= link["broken_sessions"] <= link["judged_sessions"]


def test_the_table_says_what_it_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "clustering", "--data", "sample", "--from", "2016-01-04", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "GARCH(1,1)" in shown and "rolling correlation" in shown and "broken" in shown
