// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/core/params.hpp>
#include <descent/io/dtype.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/named_once.hpp>
#include <descent/quantize/detail/packed_frame.hpp>
#include <descent/quantize/detail/packed_matrix.hpp>
#include <descent/quantize/detail/packed_port.hpp>
#include <descent/quantize/packed_table.hpp>

// A model in as few bytes as its tensors need: zeros by the places of the others, few distinct numbers by their
// codes, all through an adaptive range coder.
//
//     "DPK1", the CRC-32 of what follows (little-endian), one stream of the range coder: the scalar type, how
//     many tensors, and for each its name, extents, what it is made of, places, codebook, codes or numbers.
namespace descent::quantize {

/// A tensor's numbers in the codes that to_affine gave, for a packed file.
template <class T>
struct coded_tensor {
    std::string name;
    affine_tensor<T> codes;
};

namespace detail {

inline constexpr packed_format format_of_models{"DPK", '1', "a", "packed model"};
inline constexpr std::size_t most_codes = 256;

/// The bits of a number; 0 alone is the zero that is left out, -0 is a number.
template <class T>
using packed_bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// The narrowest of the type's own and the 16-bit formats that has these numbers to the last bit.
template <class T>
io::dtype narrowest(std::vector<T> const& numbers) {
    for (io::dtype const type : {io::dtype::bf16, io::dtype::f16, io::dtype::f32}) {
        if (type == io::dtype_of<T>)
            break;
        std::vector<char> bytes(numbers.size() * io::size_of(type));
        std::vector<T> back(numbers.size());
        if (io::encode(type, numbers.data(), numbers.size(), bytes.data()) < numbers.size())
            continue;
        bool same = io::decode(type, bytes.data(), back.size(), back.data()) == back.size();
        for (std::size_t i = 0; i < numbers.size() && same; ++i)
            same = std::bit_cast<packed_bits<T>>(numbers[i]) == std::bit_cast<packed_bits<T>>(back[i]);
        if (same)
            return type;
    }
    return io::dtype_of<T>;
}

/// Numbers as they are, in the narrowest format. A reader's say how many there are.
template <class T, class Port>
void run_numbers(Port& port, std::vector<T>& numbers, std::string_view file) {
    io::dtype const type = io::dtype(port.plain(Port::writes ? std::uint64_t(narrowest(numbers)) : 0, 4));
    bool const known =
        type == io::dtype::bf16 || type == io::dtype::f16 || type == io::dtype::f32 || type == io::dtype_of<T>;
    expect(known, file, ": the data is damaged");
    std::size_t const width = io::size_of(type);
    std::string bytes(numbers.size() * width, '\0');
    if constexpr (Port::writes)
        io::encode(type, numbers.data(), numbers.size(), bytes.data());
    for (char& byte : bytes)
        byte = static_cast<char>(port.plain(static_cast<unsigned char>(byte), 8));
    if constexpr (!Port::writes)
        expect(io::decode(type, bytes.data(), numbers.size(), numbers.data()) == numbers.size(), file,
               ": the data is damaged");
}

/// Writes or reads format, grids and codes of a tensor.
template <class T, class Port>
void run_affine(Port& port, affine_tensor<T>& tensor, double& grids, double& codes, std::string_view file) {
    port.count_in(grids);
    index const size = tensor.extents.size();
    tensor.format.bits = int(port.plain(std::uint64_t(tensor.format.bits) - 2, 3)) + 2;
    tensor.format.symmetric = port.plain(tensor.format.symmetric, 1);
    std::uint64_t const share = port.number(std::uint64_t(tensor.share));
    expect(tensor.format.bits <= 8 && share >= 1 && share <= std::uint64_t(size), file,
           ": the data is damaged");
    tensor.share = index(share);
    index const columns = tensor.columns(), a_row = (columns + tensor.share - 1) / tensor.share;
    tensor.grids.resize(std::size_t(tensor.rows() * a_row));
    tensor.codes.resize(std::size_t(size));
    std::vector<T> scales;
    for (auto const& grid : tensor.grids)
        scales.push_back(grid.scale);
    run_numbers(port, scales, file);
    for (std::size_t i = 0; i < scales.size(); ++i) {
        affine_grid<T>& grid = tensor.grids[i];
        if (!tensor.format.symmetric)
            grid.zero = int(port.plain(std::uint64_t(grid.zero), unsigned(tensor.format.bits)));
        grid.format = tensor.format, grid.scale = scales[i];
    }
    port.count_in(codes);
    code_codec coder(unsigned(tensor.format.bits), columns);
    int const lowest = tensor.format.lowest();
    for (index i = 0; i < size; ++i) {
        if (i % columns == 0)
            coder.next_row();
        std::int16_t& code = tensor.codes[std::size_t(i)];
        code =
            std::int16_t(int(coder.run(port, std::size_t(i % columns), std::uint32_t(code - lowest))) + lowest);
    }
}

/// How the numbers of a tensor are stored.
enum class storage : char { raw, coded, affine };

/// Writes the numbers of one tensor, or reads as many. `known` has its codes, where the writer was given some.
template <class T, class Port>
void run_tensor(Port& port, T* numbers, packed_tensor& told, affine_tensor<T> const* known,
                std::string_view file) {
    using bits = packed_bits<T>;
    index const rows = told.extents.rank() > 1 ? told.extents[0] : 1, size = told.extents.size();
    index const columns = rows > 0 ? size / rows : 0;
    auto const n = std::size_t(size);
    std::vector<std::uint8_t> taken(n, 1);
    std::vector<T> book;
    std::size_t zeros = 0;
    auto how = storage::raw;
    if (known) {
        how = storage::affine;
    } else if constexpr (Port::writes) {
        for (std::size_t i = 0; i < n; ++i)
            zeros += std::size_t(1) - (taken[i] = std::bit_cast<bits>(numbers[i]) != 0);
        for (std::size_t i = 0; i < n && book.size() <= most_codes; ++i) {
            if (!taken[i])
                continue;
            // -0, NaN and all others by their bits, in the order of the numbers.
            auto const before = [](T a, T b) {
                constexpr bits sign = bits(1) << (8 * sizeof(T) - 1);
                bits const x = std::bit_cast<bits>(a), y = std::bit_cast<bits>(b);
                return (x & sign ? ~x : x | sign) < (y & sign ? ~y : y | sign);
            };
            auto const place = std::lower_bound(book.begin(), book.end(), numbers[i], before);
            if (place == book.end() || before(numbers[i], *place))
                book.insert(place, numbers[i]);
        }
        if (!book.empty() && book.size() <= most_codes && 2 * book.size() <= n - zeros)
            how = storage::coded;
    }
    double position = 0, code = 0, codebook = 0, raw = 0;
    bool const sparse = port.plain(zeros > 0, 1);
    how = storage(port.plain(std::uint64_t(how), 2));
    expect(how <= storage::affine, file, ": the data is damaged");
    if (sparse) {
        port.count_in(position);
        if constexpr (!Port::writes)
            std::fill(taken.begin(), taken.end(), std::uint8_t(0));
        position_codec(rows, columns).run(port, taken);
    }
    told.kept = std::count(taken.begin(), taken.end(), std::uint8_t(1));
    if (how == storage::affine) {
        auto tensor = known ? *known : affine_tensor<T>{told.extents, {}};
        run_affine(port, tensor, codebook, code, file);
        told.codes = 0;
        if constexpr (!Port::writes)
            tensor.copy_to(numbers);
        told.kept = std::count_if(numbers, numbers + size, [](T x) { return x != 0; });
    } else if (how == storage::coded) {
        port.count_in(codebook);
        std::size_t const size_of_book = std::size_t(port.plain(book.size() - 1, 8)) + 1;
        book.resize(size_of_book);
        run_numbers(port, book, file);
        port.count_in(code);
        code_codec codes(unsigned(std::bit_width(book.size() - 1)), columns);
        for (index r = 0; r < rows; ++r, codes.next_row())
            for (index c = 0; c < columns; ++c) {
                auto const i = std::size_t(r * columns + c);
                std::uint32_t which = 0;
                if constexpr (Port::writes)
                    while (taken[i] && std::bit_cast<bits>(book[which]) != std::bit_cast<bits>(numbers[i]))
                        ++which;
                if (taken[i])
                    which = codes.run(port, std::size_t(c), which);
                expect(which < book.size(), file, ": the data is damaged");
                if constexpr (!Port::writes)
                    numbers[i] = taken[i] ? book[which] : T(0);
            }
        told.codes = index(book.size());
    } else {
        port.count_in(raw);
        std::vector<T> kept(std::size_t(told.kept));
        std::size_t at = 0;
        if constexpr (Port::writes)
            for (std::size_t i = 0; i < n; ++i)
                if (taken[i])
                    kept[at++] = numbers[i];
        run_numbers(port, kept, file);
        if constexpr (!Port::writes)
            for (std::size_t i = 0; i < n; ++i)
                numbers[i] = taken[i] ? kept[at++] : T(0);
    }
    told.position = position / 8, told.code = code / 8, told.codebook = codebook / 8, told.raw = raw / 8;
}

/// Bytes that a packed file has for these numbers, or for their codes, where it is given some.
template <class T>
double packed_room(tensor_view<T> const& numbers, affine_tensor<T> const* codes) {
    packed_port<io::range_encoder> port;
    packed_tensor told{.name = {}, .extents = numbers.extents};
    if (numbers.size() > 0)
        run_tensor(port, numbers.data, told, codes, "pack");
    return told.bytes();
}

template <class T>
affine_tensor<T> const* codes_of(std::vector<coded_tensor<T>> const& known, std::string_view name) {
    for (auto const& each : known)
        if (each.name == name)
            return &each.codes;
    return nullptr;
}

/// Throws descent::error unless there is a grid and a code of the format wherever the extents say so: a file
/// holds no others.
template <class T>
void check_format(std::string_view name, affine_tensor<T> const& codes) {
    index const size = codes.extents.size();
    std::string const who = text("pack: codes of '", name, "'");
    codes.format.check(who);
    expect(index(codes.codes.size()) == size, who, ": ", codes.codes.size(), " codes for ",
           codes.extents.text());
    if (size == 0)
        return;
    expect(codes.share >= 1 && codes.share <= size, who, ": share = ", codes.share, ": must be in [1, ", size,
           "]");
    index const grids = codes.rows() * ((codes.columns() + codes.share - 1) / codes.share);
    expect(index(codes.grids.size()) == grids, who, ": ", codes.grids.size(), " grids: must be ", grids);
    int const lowest = codes.format.lowest(), highest = codes.format.highest(),
              last = codes.format.symmetric ? 0 : highest;
    for (auto const& grid : codes.grids)
        expect(grid.zero >= 0 && grid.zero <= last, who, ": zero = ", grid.zero, ": must be in [0, ", last,
               "]");
    for (int const code : codes.codes)
        expect(code >= lowest && code <= highest, who, ": code = ", code, ": must be in [", lowest, ", ",
               highest, "]");
}

/// Throws descent::error unless the model's tensors are what their codes stand for, each named once.
template <class T>
void check_codes(params<T> const& weights, std::vector<coded_tensor<T>> const& known) {
    expect_named_once("pack", known, &coded_tensor<T>::name);
    for (auto const& each : known) {
        auto const* const entry = weights.find(each.name);
        expect(entry != nullptr, "pack: codes of '", each.name, "': the model has only ", weights.names());
        expect(entry->extents == each.codes.extents, "pack: codes of '", each.name, "' are ",
               each.codes.extents.text(), ", the tensor ", entry->extents.text());
        check_format(each.name, each.codes);
        for (index i = 0; i < entry->size(); ++i)
            expect(std::bit_cast<packed_bits<T>>(each.codes.value(i)) ==
                       std::bit_cast<packed_bits<T>>(weights.data()[entry->offset + i]),
                   "pack: codes of '", each.name, "': number ", i, " is ", weights.data()[entry->offset + i],
                   ", the code says ", each.codes.value(i));
    }
}

/// The arenas of a model: weights, and what it keeps beside them.
template <class Model, class Use>
void for_each_arena(Model& model, Use const& use) {
    use(model.params());
    if constexpr (requires { model.state().entries(); })
        use(model.state());
}

/// Writes the model, or reads it into one with the same tensors.
template <class T, class Port, class Model>
packed_table run_model(Port& port, Model& model, std::vector<coded_tensor<T>> const& known,
                       std::string_view file) {
    packed_table table;
    double header = 0;
    port.count_in(header);
    std::uint64_t tensors = 0;
    for_each_arena(model, [&](auto const& arena) { tensors += arena.entries().size(); });
    bool const wide = port.plain(sizeof(T) == 8, 1);
    expect(wide == (sizeof(T) == 8), file, ": holds ", wide ? "F64" : "F32", ", the model ",
           io::to_text(io::dtype_of<T>));
    std::uint64_t const stored = port.number(tensors);
    expect(stored == tensors, file, ": holds ", stored, " tensors, the model ", tensors);
    name_codec names;
    for_each_arena(model, [&](auto& arena) {
        for (auto const& entry : arena.entries()) {
            packed_tensor told{.name = entry.name, .extents = entry.extents};
            double own = 0;
            port.count_in(own);
            std::string const name = names.run(port, entry.name);
            bool same = name == entry.name;
            std::string extents;
            auto const rank = int(port.plain(std::uint64_t(entry.extents.rank()), 3));
            for (int axis = 0; axis < rank; ++axis) {
                std::uint64_t const own_extent =
                    axis < entry.extents.rank() ? std::uint64_t(entry.extents[axis]) : 0;
                std::uint64_t const extent = port.number(own_extent);
                same = same && extent == own_extent;
                extents += text(axis ? ", " : "", extent);
            }
            expect(same && rank == entry.extents.rank(), file, ": tensor ", table.tensors.size(), " is '", name,
                   "' [", extents, "], the model's '", entry.name, "' ", entry.extents.text());
            auto* const numbers = const_cast<T*>(arena.data()) + entry.offset;
            if (entry.size() > 0)
                run_tensor(port, numbers, told, codes_of(known, entry.name), file);
            told.header = own / 8;
            table.unpacked += entry.size() * index(sizeof(T));
            table.tensors.push_back(std::move(told));
        }
    });
    return table;
}

}  // namespace detail

/// The model as bytes: its weights, and what it keeps beside them (running means), to the last bit. Each tensor
/// is stored as it needs least: zeros by the places of the others, up to 256 distinct numbers by a codebook and
/// codes, others as they are, in 16 bits where those hold them exactly. A model that was pruned, and whose
/// weights share codebooks, is 50 to 500 times smaller. Tensors for which `known` has the codes of to_affine
/// are stored as those and their scales. Throws descent::error where such codes do not stand for the model's
/// numbers, copy_to puts them there, where they, their zeros or grids are none of their format's, and where
/// `known` names a tensor twice.
template <class Model>
packed_model pack(Model const& model, std::vector<coded_tensor<typename Model::scalar>> const& known = {}) {
    using T = typename Model::scalar;
    detail::check_codes(model.params(), known);
    detail::packed_port<io::range_encoder> port;
    packed_model packed;
    packed.table = detail::run_model<T>(port, model, known, "pack");
    packed.bytes = detail::seal(detail::format_of_models, port.coder().finish());
    packed.table.bytes = index(packed.bytes.size());
    return packed;
}

/// Sets a model to what `pack` made of one with the same tensors: bit for bit, but masks are gone:
/// prune::mask_zeros makes them of the zeros again, which training on would fill. `file` stands for the file in
/// messages; see load_packed.
template <class Model>
packed_table unpack(Model& model, std::string_view bytes, std::string_view file = "packed model") {
    using T = typename Model::scalar;
    std::string_view const stream = detail::unseal(detail::format_of_models, bytes, file);
    struct {
        descent::params<T> weights, kept;
        descent::params<T>& params() { return weights; }
        descent::params<T>& state() { return kept; }
    } read;
    read.weights = model.params().like();
    if constexpr (requires { model.state().entries(); })
        read.kept = model.state().like();
    detail::packed_port<io::range_decoder> port{io::range_decoder(stream)};
    packed_table table = detail::run_model<T>(port, read, {}, file);
    table.bytes = index(bytes.size());
    model.params() = std::move(read.weights);
    if constexpr (requires { model.state().entries(); })
        model.state() = std::move(read.kept);
    return table;
}

/// Writes the model packed, whole or not at all, onto the disk, and says where the bytes went.
///
///     auto const table = quantize::save_packed(net, "net.dpk");
///     std::printf("%s%.0f times smaller\n", table.text().c_str(), table.ratio());
///
/// Throws descent::error for a file that cannot be written.
template <class Model>
packed_table save_packed(Model const& model, std::string const& path,
                         std::vector<coded_tensor<typename Model::scalar>> const& known = {}) {
    packed_model packed = pack(model, known);
    write_file(path, packed.bytes, {.sync = true});
    return std::move(packed.table);
}

/// Sets the model to what save_packed wrote of one with the same tensors: bit for bit, but masks are gone:
/// prune::mask_zeros makes them of the zeros again, which training on would fill. Throws descent::error, and
/// then the model is as it was, for a file that cannot be read, is none of these or of another version, is cut
/// short or damaged (it has a checksum), or is of another model: "net.dpk: tensor 2 is '4.weight' [10, 64], the
/// model's '4.weight' [10, 32]".
template <class Model>
packed_table load_packed(Model& model, std::string const& path) {
    return unpack(model, read_file(path), path);
}

}  // namespace descent::quantize
