"""Prices and Greeks: accuracy, limits, domain, shapes, threads."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from alvh.kernels import _arrays
from alvh.kernels.black import black_greeks, black_greeks_one, black_price, black_price_into, black_price_one

BASE = {"forward": 6000.0, "strike": 5700.0, "year_fraction": 0.1, "discount": 0.99, "vol": 0.2, "right": 1.0}


def sample(n: int, *, seed: int, z_max: float = 5.0, low: float = 0.005, high: float = 1.0) -> tuple[np.ndarray, ...]:
    """Random options of total deviation ``low`` to ``high``, strikes within ``z_max`` deviations of the forward."""
    rng = np.random.default_rng(seed)
    forward = np.exp(rng.uniform(np.log(10.0), np.log(7000.0), n))
    time = np.exp(rng.uniform(np.log(1.0 / 365.0), np.log(2.0), n))
    deviation = np.exp(rng.uniform(np.log(low), np.log(high), n))
    strike = forward * np.exp(rng.uniform(-z_max, z_max, n) * deviation)
    right = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    return forward, strike, time, np.exp(-0.05 * time), deviation / np.sqrt(time), right


@pytest.mark.parametrize(("z_max", "low", "high"), [(5.0, 0.005, 1.0), (12.0, 0.001, 3.0), (1e-6, 0.005, 1.0)])
def test_price_error_is_below_1e_14_of_the_forward(z_max: float, low: float, high: float) -> None:
    exact = pytest.importorskip("tests.reference.exact", reason="needs mpmath")
    options = sample(200, seed=4, z_max=z_max, low=low, high=high)
    prices = black_price(*options)
    for price, *option in zip(prices, *options, strict=True):
        error = exact.price(*map(float, option)) - float(price)
        # A price above the forward (a put far in the money) is exact to its own rounding.
        assert abs(float(error)) < 1e-14 * max(option[0], price)


def test_zero_time_or_vol_is_discounted_intrinsic_value() -> None:
    strikes = np.array([5000.0, 6000.0, 7000.0])
    for right in (1.0, -1.0):
        intrinsic = 0.99 * np.maximum(right * (6000.0 - strikes), 0.0)
        for time, vol in ((0.0, 0.2), (0.1, 0.0), (0.0, 0.0)):
            price, delta, gamma, vega, theta = black_greeks(6000.0, strikes, time, 0.99, vol, right)
            np.testing.assert_array_equal(price, intrinsic)
            np.testing.assert_array_equal(black_price(6000.0, strikes, time, 0.99, vol, right), intrinsic)
            np.testing.assert_array_equal(delta, right * np.where(right * (6000.0 - strikes) > 0, 1.0, [0.0, 0.5, 0.0]))
            assert not gamma.any() and not vega.any()
            interest = 0.0 if time == 0.0 else -math.log(0.99) / time
            np.testing.assert_allclose(theta, interest * intrinsic, rtol=1e-14)


@pytest.mark.parametrize("name", BASE)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -2.0])
def test_outside_its_domain_an_item_is_nan_and_its_neighbours_are_not(name: str, bad: float) -> None:
    arguments = {key: np.full(37, value) for key, value in BASE.items()}
    arguments[name][5::3] = bad
    wrong = ~np.isfinite(arguments[name]) | (arguments[name] < -1.0)
    for array in (black_price(**arguments), *black_greeks(**arguments)):
        np.testing.assert_array_equal(np.isnan(array), wrong)


@pytest.mark.parametrize(
    ("name", "value"), [("forward", 0.0), ("strike", 0.0), ("discount", 0.0), ("right", 0.0), ("right", 0.5)]
)
def test_zero_where_no_zero_may_be_gives_nan(name: str, value: float) -> None:
    assert np.isnan(black_price(**(BASE | {name: value})))


def test_extreme_inputs_stay_between_the_bounds() -> None:
    strikes = np.geomspace(1e-6, 1e9, 200)
    for vol in (1e-9, 0.2, 40.0):
        calls = black_price(100.0, strikes, 1.0, 1.0, vol, 1.0)
        assert (calls >= np.maximum(100.0 - strikes, 0.0)).all() and (calls <= 100.0).all()


def test_scalars_broadcast_and_grids() -> None:
    assert black_price(**BASE).shape == ()
    assert float(black_price(**BASE)) == black_price_one(*BASE.values()) == float(black_greeks(**BASE)[0])
    assert [float(x) for x in black_greeks(**BASE)] == list(black_greeks_one(*BASE.values()))
    grid = black_price(**(BASE | {"strike": np.array([[5700.0], [5800.0]]), "vol": [0.1, 0.2, 0.3]}))
    assert grid.shape == (2, 3) and grid[0, 1] == float(black_price(**BASE))
    every_other = np.repeat([5700.0, 1.0], 4)[::2]
    assert black_price(**(BASE | {"strike": every_other}))[0] == grid[0, 1]
    assert black_price(**(BASE | {"strike": []})).shape == (0,)


def test_out_is_filled_and_returned() -> None:
    out = np.empty(3)
    assert black_price(**(BASE | {"strike": [5600.0, 5700.0, 5800.0]}), out=out) is out
    assert out[1] == float(black_price(**BASE))
    rows = np.empty((5, 3))
    price, *_, theta = black_greeks(**(BASE | {"strike": [5600.0, 5700.0, 5800.0]}), out=rows)
    np.testing.assert_array_equal(price, out)
    assert np.shares_memory(price, rows) and np.shares_memory(theta, rows[4])


@pytest.mark.parametrize(
    "out", [np.empty(2), np.empty(3, dtype=np.float32), np.empty(6)[::2], [1.0, 2.0, 3.0], np.broadcast_to(0.0, (3,))]
)
def test_out_that_does_not_fit_is_refused(out: object) -> None:
    with pytest.raises(ValueError, match=r"(?s)out is .*Allowed"):
        black_price(**(BASE | {"strike": [5600.0, 5700.0, 5800.0]}), out=out)


def test_read_only_out_is_refused() -> None:
    out = np.empty(3)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        black_price(**(BASE | {"strike": [5600.0, 5700.0, 5800.0]}), out=out)


def test_out_that_is_an_argument_is_refused() -> None:
    strikes = np.array([5600.0, 5700.0, 5800.0])
    with pytest.raises(ValueError, match="shares memory"):
        black_price(**(BASE | {"strike": strikes}), out=strikes)


def test_shapes_that_do_not_broadcast_are_named() -> None:
    with pytest.raises(ValueError, match=r"strike \(2,\).*vol \(3,\)"):
        black_price(**(BASE | {"strike": [1.0, 2.0], "vol": [0.1, 0.2, 0.3]}))


def test_thread_count_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="threads is 0"):
        black_price(**BASE, threads=0)


def test_same_bits_for_any_number_of_threads_and_any_place_in_the_array() -> None:
    options = sample(_arrays.PARALLEL_FROM + 777, seed=5)
    one = black_price(*options, threads=1)
    for threads in (2, 3, None):
        np.testing.assert_array_equal(black_price(*options, threads=threads), one)
    greeks = black_greeks(*options, threads=1)
    for first, second in zip(greeks, black_greeks(*options, threads=2), strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(greeks[0], one)
    alone = [float(black_price(*(array[i] for array in options))) for i in range(200)]
    np.testing.assert_array_equal(one[:200], alone)


def test_raw_kernel_takes_preallocated_arrays() -> None:
    out = np.empty(4)
    black_price_into(*(np.full(4, value) for value in BASE.values()), out)
    assert (out == float(black_price(**BASE))).all()


def test_without_the_compiler_the_numbers_are_the_same() -> None:
    program = (
        "import numpy as np\n"
        "from alvh.kernels import _jit\n"
        "from alvh.kernels.black import black_greeks, black_price_into\n"
        "from alvh.kernels.implied import implied_vol\n"
        "from alvh.kernels.strike import strike_for_delta\n"
        "k = np.array([4000.0, 5700.0, 6000.0, 6300.0, np.nan])\n"
        "w = np.where(k < 6000.0, -1.0, 1.0)\n"
        "g = black_greeks(6000.0, k, 0.1, 0.99, 0.2, w)\n"
        "v = implied_vol(g[0], 6000.0, k, 0.1, 0.99, w)\n"
        "s = strike_for_delta(6000.0, 0.1, 0.2, [0.05, 0.16, 0.5, 0.84, 2.0], w)\n"
        "print(_jit.JIT, hasattr(black_price_into, 'py_func'))\n"
        "print(*(repr(float(x)) for x in np.concatenate([*g, v, s])))\n"
    )
    rows = {}
    for switch in ("0", "1"):
        environment = {**os.environ, "ALVH_JIT": switch, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        state, numbers = done.stdout.splitlines()
        assert state == ("False False" if switch == "0" else "True True")
        rows[switch] = np.array([float(x) for x in numbers.split()])
    assert np.isnan(rows["0"][4]) and np.isfinite(rows["0"]).sum() == 28
    # fma rounds once where Python rounds twice: a few units in the last place, more where a difference of near values is left.
    np.testing.assert_allclose(rows["0"], rows["1"], rtol=2e-13)
