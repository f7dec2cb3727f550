// SPDX-License-Identifier: MIT
// Published files of each format, counted. Their folder is named by the environment variable DESCENT_DATA.
#include <cstdlib>
#include <string>
#include <vector>

#include <descent/data/cache.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/csv.hpp>
#include <descent/data/idx.hpp>
#include <descent/data/libsvm.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

/// The path of a data file, or an empty text, said aloud, where the data or the means are not at hand.
std::string data_file(std::string const& name, bool packed) {
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr || (packed && !DESCENT_ZLIB_ENABLED)) {
        WARN("skipped: " << (folder ? "zlib is not there" : "DESCENT_DATA is not set"));
        return "";
    }
    return folder + ("/" + name);
}

using counts = std::vector<int>;

counts label_counts(vector<float> const& y) {
    counts found(10);
    for (float const label : y)
        ++found.at(std::size_t(label));
    return found;
}

}  // namespace

TEST_CASE("data libsvm real: a9a and farm-ads") {
    if (std::string const path = data_file("libsvm/a9a", false); !path.empty()) {
        auto const train = data::read_libsvm(path, {.classes = true});
        CHECK(train.samples() == 32561);
        CHECK(train.features() == 123);
        CHECK(train.x.nonzeros() == 451592);
        CHECK(train.class_names == std::vector<std::string>{"-1", "1"});
        std::string const packed = data::format_cache(train);
        CHECK(packed.size() < 197537);  // gzip -9 of the text
        auto const back = data::parse_cache<data::sparse_dataset<float>>(packed);
        CHECK(back.x.columns == train.x.columns);
        CHECK(back.y == train.y);
        CHECK(label_counts(train.y)[1] == 7841);
        auto const test = data::read_libsvm(path + ".t", {.features = 123, .class_names = train.class_names});
        CHECK(test.samples() == 16281);
        CHECK(test.features() == 123);
        CHECK(label_counts(test.y)[1] == 3846);
    }
    if (std::string const path = data_file("libsvm/farm-ads.train.gz", true); !path.empty()) {
        auto const table = data::read_libsvm(path, {.classes = true});
        CHECK(table.samples() == 3315);
        CHECK(table.features() == 54877);
        CHECK(table.x.nonzeros() == 649534);
    }
}

TEST_CASE("data idx real: MNIST") {
    std::string const path = data_file("mnist/", true);
    if (path.empty())
        return;
    auto const train = data::read_idx(path + "train-images-idx3-ubyte.gz", path + "train-labels-idx1-ubyte.gz");
    CHECK(train.samples() == 60000);
    CHECK(train.features() == 784);
    CHECK(label_counts(train.y) == counts{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
    CHECK(train.y.head(5) == vector<float>{{5, 0, 4, 1, 9}});
    double sum = 0;
    for (float const pixel : train.x.reshaped())
        sum += double(pixel);
    CHECK(std::abs(sum / (60000.0 * 784 * 255) - 0.130660) < 5e-7);
    CHECK(data::read_idx_array(path + "t10k-images-idx3-ubyte.gz").extents ==
          std::vector<descent::index>{10000, 28, 28});
    auto const test = data::read_idx(path + "t10k-images-idx3-ubyte.gz");
    std::string const packed = data::format_cache(test);
    CHECK(packed.size() < 1648877);  // its gzip file
    CHECK(data::parse_cache<data::dataset<float>>(packed).x == test.x);
}

TEST_CASE("data cifar real: batch 1") {
    std::string const path = data_file("cifar10/data_batch_1.bin.gz", true);
    if (path.empty())
        return;
    auto const table = data::read_cifar10({path});
    CHECK(table.samples() == 10000);
    CHECK(label_counts(table.y) == counts{1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981});
    CHECK(table.y.head(5) == vector<float>{{6, 9, 9, 4, 1}});
}

TEST_CASE("data csv real: optdigits") {
    std::string const path = data_file("optdigits/optdigits.", false);
    if (path.empty())
        return;
    auto const train = data::read_csv(path + "tra", {.target = -1, .header = false, .classes = true});
    auto const test =
        data::read_csv(path + "tes", {.target = -1, .header = false, .class_names = train.class_names});
    CHECK(train.samples() == 3823);
    CHECK(test.samples() == 1797);
    CHECK(train.features() == 64);
    CHECK(test.classes() == 10);
    CHECK(train.x.maxCoeff() == 16.0f);
}
