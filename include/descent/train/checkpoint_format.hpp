// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/crc32.hpp>
#include <descent/core/file.hpp>
#include <descent/io/safetensors.hpp>
#include <descent/train/report.hpp>

// A snapshot as a safetensors file, so that any reader of the format can look into a checkpoint: tensors
// "weights.<name>", "state.<name>", "best.<name>", "slot0.<name>", ..., numbers of the run in "run.counts" and
// "run.numbers", names and order in the metadata, whose first entry is a checksum of the whole file.
namespace descent {
namespace detail {

inline constexpr std::string_view checkpoint_version = "1";

/// Hexadecimal digits of a sum.
inline std::string hex8(std::uint32_t sum) {
    std::string digits(8, '0');
    for (std::size_t i = 8; i-- > 0; sum >>= 4)
        digits[i] = "0123456789abcdef"[sum & 15];
    return digits;
}

/// Where the checksum's digits stand in the file; they count as zeros in the sum.
inline constexpr std::string_view checksum_mark = "{\"__metadata__\":{\"checksum\":\"";
inline constexpr std::size_t checksum_at = 8 + checksum_mark.size();

inline std::uint32_t checkpoint_sum(std::string_view bytes) {
    std::uint32_t const front = crc32c("00000000", crc32c(bytes.substr(0, checksum_at)));
    return crc32c(bytes.substr(checksum_at + 8), front);
}

inline std::string to_json_list(std::vector<std::string> const& names) {
    std::string list = "[";
    for (std::string const& name : names)
        list += text(list.size() > 1 ? "," : "", io::to_json(name));
    return list + "]";
}

inline std::vector<std::string> from_json_list(io::safetensors const& file, std::string const& key) {
    std::vector<std::string> names;
    io::json_reader json(file.text_at(key), text(file.file, ": metadata '", key, "'"));
    json.array([&] { names.push_back(json.string()); });
    json.end();
    return names;
}

/// What is written: tensors and metadata of one file.
struct checkpoint_writer {
    std::vector<io::tensor_bytes> tensors = {};
    io::metadata notes = {};

    template <class T>
    void list(std::string name, std::vector<T> const& numbers) {
        tensors.push_back(io::to_bytes(std::move(name), {index(numbers.size())}, numbers.data()));
    }

    /// All tensors of one arena, with their order and masks.
    template <class T>
    void part(std::string const& name, params<T> const& all) {
        std::vector<std::string> names;
        for (auto const& entry : all.entries()) {
            names.push_back(entry.name);
            tensors.push_back(
                io::to_bytes(text(name, '.', entry.name), entry.extents, all.data() + entry.offset));
            if (all.masked()) {
                std::vector<bool> const keep = all.mask(entry.name);
                list(text(name, "-mask.", entry.name), std::vector<std::uint8_t>(keep.begin(), keep.end()));
            }
        }
        notes.emplace_back(name, to_json_list(names));
        notes.emplace_back(name + "-masked", all.masked() ? "yes" : "no");
    }
};

/// The same way back. Whatever the file says, nothing is read out of bounds.
struct checkpoint_reader {
    io::safetensors const& file;

    template <class T>
    std::vector<T> list(std::string_view name) const {
        io::stored_tensor const& tensor = typed<T>(name);
        std::vector<T> numbers(std::size_t(tensor.extents.size()));
        file.copy(tensor, numbers.data());
        return numbers;
    }

    template <class T>
    params<T> part(std::string const& name) const {
        std::vector<tensor_spec> specs;
        for (std::string const& each : from_json_list(file, name))
            specs.push_back({each, typed<T>(text(name, '.', each)).extents});
        params<T> all(specs);
        bool const masked = file.text_at(name + "-masked") == "yes";
        for (auto const& entry : all.entries()) {
            if (masked) {
                auto const keep = list<std::uint8_t>(text(name, "-mask.", entry.name));
                all.set_mask(entry.name, std::vector<bool>(keep.begin(), keep.end()));
            }
            file.copy(file.at(text(name, '.', entry.name)), all.data() + entry.offset);
        }
        return all;
    }

    template <class T>
    io::stored_tensor const& typed(std::string_view name) const {
        io::stored_tensor const& tensor = file.at(name);
        expect(tensor.type == io::dtype_of<T>, file.file, ": tensor '", name, "' is ", io::to_text(tensor.type),
               ": must be ", io::to_text(io::dtype_of<T>));
        return tensor;
    }
};

inline constexpr std::size_t history_columns = 6;

}  // namespace detail

/// The bytes that write_checkpoint writes.
template <class T>
std::string format_checkpoint(snapshot<T> const& now) {
    report<T> const& r = now.so_far;
    detail::checkpoint_writer to;
    to.notes = {{"checksum", "00000000"},
                {"descent checkpoint", std::string(detail::checkpoint_version)},
                {"reason", r.reason},
                {"metric names", detail::to_json_list(r.metric_names)},
                {"slots", text(now.optimizer.slots.size())},
                {"tensor states", text(now.optimizer.tensor_state.size())},
                {"callbacks", text(now.callbacks.size())}};
    to.part("weights", now.weights);
    to.part("state", now.state);
    to.part("best", r.best);
    to.part("best-state", r.best_state);
    to.part("averaged", r.averaged);
    to.part("averaged-state", r.averaged_state);
    for (std::size_t i = 0; i < now.optimizer.slots.size(); ++i)
        to.part(text("slot", i), now.optimizer.slots[i]);
    for (std::size_t i = 0; i < now.optimizer.tensor_state.size(); ++i)
        to.list(text("run.tensor-state.", i), now.optimizer.tensor_state[i]);
    for (std::size_t i = 0; i < now.callbacks.size(); ++i)
        to.list(text("run.callback.", i), now.callbacks[i]);
    to.list("run.memory", now.optimizer.memory);
    using whole = std::int64_t;
    to.list("run.counts", std::vector<whole>{now.epoch, now.batch, whole(now.seed), whole(now.model_steps),
                                             now.optimizer.steps, now.optimizer.calls, whole(r.status),
                                             r.best_epoch, r.epochs, r.steps, r.evaluations});
    to.list("run.numbers",
            std::vector<double>{now.loss_sum, r.loss, r.best_loss, r.gradient_norm, r.gap, r.seconds});
    std::vector<double> history;
    for (epoch_record const& each : r.history) {
        history.insert(history.end(), {double(each.epoch), double(each.steps), each.seconds, each.loss,
                                       each.validation, each.gradient_norm});
        for (std::size_t i = 0; i < r.metric_names.size(); ++i)
            history.push_back(i < each.metrics.size() ? each.metrics[i] : epoch_record::none);
    }
    to.tensors.push_back(io::to_bytes(
        "run.history", {index(r.history.size()), index(detail::history_columns + r.metric_names.size())},
        history.data()));
    std::string bytes = io::format_safetensors(to.tensors, to.notes);
    bytes.replace(detail::checksum_at, 8, detail::hex8(detail::checkpoint_sum(bytes)));
    return bytes;
}

/// Writes a snapshot to a file, whole or not at all, onto the disk: read_checkpoint gives back every bit of it.
/// Throws descent::error if it cannot be written; then an older file of that name is as it was.
template <class T>
void write_checkpoint(std::string const& path, snapshot<T> const& now) {
    write_file(path, format_checkpoint(now), {.sync = true});
}

/// Reads what format_checkpoint made; `name` stands for the file in messages. See read_checkpoint.
template <class T>
snapshot<T> parse_checkpoint(std::string bytes, std::string_view name = "checkpoint") {
    std::string_view const all(bytes);
    expect(all.size() > detail::checksum_at + 8 &&
               all.substr(8, detail::checksum_mark.size()) == detail::checksum_mark,
           name, ": it is no checkpoint");
    expect(all.substr(detail::checksum_at, 8) == detail::hex8(detail::checkpoint_sum(all)), name,
           ": the checksum is wrong: the file is cut short or damaged");
    io::safetensors const file = io::parse_safetensors(std::move(bytes), name);
    std::string const& version = file.text_at("descent checkpoint");
    expect(version == detail::checkpoint_version, name, ": checkpoint of version ", version,
           ": this program reads version ", detail::checkpoint_version);
    detail::checkpoint_reader const from{file};
    auto const count_of = [&](std::string const& key) {
        io::json_reader json(file.text_at(key), text(name, ": metadata '", key, "'"));
        return std::size_t(json.natural());
    };
    snapshot<T> now;
    report<T>& r = now.so_far;
    r.reason = file.text_at("reason");
    r.metric_names = detail::from_json_list(file, "metric names");
    now.weights = from.part<T>("weights");
    now.state = from.part<T>("state");
    r.best = from.part<T>("best");
    r.best_state = from.part<T>("best-state");
    r.averaged = from.part<T>("averaged");
    r.averaged_state = from.part<T>("averaged-state");
    for (std::size_t i = 0, n = count_of("slots"); i < n; ++i)
        now.optimizer.slots.push_back(from.part<T>(text("slot", i)));
    for (std::size_t i = 0, n = count_of("tensor states"); i < n; ++i)
        now.optimizer.tensor_state.push_back(from.list<T>(text("run.tensor-state.", i)));
    for (std::size_t i = 0, n = count_of("callbacks"); i < n; ++i)
        now.callbacks.push_back(from.list<double>(text("run.callback.", i)));
    now.optimizer.memory = from.list<double>("run.memory");
    auto const counts = from.list<std::int64_t>("run.counts");
    auto const numbers = from.list<double>("run.numbers");
    auto const history = from.list<double>("run.history");
    std::size_t const columns = detail::history_columns + r.metric_names.size();
    expect(counts.size() == 11 && numbers.size() == 6 && history.size() % columns == 0 && counts[6] >= 0 &&
               counts[6] <= int(status::stalled),
           name, ": the data is damaged");
    now.epoch = counts[0], now.batch = counts[1];
    now.seed = std::uint64_t(counts[2]), now.model_steps = std::uint64_t(counts[3]);
    now.optimizer.steps = counts[4], now.optimizer.calls = counts[5];
    r.status = status(counts[6]);
    r.best_epoch = counts[7], r.epochs = counts[8], r.steps = counts[9], r.evaluations = counts[10];
    now.loss_sum = numbers[0];
    r.loss = numbers[1], r.best_loss = numbers[2], r.gradient_norm = numbers[3], r.gap = numbers[4];
    r.seconds = numbers[5];
    for (auto at = history.begin(); at != history.end(); at += std::ptrdiff_t(columns)) {
        bool const whole = at[0] >= 0 && at[0] < 0x1p53 && at[1] >= 0 && at[1] < 0x1p53;
        expect(whole, name, ": the data is damaged");
        r.history.push_back({std::int64_t(at[0]), std::int64_t(at[1]), at[2], at[3], at[4], at[5],
                             std::vector<double>(at + 6, at + std::ptrdiff_t(columns))});
    }
    return now;
}

/// Reads a snapshot that write_checkpoint wrote: fit goes on from it by resume{...}, bit for bit. Throws
/// descent::error for a file that cannot be read, is no checkpoint, is cut short or damaged (it has a
/// checksum), is of another version, or of another type: "run/last.safetensors: tensor 'weights.bias' is F64:
/// must be F32".
template <class T>
snapshot<T> read_checkpoint(std::string const& path) {
    return parse_checkpoint<T>(read_file(path), path);
}

}  // namespace descent
