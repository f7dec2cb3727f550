// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <descent/search/gp_regression.hpp>
#include <descent/search/record.hpp>

namespace descent::search::detail {

/// What the trials so far tell of the objective: a process for the losses as they are and one for log(1 + t), t
/// the loss above the best in units of the median's; the likelier one speaks.
class objective_model {
public:
    /// Takes the trials that ended, then those at work. O(n d).
    void read(history const& past) {
        index const d = past.space.size();
        std::vector<char> nominal;
        for (index k = 0; k < d; ++k)
            nominal.push_back(past.space[k].nominal());
        if (nominal != nominal_) {
            nominal_ = nominal;
            processes_[0] = processes_[1] = one_of(nominal, d);
            fitted_ = conditioned_ = 0;
        }
        std::vector<double> points;
        losses_.clear();
        double worst = -infinity, least = infinity;
        for (record const& r : past.records)
            if (double const loss = past.loss(r); std::isfinite(loss))
                worst = std::max(worst, loss), least = std::min(least, loss);
        auto const place = [&](record const& r, std::vector<double>& rows) {
            for (index k = 0; k < d; ++k)
                rows.push_back(history::coordinate(r, k, nominal[std::size_t(k)] ? -1 : 0.5));
        };
        for (record const& r : past.records) {
            if (r.state == trial_state::running || r.state == trial_state::waiting || worst == -infinity)
                continue;
            place(r, points);
            double const loss = past.loss(r);
            losses_.push_back(std::isfinite(loss) ? loss : loss < 0 ? least : worst);
        }
        // The model is built on as long as its points are still the first ones.
        if (points.size() < points_.size() || !std::equal(points_.begin(), points_.end(), points.begin()))
            conditioned_ = 0;
        points_ = std::move(points);
        running_.clear();
        for (record const& r : past.records)
            if (r.state == trial_state::running)
                place(r, running_);
        best_ = losses_.empty() ? 0 : index(std::min_element(losses_.begin(), losses_.end()) - losses_.begin());
    }

    index size() const { return index(losses_.size()); }
    double const* point(index i) const { return points_.data() + i * index(nominal_.size()); }
    double const* best_point() const { return point(best_); }

    /// The best trials, best first.
    std::vector<index> leaders(index count) const {
        std::vector<index> order(losses_.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = index(i);
        auto const end = order.begin() + std::min(count, size());
        std::partial_sort(order.begin(), end, order.end(), [&](index a, index b) {
            return losses_[std::size_t(a)] < losses_[std::size_t(b)] ||
                   (losses_[std::size_t(a)] == losses_[std::size_t(b)] && a < b);
        });
        order.erase(end, order.end());
        return order;
    }

    /// Has this very point been tried, or is it being?
    bool has(std::vector<double> const& at) const {
        auto const among = [&](std::vector<double> const& points) {
            for (std::size_t i = 0; i + at.size() <= points.size(); i += at.size())
                if (std::equal(at.begin(), at.end(), points.begin() + std::ptrdiff_t(i)))
                    return true;
            return false;
        };
        return among(points_) || among(running_);
    }

    /// Half the trust region's edge after all trials so far: `first`, doubled after two improvements in a row,
    /// halved after three trials without one; too small, it begins anew.
    double region(double first) const {
        double half = first, best = infinity;
        int better = 0, worse = 0;
        for (double const loss : losses_) {
            if (loss < best) {
                better += best < infinity;
                worse = 0;
                best = loss;
            } else {
                ++worse;
                better = 0;
            }
            if (worse == 3) {
                half /= 2;
                worse = 0;
            }
            if (better == 2) {
                half = std::min(1.6, 2 * half);
                better = 0;
            }
            if (half < 1e-4)
                half = first;
        }
        return half;
    }

    /// Fits both processes where there is enough that is new, and lets the trials at work count.
    void fit() {
        index const n = size(), d = index(nominal_.size());
        if (fitted_ == 0 || n < 40 || n >= fitted_ + std::max<index>(1, n / 20)) {
            logarithmic_ = fit_scales(processes_[1], true) < fit_scales(processes_[0], false);
            fitted_ = n;
            conditioned_ = 0;
        }
        told_ = scaled(logarithmic_);
        std::vector<double> const& values = told_.values;
        if (conditioned_ == 0) {
            model_ = processes_[logarithmic_];
            model_.set(points_.data(), values.data(), n);
            model_.condition();
        } else {
            for (index i = conditioned_; i < n; ++i)
                model_.add(point(i), values[std::size_t(i)]);
            model_.set_values(values);
        }
        conditioned_ = n;
        best_value_ = values[std::size_t(best_)];
        believing_ = !running_.empty();
        if (believing_)
            believed_ = model_;
        for (index i = 0; i < index(running_.size()) / d; ++i)
            believed_.add(running_.data() + i * d, believed_.predict_mean(running_.data() + i * d));
    }

    gp_regression const& model() const { return believing_ ? believed_ : model_; }
    double best_value() const { return best_value_; }
    /// The loss that a value of the model stands for.
    double loss_of(double value) const {
        double const above = value / told_.scale + told_.mean;
        return told_.least + told_.unit * (logarithmic_ ? std::expm1(above) : above);
    }
    std::vector<double> const& log_scale() const { return model_.log_scale; }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();
    static constexpr index most_fitted = 200;  ///< points that scales are fitted to

    static gp_regression one_of(std::vector<char> const& nominal, index d) {
        gp_regression process(nominal);
        // In more variables points are farther apart.
        process.belief.log_scale = -0.8 + 0.5 * std::log(double(d));
        process.forget_scales();
        return process;
    }

    struct targets {
        std::vector<double> values;  ///< (v - mean) scale, of mean 0 and variance 1
        double log_slope;            ///< sum of log d value / d loss
        double mean, scale, least, unit;
    };
    targets scaled(bool logarithmic) const {
        auto const n = losses_.size();
        std::vector<double> sorted = losses_;
        std::nth_element(sorted.begin(), sorted.begin() + std::ptrdiff_t(n / 2), sorted.end());
        double const least = losses_[std::size_t(best_)];
        double const unit = std::max(sorted[n / 2] - least, 1e-12 * std::abs(least) + 1e-300);
        targets t{{}, 0, 0, 0, least, unit};
        double mean = 0, squares = 0;
        for (double const loss : losses_) {
            double const above = (loss - least) / unit;
            t.values.push_back(logarithmic ? std::log1p(above) : above);
            t.log_slope -= logarithmic ? t.values.back() : 0.0;
            mean += t.values.back() / double(n);
        }
        for (double const v : t.values)
            squares += (v - mean) * (v - mean) / double(n);
        double const scale = 1 / (std::sqrt(squares) + 1e-100);
        for (double& v : t.values)
            v = (v - mean) * scale;
        t.log_slope += double(n) * std::log(scale);
        t.mean = mean, t.scale = scale;
        return t;
    }

    /// Fits the scales and the noise of a process; its cost as a model of the losses.
    double fit_scales(gp_regression& process, bool logarithmic) const {
        index const n = size(), d = index(nominal_.size());
        targets const t = scaled(logarithmic);
        if (n <= most_fitted) {
            process.set(points_.data(), t.values.data(), n);
            process.fit(10);
            return process.cost() - t.log_slope;
        }
        // The best of them, and others evenly from all.
        std::vector<index> chosen = leaders(most_fitted / 2);
        for (index i = 0; i < most_fitted / 2; ++i)
            chosen.push_back(i * n / (most_fitted / 2));
        std::sort(chosen.begin(), chosen.end());
        chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
        std::vector<double> points, values;
        for (index const i : chosen) {
            points.insert(points.end(), point(i), point(i) + d);
            values.push_back(t.values[std::size_t(i)]);
        }
        process.set(points.data(), values.data(), index(chosen.size()));
        process.fit(10);
        return process.cost() - t.log_slope * double(chosen.size()) / double(n);
    }

    std::vector<char> nominal_ = {};
    std::vector<double> points_ = {}, running_ = {}, losses_ = {};
    gp_regression processes_[2] = {}, model_ = {}, believed_ = {};  // of the losses, of their logarithms
    index best_ = 0, fitted_ = 0, conditioned_ = 0;
    bool logarithmic_ = false, believing_ = false;
    targets told_ = {};
    double best_value_ = 0;
};

/// The complete trials, and the model of them: what others reported is of less training.
struct told_objective {
    std::vector<record> complete = {};
    objective_model model = {};

    /// Throws descent::error for fewer than 4.
    told_objective(std::vector<record> const& records, goal direction, std::string_view who) {
        for (record const& r : records)
            if (r.space && std::isfinite(r.value) && r.state == trial_state::complete)
                complete.push_back(r);
        expect(complete.size() >= 4, who, ": complete trials = ", complete.size(), ": must be >= 4");
        std::vector<goal> const goals{direction};
        model.read({space(), complete, goals});
        model.fit();
    }

    search::space const& space() const { return *complete.back().space; }
};

}  // namespace descent::search::detail
