"""``alvh study fit-chains`` on chains whose smile is known, and on files that hold none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.model_chain import spx_chain

from alvh.app.cli import main
from alvh.study.fit_chains import SCHEMA, fit_chains


def skewed(years: float, k: np.ndarray) -> np.ndarray:
    """A smile that every form can follow: 15 % at the money, falling with the strike."""
    x = k / (0.15 * np.sqrt(years))
    return np.asarray(0.15 * (1.0 - 0.12 * x + 0.02 * x * x).clip(0.7, 2.5))


def test_a_known_smile_is_fitted_and_its_indices_computed() -> None:
    seen: list[tuple[int, int]] = []
    found = fit_chains([spx_chain(skewed, half=0.05)], lambda done, of: seen.append((done, of)))
    assert found["schema"] == SCHEMA and seen == [(1, 1)]
    (chain,) = found["chains"]
    assert chain["session"] == "2017-06-02" and chain["underlying"] == "SPX"
    # a variance strip is the mean of squared vols over a wide range of strikes: above the 15 of the money, below the put wing's
    assert 15.0 < chain["indices"]["VIX"] < 20.0 and chain["indices"]["SKEW"] > 105.0
    assert {fit["form"] for fit in chain["fits"]} == {"SSVI", "eSSVI", "hyperbola"}
    for fit in chain["fits"]:
        assert fit["arbitrage"]["free"] and fit["rms_pct"] < 6.0
        assert fit["by_delta"]["ATM"]["mean_abs_vol_points"] < 1.0
    assert [one["forward"] for one in chain["expiries"]] == pytest.approx([2440.0] * len(chain["expiries"]), rel=1e-4)
    assert chain["refused"] == {}


def test_a_chain_that_cannot_be_fitted_is_named_and_the_rest_goes_on() -> None:
    good = spx_chain(skewed, half=0.05)
    none = replace(good, bid=np.full(len(good), np.nan), ask=np.full(len(good), np.nan))
    found = fit_chains([none, good])
    assert found["chains"][0]["fits"] == [] and found["chains"][0]["refused"]["quotes"]
    assert len(found["chains"][1]["fits"]) == 3
    json.dumps(found, allow_nan=False)


def test_a_folder_without_chains_is_data_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert main(["study", "fit-chains", "--chains", str(tmp_path)]) == 4
    shown = capsys.readouterr()
    assert "no chain of SPX" in shown.err and shown.out == ""
