// SPDX-License-Identifier: MIT
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <descent/exec/serial.hpp>
#include <descent/optim.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

// Bodies that run on an emulated device in device_test.cpp and on a GPU in cuda_test.cu: the executor is a
// parameter, the answer is exec::serial's.
namespace descent::test {

/// Odd sizes, a size 0, more than one piece.
template <class T>
params<T> some_weights() {
    params<T> weights{
        {"first.weight", {37, 29}}, {"first.bias", {29}}, {"none", {0, 3}}, {"one", {1}}, {"long", {4099}}};
    std::uint32_t state = 1;
    for (auto const& entry : weights.entries())
        for (index i = 0; i < entry.size(); ++i) {
            state = state * 1664525u + 1013904223u;
            weights.data()[entry.offset + i] = T(double(state >> 8) / double(1u << 24) - 0.5);
        }
    return weights;
}

/// Gradients that differ from step to step, far from 0 where rules take signs.
template <class T>
void fill_gradients(params<T>& gradients, int step) {
    double place = 0;
    for (auto const& entry : gradients.entries())
        for (index i = 0; i < entry.size(); ++i) {
            double const wave = std::sin(0.37 * ++place + 1.3 * step);
            gradients.data()[entry.offset + i] = T(wave + (wave < 0 ? -0.05 : 0.05));
        }
}

/// A device fuses multiplications and additions, the host need not: a few ulp for each of seven steps. On the
/// host, the rows in float are within 5 epsilon of the rows in double.
template <class T>
inline constexpr double device_tolerance = 32 * double(std::numeric_limits<T>::epsilon());

/// The largest |a - b| / max(1, |b|) over the whole arena, padding included; NaN counts as infinite.
template <class T>
double difference(params<T> const& a, params<T> const& b) {
    double worst = 0;
    for (index i = 0; i < a.arena_size(); ++i) {
        double const x = double(a.data()[i]), y = double(b.data()[i]);
        double const off = std::abs(x - y) / std::fmax(1.0, std::abs(y));
        worst = off <= 1e300 ? std::fmax(worst, off) : INFINITY;
    }
    return worst;
}

/// The largest |number| in the padding between tensors.
template <class T>
double padding(params<T> const& numbers) {
    params<T> copy = numbers;
    for (auto const& entry : copy.entries())
        for (index i = 0; i < entry.size(); ++i)
            copy.data()[entry.offset + i] = T(0);
    return difference(copy, copy.like());
}

struct outcome {
    double weights = 0, slots = 0, padding = 0;
};

/// Masks two weights of three.
template <class T>
void mask_some(params<T>& weights) {
    std::vector<bool> keep(std::size_t(weights.at("long").size()));
    for (std::size_t i = 0; i < keep.size(); ++i)
        keep[i] = i % 3 != 1;
    weights.set_mask("long", keep);
}

/// Seven steps of the same recipe on the device and on exec::serial. `prepare` may set groups.
template <class T, class Recipe, class Device, class Storage, class Prepare>
outcome compare(Recipe const& recipe, Device const& device, Storage storage, bool masked,
                Prepare const& prepare) {
    params<T> there = some_weights<T>();
    if (masked)
        mask_some(there);
    params<T> here = there, gradients = there.like();
    optimizer on_device{recipe, there, device, storage};
    optimizer serial{recipe, here, exec::serial{}, storage};
    prepare(on_device);
    prepare(serial);
    for (int step = 0; step < 7; ++step) {
        fill_gradients(gradients, step);
        on_device.step(gradients);
        serial.step(gradients);
    }
    outcome seen{difference(there, here), 0, padding(there)};
    for (int s = 0; s < decltype(serial)::layout::slots; ++s) {
        params<T> const slot = on_device.slot(s);
        seen.slots = std::fmax(seen.slots, difference(slot, serial.slot(s)));
        seen.padding = std::fmax(seen.padding, padding(slot));
    }
    return seen;
}

/// One recipe for each way in which a kernel may use the sweep.
template <class T, class Device>
std::vector<std::pair<std::string, outcome>> every_way(Device const& device) {
    std::vector<std::pair<std::string, outcome>> seen;
    auto const all = [](auto&) {};
    auto const add = [&](char const* name, auto const& recipe, auto storage, bool masked, auto const& prepare) {
        seen.emplace_back(name, compare<T>(recipe, device, storage, masked, prepare));
    };
    rate<constant> const slow{1e-2};
    auto const adamw_clipped = chain(clip_norm{1.0}, adam{}, decay{0.01}, slow);
    add("clip_norm, adam, decay, rate", adamw_clipped, slots::full{}, false, all);
    add("groups and a frozen tensor", adamw_clipped, slots::full{}, false, [](auto& optimizer) {
        optimizer.group("*.bias", chain(clip_norm{1.0}, adam{}, decay{0.0}, rate{1e-1})).freeze("one");
    });
    add("masks", chain(momentum{0.9}, slow, keep_zeros{}), slots::full{}, true, all);
    add("sums of each tensor, an update kept between passes", chain(lamb{}, slow), slots::full{}, false, all);
    add("draws by element", chain(noise{0.1}, slow), slots::full{}, false, all);
    add("slots that do not start at 0", rprop{}, slots::full{}, false, all);
    add("a look at the new weight", chain(slow, ema{0.9}), slots::full{}, false, all);
    add("gradients that accumulate", chain(accumulate{2}, adam{}, slow), slots::full{}, false, all);
    return seen;
}

/// Equal bit for bit, padding included?
template <class T>
bool same_bits(params<T> const& a, params<T> const& b) {
    return std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(T)) == 0;
}

/// A second run, one that was interrupted, and one whose gradients and weights never leave the device must end
/// with the first one's bits.
template <class T, class Device>
void check_state_and_residence(Device const& device) {
    auto const recipe = chain(clip_norm{1.0}, adam{}, rate{1e-2}, ema{0.9});
    params<T> first = some_weights<T>(), again = first, resumed = first, resident = first,
              gradients = first.like();
    optimizer one{recipe, first, device}, two{recipe, again, device}, before{recipe, resumed, device};
    optimizer home{recipe, resident, device};
    typename Device::template memory<T> there{std::size_t(gradients.arena_size())};
    auto const upload = [&](int step) {
        fill_gradients(gradients, step);
        device.upload(gradients.data(), gradients.arena_size(), there.data());
    };
    for (int step = 0; step < 8; ++step) {
        upload(step);
        CHECK(one.step(gradients));
        two.step(gradients);
        home.step(there);
        if (step < 4)
            before.step(gradients);
    }
    CHECK(one.steps() == 8);
    CHECK(same_bits(again, first));

    CHECK(same_bits(resident, some_weights<T>()));
    home.pull();
    CHECK(same_bits(resident, first));
    for (int s = 0; s < 3; ++s)
        CHECK(same_bits(home.slot(s), one.slot(s)));

    optimizer after{recipe, resumed, device};
    after.restore(before.state());
    for (int step = 4; step < 8; ++step) {
        upload(step);
        after.step(gradients);
    }
    CHECK(same_bits(resumed, first));
    CHECK(same_bits(after.averaged(), one.averaged()));

    // What the host changes counts: by itself where step() brings the weights, after push() where it does not.
    first.set_zero();
    resident.set_zero();
    home.push();
    upload(8);
    one.step(gradients);
    home.step(there);
    home.pull();
    CHECK(same_bits(resident, first));
    CHECK(difference(first, first.like()) < 0.1);

    typename Device::template memory<T> small(3);
    std::string message;
    try {
        home.step(small);
    } catch (error const& thrown) {
        message = thrown.what();
    }
    CHECK(message == text("optimizer: gradients: 3 numbers given, the arena has ", resident.arena_size()));
}

/// The same draws decide the roundings: where a device's arithmetic differs in a last bit, a few of them flip.
template <class Device>
void check_bf16(Device const& device, double share) {
    params<float> there = some_weights<float>(), here = there, gradients = there.like();
    auto const recipe = chain(adam{}, rate{1e-2});
    optimizer on_device{recipe, there, device, slots::bf16{}};
    optimizer serial{recipe, here, exec::serial{}, slots::bf16{}};
    for (int step = 0; step < 5; ++step) {
        fill_gradients(gradients, step);
        on_device.step(gradients);
        serial.step(gradients);
    }
    for (int s = 0; s < 2; ++s) {
        params<float> const a = on_device.slot(s), b = serial.slot(s);
        index differ = 0;
        double worst = 0;
        for (auto const& entry : a.entries())
            for (index i = entry.offset; i < entry.offset + entry.size(); ++i) {
                differ += a.data()[i] != b.data()[i];
                worst = std::fmax(worst,
                                  std::abs(double(a.data()[i] - b.data()[i])) / std::abs(double(b.data()[i])));
            }
        CHECK(double(differ) <= share * double(a.size()));
        CHECK(worst <= 0.02);  // two steps of bfloat16
        CHECK(padding(a) == 0);
    }
    CHECK(difference(there, here) <= 1e-3);
    auto const state = on_device.state();
    on_device.restore(state);
    for (std::size_t s = 0; s < 2; ++s)
        CHECK(same_bits(on_device.slot(int(s)), state.slots[s]));
}

}  // namespace descent::test
