// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/core/error.hpp>

namespace descent::solve {

/// A point on a search line: f(x + step d) and its derivative by step.
struct line_point {
    double step = 0, value = 0, slope = 0;
};

/// What a line search found. It never throws.
struct line_search_result {
    bool found = false;  ///< the conditions hold at `at`
    bool lower = false;  ///< f is at least lower at `at` than at the start (always, if found, but for rounding)
    line_point at = {};  ///< the last point asked for; the start, where nothing lower was found
};

/// Backtracking until the decrease is sufficient (Armijo, 1966): f(step) <= f(0) + decrease step f'(0). A trial
/// that is not finite, or not low enough, is shortened to the minimum of the parabola through what is known, at
/// least by 2 and at most by 10.
struct armijo {
    double decrease = 1e-4;  ///< in (0, 1/2)
    int evaluations = 40;    ///< at most

    /// phi(step) gives the line_point there. `noise`: differences of values that rounding alone can make.
    template <class Phi>
    line_search_result operator()(Phi&& phi, line_point const& start, double first, double noise = 0) const {
        double t = first;
        if (!(start.slope < 0))
            return {.at = start};
        for (int k = 0; k < evaluations; ++k) {
            line_point const p = phi(t);
            if (p.value <= start.value + decrease * t * start.slope ||
                (std::fabs(p.value - start.value) <= noise && noise > 0 &&
                 std::fabs(p.slope) <= std::fabs(start.slope)))
                if (std::isfinite(p.value) && std::isfinite(p.slope))
                    return {.found = true, .lower = p.value < start.value, .at = p};
            double const rise = p.value - start.value - t * start.slope;
            double const best = -start.slope * t * t / (2 * rise);
            t = best > 0.1 * t ? (best < 0.5 * t ? best : 0.5 * t) : 0.1 * t;
            if (!(t > 0))
                break;
        }
        return {.at = start};
    }

    void check() const {
        expect(decrease > 0 && decrease < 0.5, "armijo: decrease = ", decrease, ": must be in (0, 0.5)");
        expect(evaluations > 0, "armijo: evaluations = ", evaluations, ": must be >= 1");
    }
};

/// The strong Wolfe conditions: f(step) <= f(0) + decrease step f'(0) and |f'(step)| <= curvature |f'(0)|. An
/// interval around such a point is found and shrunk as in Nocedal & Wright (2006, algorithms 3.5 and 3.6), with
/// trial steps by cubics and secants as More & Thuente (1994) choose them. Near a minimum rounding hides the
/// decrease: values that differ by less than `noise` count as equal and the slopes decide (Hager & Zhang's
/// approximate Wolfe conditions, 2005). Trials that are not finite shorten the step.
struct strong_wolfe {
    double decrease = 1e-4;  ///< in (0, 1/2)
    double curvature = 0.9;  ///< in (decrease, 1): 0.9 for quasi-Newton directions, 0.1 for conjugate gradients
    int evaluations = 40;    ///< at most
    double longest = 1e20;   ///< step

    template <class Phi>
    line_search_result operator()(Phi&& phi, line_point const& start, double first, double noise = 0) const {
        if (!(start.slope < 0) || !(first > 0))
            return {.at = start};
        line_point low = start, high = start, last = start;
        bool bracketed = false;
        double end = longest, width = 0, t = first < longest ? first : longest;
        for (int k = 0; k < evaluations; ++k) {
            line_point const p = last = phi(t);
            if (!std::isfinite(p.value) || !std::isfinite(p.slope)) {
                end = t;  // nothing is known of the values here: closer to low
                bracketed = false;
                t = low.step + 0.1 * (t - low.step);
                if (!between(t, low.step, end))
                    break;
                continue;
            }
            bool const level = noise > 0 && std::fabs(p.value - start.value) <= noise;
            bool const enough = level || p.value <= start.value + decrease * p.step * start.slope;
            bool const higher =
                p.value > low.value + noise || (noise == 0 && low.step > 0 && p.value >= low.value);
            if (enough && !higher && std::fabs(p.slope) <= curvature * std::fabs(start.slope))
                return {.found = true, .lower = p.value < start.value, .at = p};
            if (!enough || higher) {
                high = p;
                bracketed = true;
                // Lower, but not enough so: less what is asked for, high is higher.
                double const tilt = p.value < low.value ? decrease * start.slope : 0;
                t = within(tilted(low, tilt), tilted(high, tilt),
                           std::fabs(high.value - low.value) > 10 * noise);
            } else if (p.slope * (p.step - low.step) >= 0) {
                high = low;
                low = p;
                bracketed = true;
                t = within(low, high, std::fabs(high.value - low.value) > 10 * noise);
            } else {
                line_point const before = low;
                low = p;
                if (bracketed) {
                    t = towards(before, p, high, std::fabs(high.value - low.value) > 10 * noise);
                } else {
                    if (p.step >= longest)
                        break;
                    t = beyond(before, p);
                    if (t >= end)
                        t = end < longest ? p.step + 0.5 * (end - p.step) : longest;
                }
            }
            if (bracketed) {
                double const now = std::fabs(high.step - low.step);
                // Bisection where two rounds shrank the interval by less than a third.
                if (k % 2 == 1) {
                    if (width > 0 && now > 0.66 * width)
                        t = low.step + 0.5 * (high.step - low.step);
                    width = now;
                }
                if (now <= 4 * std::numeric_limits<double>::epsilon() * std::fabs(low.step))
                    break;
            }
            if ((bracketed || end < longest) && !between(t, low.step, bracketed ? high.step : end))
                break;
        }
        if (!(low.step > 0 && low.value < start.value))
            return {.at = start};
        if (last.step != low.step)
            low = phi(low.step);
        return {.lower = true, .at = low};
    }

    void check() const {
        expect(decrease > 0 && decrease < 0.5, "strong_wolfe: decrease = ", decrease, ": must be in (0, 0.5)");
        expect(curvature > decrease && curvature < 1, "strong_wolfe: curvature = ", curvature,
               ": must be in (decrease, 1)");
        expect(evaluations > 0, "strong_wolfe: evaluations = ", evaluations, ": must be >= 1");
        expect(longest > 0, "strong_wolfe: longest = ", longest, ": must be > 0");
    }

private:
    /// Where the cubic through both points, with their slopes, has its minimum. NaN where it has none.
    static double cubic(line_point const& a, line_point const& b) {
        double const h = b.step - a.step;
        double const theta = 3 * (a.value - b.value) / h + a.slope + b.slope;
        double const scale = std::fmax(std::fabs(theta), std::fmax(std::fabs(a.slope), std::fabs(b.slope)));
        double const inside = (theta / scale) * (theta / scale) - (a.slope / scale) * (b.slope / scale);
        double const root = std::copysign(scale * std::sqrt(inside), h);
        return b.step - h * ((b.slope + root - theta) / (b.slope - a.slope + 2 * root));
    }

    static line_point tilted(line_point const& p, double by) {
        return {p.step, p.value - by * p.step, p.slope - by};
    }

    static double secant(line_point const& a, line_point const& b) {
        return a.step - a.slope * (b.step - a.step) / (b.slope - a.slope);
    }

    static bool between(double t, double a, double b) { return a < b ? (t > a && t < b) : (t > b && t < a); }

    /// A trial step between low and high.
    static double within(line_point const& low, line_point const& high, bool values_tell) {
        double const h = high.step - low.step;
        double t = values_tell ? cubic(low, high) : secant(low, high);
        if (values_tell && high.value > low.value) {
            // Half way towards the parabola's minimum, unless the cubic's is nearer to the lower end.
            double const rise = (high.value - low.value) / h - low.slope;
            double const parabola = low.step - 0.5 * low.slope * h / rise;
            if (!(std::fabs(t - low.step) < std::fabs(parabola - low.step)))
                t = t + 0.5 * (parabola - t);
        } else if (values_tell && low.slope * high.slope < 0) {
            double const s = secant(low, high);
            if (std::fabs(s - low.step) > std::fabs(t - low.step))
                t = s;
        }
        if (!std::isfinite(t))
            t = low.step + 0.1 * h;
        double const share = (t - low.step) / h;
        return share >= 1e-3 && share <= 0.99 ? t
                                              : low.step + (share < 1e-3 ? 1e-3
                                                            : share > 1  ? 0.5
                                                                         : 0.9) *
                                                               h;
    }

    /// A trial step between p and high, where the slope at p still leads from `before` to high: by those two,
    /// which are nearer, if the slope fell.
    static double towards(line_point const& before, line_point const& p, line_point const& high,
                          bool values_tell) {
        if (std::fabs(p.slope) < std::fabs(before.slope)) {
            double const c = cubic(before, p), s = secant(before, p);
            double const t = std::fabs(c - p.step) < std::fabs(s - p.step) ? c : s;
            double const share = (t - p.step) / (high.step - p.step);
            if (share > 0 && (c - p.step) * (s - p.step) > 0)
                return share < 0.66 ? t : p.step + 0.66 * (high.step - p.step);
        }
        return within(p, high, values_tell);
    }

    /// A trial step beyond p, whose slope still leads down.
    static double beyond(line_point const& before, line_point const& p) {
        double const h = p.step - before.step, least = p.step + 1.1 * h, most = p.step + 4 * h;
        if (!(std::fabs(p.slope) < std::fabs(before.slope)))
            return most;
        double const c = cubic(before, p), s = secant(before, p);
        double const t = c > p.step && c - p.step > s - p.step ? c : s;
        return std::isfinite(t) ? std::fmin(std::fmax(t, least), most) : most;
    }
};

}  // namespace descent::solve
