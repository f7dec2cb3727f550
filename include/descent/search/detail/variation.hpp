// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>

namespace descent::search::detail {

/// Random numbers of one trial's attempt.
inline stream draws_of(std::uint64_t seed, std::uint32_t who, std::int64_t number, int attempt = 0) {
    return {{seed, who}, (std::uint64_t(number) << 32) + (std::uint64_t(attempt) << 20)};
}

/// The trials that ended with a value, by number.
inline std::vector<record const*> told(history const& past) {
    std::vector<record const*> found;
    for (record const& r : past.records)
        if (double const loss = past.loss(r); loss == loss)
            found.push_back(&r);
    return found;
}

/// A coordinate of a trial; of a name that it did not ask for, a drawn one.
inline double coordinate_or_draw(record const& r, search::space const& space, index k, stream& draws) {
    double const drawn = coordinate_of(space[k], draws.uniform());
    return history::coordinate(r, k, drawn);
}

/// Back into [0, 1] by reflection; categories stay as they are.
inline double reflected(domain const& of, double at) {
    if (of.nominal())
        return at;
    at = std::fabs(std::fmod(at, 2.0));
    return at > 1 ? 2 - at : at;
}

/// Another value, where there is one: a label drawn anew, a step to a neighbour's side or, of numbers, a normal
/// step of `width`.
inline double mutated(domain const& of, double at, double width, stream& draws) {
    double const u = draws.uniform(), z = draws.normal();
    if (of.count() == 1)
        return at;
    double const was = of.value(at);
    if (of.nominal()) {
        double const label = std::floor(u * double(of.count() - 1));
        return label >= was ? label + 1 : label;
    }
    double const least = of.count() > 0 ? 1 / double(of.count()) : 0;
    double const step = std::fabs(width * z) < least ? (z < 0 ? -least : least) : width * z;
    for (double const way : {step, -step})  // an edge may reflect it to where it was
        if (double const to = reflected(of, at + way); of.value(to) != was)
            return to;
    if (of.count() == 0)
        return at < 0.5 ? 1 : 0;
    double const neighbour = (of.listed() ? 1 : of.step) * (z < 0 ? -1 : 1);
    return of.coordinate(of.has(was + neighbour) ? was + neighbour : was - neighbour);
}

}  // namespace descent::search::detail
