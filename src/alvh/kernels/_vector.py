"""Branch-free exp, log and erfcx for loops that must run in vector registers.

numba's wheels carry no vector maths library, so ``math.exp`` in a loop stays a scalar call. These are plain polynomials and bit
operations, which the compiler turns into vector code by itself. The tables come from ``tests/reference/fit_coefficients.py``
(Chebyshev interpolation in 50-digit arithmetic), which also states their errors.
"""

from __future__ import annotations

import math

import numpy as np

from alvh.kernels._jit import bits_of, double_of, fma, inline, strict

# Adding 1.5 * 2**52 to a small whole number leaves that number in the low bits of the sum (Hacker's Delight, 2nd ed., ch. 17).
ROUNDING_SHIFT = 6755399441055744.0
EXPONENT_BIAS = 1023
MANTISSA_BITS = 52
HALF_EXPONENT = 1 << 51
# ln 2 in two parts, the first with trailing zeros, so that k * LN2_HIGH is exact (Cody and Waite 1980; the parts of fdlibm).
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
LOG2_E = math.log2(math.e)
SQRT_HALF = math.sqrt(0.5)
BITS_OF_ONE = 0x3FF0000000000000

# Map of erfcx to a polynomial, after Shepherd and Laframboise (1981); see the fitting script.
ERFCX_MAP = 3.97886080735226

EXP_2, EXP_3, EXP_4, EXP_5, EXP_6, EXP_7, EXP_8, EXP_9, EXP_10, EXP_11 = (
    0.5000000000000019,
    0.1666666666666668,
    0.0416666666664881,
    0.008333333333319601,
    0.0013888888952314775,
    0.00019841269890047113,
    2.4801485482328494e-05,
    2.755724091857897e-06,
    2.763263963904103e-07,
    2.5110037605963777e-08,
)
LOG_0, LOG_1, LOG_2, LOG_3, LOG_4, LOG_5, LOG_6, LOG_7 = (
    0.3333333333333333,
    0.200000000000039,
    0.14285714283669596,
    0.11111111518903621,
    0.09090869227361513,
    0.07694417338900958,
    0.0660518024256631,
    0.06802007853562039,
)
ERFCX_TERMS = (
    0.2753747415973768,
    0.49016508058531844,
    0.774368199119544,
    1.0792551515585669,
    1.313146538309367,
    1.370402176823366,
    1.1890298291463814,
    0.8052764087535079,
    0.3575242727400339,
    0.01662079248434189,
    -0.11946392816986141,
    -0.08388645554201739,
    0.002493303202479489,
    0.03909768327610669,
    0.016134281136307868,
    -0.013382357953333522,
    -0.012735539929613094,
    0.003833331021663721,
    0.0077758563364870815,
    -0.0008707442895920193,
    -0.004029625222924523,
    0.00011928752576281692,
    0.001318847810209891,
)


@inline
def vexp(x):
    """``exp(x)`` for |x| <= 700, relative error below 3e-16."""
    n = np.rint(x * LOG2_E)
    r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x))
    p = fma(EXP_11, r, EXP_10)
    p = fma(p, r, EXP_9)
    p = fma(p, r, EXP_8)
    p = fma(p, r, EXP_7)
    p = fma(p, r, EXP_6)
    p = fma(p, r, EXP_5)
    p = fma(p, r, EXP_4)
    p = fma(p, r, EXP_3)
    p = fma(p, r, EXP_2)
    p = fma(p, r, 1.0)
    p = fma(p, r, 1.0)
    return p * double_of((bits_of(n + ROUNDING_SHIFT) + EXPONENT_BIAS) << MANTISSA_BITS)


@inline
def vlog_ratio(a, b):
    """``ln(a / b)`` of positive normal doubles, without the quotient: near-equal arguments keep all their digits."""
    bits = bits_of(a)
    k = (bits - bits_of(b) + HALF_EXPONENT) >> MANTISSA_BITS
    a = double_of(bits - (k << MANTISSA_BITS))  # now a / b lies within [2/3, 3/2]
    f = (a - b) / (a + b)
    z = f * f
    p = fma(LOG_7, z, LOG_6)
    p = fma(p, z, LOG_5)
    p = fma(p, z, LOG_4)
    p = fma(p, z, LOG_3)
    p = fma(p, z, LOG_2)
    p = fma(p, z, LOG_1)
    p = fma(p, z, LOG_0)
    n = float(k)
    return fma(n, LN2_HIGH, fma(n, LN2_LOW, 2.0 * fma(f * z, p, f)))


@inline
def vlog(x):
    """``ln(x)`` of a positive normal double, absolute error below 3e-16 near 1, relative elsewhere."""
    return vlog_ratio(x, 1.0)


@inline
def verfcx(x):
    """``exp(x^2) erfc(x)`` for x >= 0, relative error below 1e-15."""
    t = ERFCX_MAP / (x + ERFCX_MAP)
    u = t - 0.5
    p = fma(ERFCX_TERMS[22], u, ERFCX_TERMS[21])
    p = fma(p, u, ERFCX_TERMS[20])
    p = fma(p, u, ERFCX_TERMS[19])
    p = fma(p, u, ERFCX_TERMS[18])
    p = fma(p, u, ERFCX_TERMS[17])
    p = fma(p, u, ERFCX_TERMS[16])
    p = fma(p, u, ERFCX_TERMS[15])
    p = fma(p, u, ERFCX_TERMS[14])
    p = fma(p, u, ERFCX_TERMS[13])
    p = fma(p, u, ERFCX_TERMS[12])
    p = fma(p, u, ERFCX_TERMS[11])
    p = fma(p, u, ERFCX_TERMS[10])
    p = fma(p, u, ERFCX_TERMS[9])
    p = fma(p, u, ERFCX_TERMS[8])
    p = fma(p, u, ERFCX_TERMS[7])
    p = fma(p, u, ERFCX_TERMS[6])
    p = fma(p, u, ERFCX_TERMS[5])
    p = fma(p, u, ERFCX_TERMS[4])
    p = fma(p, u, ERFCX_TERMS[3])
    p = fma(p, u, ERFCX_TERMS[2])
    p = fma(p, u, ERFCX_TERMS[1])
    p = fma(p, u, ERFCX_TERMS[0])
    return p * t


@inline
def erfcx_pair(money, s):
    """What a Black price needs of x = money / s and t = s / 2: (1/s, (x - t) / sqrt(2), erfcx of its size, erfcx of the sum's).

    The divisions are left apart: with them combined into one, a price was no faster and lost a digit in the wings.
    """
    inverse = 1.0 / s
    x = money * inverse
    t = 0.5 * s
    near = (x - t) * SQRT_HALF
    return inverse, near, verfcx(abs(near)), verfcx((x + t) * SQRT_HALF)


@strict
def is_finite(x):
    """Whether ``x`` is neither NaN nor infinite; a test that stays in force inside fast-math loops."""
    return x - x == 0.0


@strict
def value_if(ok, value):
    """``value`` where ``ok``, else NaN."""
    return value if ok else math.nan
