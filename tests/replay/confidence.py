# SPDX-License-Identifier: MIT
"""Confidence intervals for shares and rates, without anything but the standard library."""
import math

Z = 1.959964  # of the normal distribution, 95 % two-sided


def wilson(hits, n):
    """Of a share (E. B. Wilson, JASA 1927): right also near 0 and 1, where n * p is small."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = hits / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _at_most(count, mean):
    """P(X <= count) of a Poisson variable."""
    if count < 0:
        return 0.0
    term = total = math.exp(-mean) if mean < 700 else 0.0
    if mean >= 700:  # exp underflows: Wilson and Hilferty 1931, exact to some thousandths there
        x = ((mean / (count + 1)) ** (1 / 3) - 1 + 1 / (9 * (count + 1))) * 3 * math.sqrt(count + 1)
        return 0.5 * math.erfc(x / math.sqrt(2))
    for i in range(1, count + 1):
        term *= mean / i
        total += term
    return min(1.0, total)


def _solve(function, low, high):
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def poisson(count, exposure):
    """Of a rate, from a count over an exposure, exact (F. Garwood, Biometrika 1936)."""
    if exposure <= 0:
        return 0.0, math.inf
    top = count + 10 + 10 * math.sqrt(count + 1)
    low = 0.0 if count == 0 else _solve(lambda m: _at_most(count - 1, m) - 0.975, 0.0, top)
    high = _solve(lambda m: _at_most(count, m) - 0.025, 0.0, top)
    return low / exposure, high / exposure
