// SPDX-License-Identifier: MIT
// seeds FOLDER: a small sound file per reader, from which its fuzzer starts.
#include <string>
#include <vector>

#include <descent/data/cache.hpp>
#include <descent/data/csv.hpp>
#include <descent/data/libsvm.hpp>
#include <descent/data/npz.hpp>
#include <descent/plot/detail/png.hpp>
#include <descent/quantize/int8_file.hpp>
#include <descent/quantize/packed.hpp>
#include <descent/train/checkpoint_format.hpp>

#include "int8_network.hpp"
#include "packed_model.hpp"

using namespace descent;

int main(int, char** arguments) {
    auto const seed = [&](std::string const& reader, std::string const& bytes) {
        write_file(text(arguments[1], "/", reader, "/seed"), bytes);
    };
    std::string const csv = "a,\"b\"\"\",c\r\n1,-2.5e1,\"x\ny\"\n,NA,z\n",
                      svm = "+1 qid:3 1:0.5 7:-2 # note\n-1 2:1\n";
    seed("csv", csv);
    seed("stream", csv);
    seed("libsvm", svm);
    seed("idx", std::string("\0\0\x08\x02\0\0\0\2\0\0\0\1ab", 14));
    seed("cifar", std::string(3073, '\1'));
    data::nd_array<double> const array{{2, 3}, {1, 2, 3, 4, 5, 6}};
    seed("npy", data::format_npy(array));
    seed("npz", data::format_npz<double, true>({{"x", array}, {"y", array}}, {.pack = true}));
    // gzip.compress(b"1 1:2\n-1 3:0.5\n", mtime=0)
    seed("gzip",
         std::string("\x1f\x8b\x08\0\0\0\0\0\x02\x03\x33\x54\x30\xb4\x32\xe2\xd2\x35\x54\x30\xb6\x32\xd0\x33"
                     "\xe5\x02\0\x91\xeb\x39\x30\x0f\0\0\0",
                     35));
    seed("image", plot::detail::png("abcdefghijklmnopqr", 2, 3, true));
    // 8 x 8 gray pixels, written by Pillow.
    write_file(
        text(arguments[1], "/image/jpeg"),
        std::string(
            "\377\330\377\340\000\020\112\106\111\106\000\001\001\000\000\001\000\001\000\000\377\333\000\103"
            "\000\010\006\006\007\006\005\010\007\007\007\011\011\010\012\014\024\015\014\013\013\014\031\022"
            "\023\017\024\035\032\037\036\035\032\034\034\040\044\056\047\040\042\054\043\034\034\050\067\051"
            "\054\060\061\064\064\064\037\047\071\075\070\062\074\056\063\064\062\377\300\000\013\010\000\010"
            "\000\010\001\001\021\000\377\304\000\024\000\001\000\000\000\000\000\000\000\000\000\000\000\000"
            "\000\000\000\005\377\304\000\030\020\000\002\003\000\000\000\000\000\000\000\000\000\000\000\000"
            "\000\000\006\043\062\241\377\332\000\010\001\001\000\000\077\000\005\155\072\221\341\377\331",
            167));
    auto const inner = [](std::string const& bytes) {
        std::size_t const mark = data::detail::cache_mark.size();
        return bytes.substr(mark, bytes.size() - mark - 4);
    };
    data::dataset<float> const dense{matrix<float>::Identity(40, 3), vector<float>::Ones(40), {"a", "b", "c"}};
    seed("cache", inner(data::format_cache(dense)));
    seed("sparse_cache", inner(data::format_cache(data::parse_libsvm<float>(svm + svm))));

    float const numbers[] = {1, -2, 0.5f};
    seed("safetensors", io::format_safetensors({io::to_bytes("w", {3}, numbers),
                                                io::to_bytes("h", {1, 3}, numbers, io::dtype::f16),
                                                io::to_bytes("b", {1}, numbers, io::dtype::i8)},
                                               {{"k", "v"}}));
    snapshot<float> run;
    run.weights = params<float>{{"w", {2}}, {"b", {}}};
    run.weights.set_mask("w", {true, false});
    run.optimizer.slots = {run.weights.like()};
    run.callbacks = {{1, 2}};
    run.so_far.metric_names = {"accuracy"};
    run.so_far.history = {{1, 2, 3, 4, 5, 6, {7}}};
    seed("checkpoint", format_checkpoint(run));
    auto const packed = packed_model_of_all_kinds();
    seed("packed", quantize::pack(packed.model, packed.codes).bytes);
    seed("int8", quantize::pack_int8(int8_network_of_all_kinds()).bytes);
}
