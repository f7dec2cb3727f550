// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <Eigen/Core>

// Update rules as matrix libraries' users write them (ensmallen's style): whole-array statements, each a pass
// of its own over memory. One thread.
namespace baseline {

struct eigen_adam {
    Eigen::ArrayXf m, v;
    long step = 0;

    explicit eigen_adam(Eigen::Index n) : m(Eigen::ArrayXf::Zero(n)), v(Eigen::ArrayXf::Zero(n)) {}

    void operator()(Eigen::ArrayXf& w, Eigen::ArrayXf const& g, float rate, float decay) {
        ++step;
        double const bias1 = 1 - std::pow(.9, double(step)), bias2 = 1 - std::pow(.999, double(step));
        if (decay != 0)
            w *= 1 - rate * decay;
        m *= .9f;
        m += .1f * g;
        v *= .999f;
        v += .001f * g.square();
        w -= float(double(rate) / bias1) * m / ((v * float(1 / bias2)).sqrt() + 1e-8f);
    }
};

struct eigen_momentum {
    Eigen::ArrayXf b;

    explicit eigen_momentum(Eigen::Index n) : b(Eigen::ArrayXf::Zero(n)) {}

    void operator()(Eigen::ArrayXf& w, Eigen::ArrayXf const& g, float rate) {
        b *= .9f;
        b += g;
        w -= rate * b;
    }
};

}  // namespace baseline
