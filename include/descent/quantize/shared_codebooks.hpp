// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/io/dtype.hpp>
#include <descent/quantize/codebook.hpp>

namespace descent::quantize {

/// Settings of shared_codebooks: numbers a tensor may have beside the 0 of masked weights.
struct codebook_options {
    index codes = 16;         ///< of tensors with two and more axes, 1 to 256
    index vector_codes = 32;  ///< of the others (biases, scales), 1 to 256
    /// How the numbers are rounded, so that the packed file holds them in as few bytes: f32, f16, bf16.
    io::dtype as = io::dtype::f32;
};

/// A model whose weights share few numbers (Han, Mao, Dally: "Deep compression", 2016): each tensor's unmasked
/// weights take the nearest number of its optimal codebook, and what fit then trains are the codebooks, by the
/// sum of the gradients of all weights with that code. Codes and masked zeros stay as they are.
///
///     quantize::shared_codebooks tied{net, {.codes = 8}};
///     fit(tied, train, chain(adam{}, rate{1e-4}), {.epochs = 5, .batch = 64}, exec::openmp{});
///     tied.put();                                  // the last step's numbers into the network
///     quantize::save_packed(net, "net.dpk");
///
/// The model is one that fit trains; it must outlive this, and gets its new weights here. Throws descent::error
/// for options out of range and weights that are not finite, before it changes anything.
template <class Model>
class shared_codebooks {
public:
    using scalar = typename Model::scalar;

    explicit shared_codebooks(Model& model, codebook_options const& options = {})
        : model_(model), options_(options), slopes_(model.params().like()) {
        expect(options.codes >= 1 && options.codes <= 256, "shared_codebooks: codes = ", options.codes,
               ": must be in [1, 256]");
        expect(options.vector_codes >= 1 && options.vector_codes <= 256,
               "shared_codebooks: vector_codes = ", options.vector_codes, ": must be in [1, 256]");
        bool const known =
            options.as == io::dtype::f32 || options.as == io::dtype::f16 || options.as == io::dtype::bf16;
        expect(known, "shared_codebooks: as = ", io::to_text(options.as), ": must be F32, F16 or BF16");
        auto const& weights = model.params();
        std::vector<tensor_spec> specs;
        std::vector<codebook<scalar>> books;
        for (auto const& entry : weights.entries()) {
            auto const mask = weights.mask(entry.name);
            std::vector<scalar> kept;
            for (index i = 0; i < entry.size(); ++i)
                if (mask[std::size_t(i)])
                    kept.push_back(weights.data()[entry.offset + i]);
            for (scalar const each : kept)
                expect(std::isfinite(each), "shared_codebooks: tensor '", entry.name, "' has ", each,
                       ": must be finite");
            index const k = entry.extents.rank() > 1 ? options.codes : options.vector_codes;
            books.push_back(kept.empty() ? codebook<scalar>{} : optimal_codebook<scalar>(kept, k));
            specs.push_back({entry.name, {books.back().size()}});
            std::vector<std::int16_t> codes(std::size_t(entry.size()), -1);
            for (index i = 0; i < entry.size(); ++i)
                if (mask[std::size_t(i)])
                    codes[std::size_t(i)] = std::int16_t(books.back().code(weights.data()[entry.offset + i]));
            codes_.push_back(std::move(codes));
        }
        codebooks_ = descent::params<scalar>(specs);
        for (std::size_t t = 0; t < books.size(); ++t)
            std::copy(books[t].values.begin(), books[t].values.end(),
                      codebooks_.data() + codebooks_.entries()[t].offset);
        put();
    }

    /// The codebooks: what fit trains.
    descent::params<scalar>& params() { return codebooks_; }
    descent::params<scalar> const& params() const { return codebooks_; }
    auto& state() requires requires(Model& m) { m.state(); }
    { return model_.state(); }
    std::uint64_t& steps() requires requires(Model& m) { m.steps(); }
    { return model_.steps(); }
    decltype(auto) needs_two() const requires requires(Model const& m) { m.needs_two(); }
    { return model_.needs_two(); }

    /// The codes of a tensor's weights; -1 where they are masked.
    std::vector<std::int16_t> const& codes(std::string_view tensor) const {
        return codes_[std::size_t(&model_.params().at(tensor) - model_.params().entries().data())];
    }

    template <class Table>
    void check(Table const& table) const {
        model_.check(table);
    }
    template <class Table>
    void prepare(Table const& table) {
        if constexpr (requires { model_.prepare(table); })
            model_.prepare(table);
        else
            model_.check(table);
    }

    /// The model's objective over a batch, and its gradient by the codebooks.
    template <class Batch, class Executor = exec::serial>
    double gradient(Batch const& samples, descent::params<scalar>& g, Executor const& executor = {}) {
        put();
        double const loss = model_.gradient(samples, slopes_, executor);
        for (std::size_t t = 0; t < codes_.size(); ++t) {
            scalar const* const from = slopes_.data() + slopes_.entries()[t].offset;
            auto const& entry = codebooks_.entries()[t];
            sums_.assign(std::size_t(entry.size()) + 1, 0.0);
            for (std::size_t i = 0; i < codes_[t].size(); ++i)
                sums_[std::size_t(codes_[t][i] + 1)] += double(from[i]);
            for (index c = 0; c < entry.size(); ++c)
                g.data()[entry.offset + c] = scalar(sums_[std::size_t(c) + 1]);
        }
        return loss;
    }
    template <class Batch, class Executor = exec::serial>
    double loss(Batch const& samples, Executor const& executor = {}) {
        put();
        return model_.loss(samples, executor);
    }

    /// The model's weights become what the codebooks say. Behind fit, and wherever else codebooks were changed.
    void put() {
        auto& weights = model_.params();
        std::vector<scalar> rounded;
        for (std::size_t t = 0; t < codes_.size(); ++t) {
            auto const& entry = codebooks_.entries()[t];
            rounded.assign(codebooks_.data() + entry.offset, codebooks_.data() + entry.offset + entry.size());
            if (options_.as != io::dtype::f32) {
                bytes_.resize(rounded.size() * 2);
                io::encode(options_.as, rounded.data(), rounded.size(), bytes_.data());
                io::decode(options_.as, bytes_.data(), rounded.size(), rounded.data());
            }
            scalar* const to = weights.data() + weights.entries()[t].offset;
            for (std::size_t i = 0; i < codes_[t].size(); ++i)
                to[i] = codes_[t][i] < 0 ? scalar(0) : rounded[std::size_t(codes_[t][i])];
        }
    }

private:
    Model& model_;
    codebook_options options_;
    descent::params<scalar> codebooks_, slopes_;
    std::vector<std::vector<std::int16_t>> codes_;
    std::vector<double> sums_;
    std::string bytes_;
};

}  // namespace descent::quantize
