#!/usr/bin/env python3
"""Finds the polynomials and quotients in src/kernels/simd/math.h.

    scripts/fit_approximations.py

Needs numpy and mpmath. Each fit makes the largest relative error of the function smallest, by Lawson's method: least
squares, again and again, with more weight where the error is large. It prints the coefficients, lowest power first, and
the largest error before they are rounded to float, in units of 2^-24. The tests sweep what is left after rounding.

The coefficients of tanh are those of expm1, times the powers of two that its comment speaks of; rounded to float, they
were then moved by a few units in the last place until the largest error over the floats was least (2.52 to 2.42 ulp).
"""
import mpmath
import numpy as np

UNIT = 2.0**-24


def chebyshev(low, high, count):
    """Points that lie closer at the ends, where the errors are largest."""
    return low + (high - low) * (1 - np.cos(np.pi * (np.arange(count) + 0.5) / count)) / 2


def solve(columns, target):
    """Least squares with scaled columns and one step of refinement."""
    matrix = np.stack(columns, 1).astype(np.float64)
    scale = np.linalg.norm(matrix, axis=0)
    solution = np.linalg.lstsq(matrix / scale, target.astype(np.float64), rcond=None)[0] / scale
    rest = target - np.stack(columns, 1) @ solution.astype(np.longdouble)
    return solution + np.linalg.lstsq(matrix / scale, rest.astype(np.float64), rcond=None)[0] / scale


def lawson(step, size, rounds=400):
    """step(weights) gives coefficients and relative errors; returns the best of the rounds."""
    weights, best = np.ones(size), None
    for _ in range(rounds):
        coefficients, errors = step(weights)
        errors = np.abs(errors).astype(np.float64)
        if best is None or errors.max() < best[0]:
            best = errors.max(), coefficients
        weights = weights * (errors / errors.max() + 1e-3)
        weights /= weights.max()
    return best


def fit_quotient(t, wanted, above, below):
    """wanted(t) = P(t) / Q(t) with P(0) = Q(0) = 1, so that the value at 0 is exact."""
    t, wanted = t.astype(np.longdouble), wanted.astype(np.longdouble)
    divisor = np.ones_like(t)

    def step(weights):
        nonlocal divisor
        root = np.sqrt(weights) / (np.abs(wanted) * divisor)
        columns = [root * t**i for i in range(1, above + 1)] + [-root * wanted * t**i for i in range(1, below + 1)]
        c = np.concatenate([[1.0], solve(columns, root * (wanted - 1))])
        p, q = c[:above + 1], np.concatenate([[1.0], c[above + 1:]])
        divisor = sum(q[i] * t**i for i in range(below + 1))
        return (p, q), sum(p[i] * t**i for i in range(above + 1)) / divisor / wanted - 1

    return lawson(step, len(t))


def fit_expm1(limit, degree):
    """q in expm1(r) = r + r^2 q(r), where the error counts relative to expm1(r)."""
    r = chebyshev(-limit, limit, 800)
    wanted = np.array([float((mpmath.expm1(x) / x - 1) / x) for x in map(mpmath.mpf, r)])
    share = np.abs(r * r / np.expm1(r))

    def step(weights):
        root = np.sqrt(weights) * share
        c = solve([root * r**i for i in range(degree + 1)], root * wanted)
        return c, (sum(c[i] * r**i for i in range(degree + 1)) - wanted) * share

    return lawson(step, len(r))


def show(name, error, *groups):
    print(f"{name}: error {error / UNIT:.3f}")
    for group in groups:
        print("   ", " ".join(f"{c:.9e}" for c in group))


def main():
    mpmath.mp.dps = 30
    error, q = fit_expm1(0.34658, 4)
    show("expm1(r) = r + r^2 q(r), |r| <= ln(2)/2", error, q)

    u = chebyshev(0, 1, 1200)
    error, (p, q) = fit_quotient(u, np.array([float(mpmath.log1p(x) / x) for x in map(mpmath.mpf, u)]), 2, 3)
    show("log1p(u) = u p(u) / q(u), 0 <= u <= 1", error, p, q)

    limit = 14.5
    a = chebyshev(0, limit, 1500)
    wanted = np.array([float(mpmath.exp(x * x / 2) * mpmath.erfc(x / mpmath.sqrt(2))) for x in map(mpmath.mpf, a)])
    error, (p, q) = fit_quotient(a / limit, wanted, 4, 5)
    powers = limit ** np.arange(6)
    show("2 exp(a^2/2) Phi(-a) = p(a) / q(a), 0 <= a <= 14.5", error, p / powers[:5], q / powers)


if __name__ == "__main__":
    main()
