// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <descent/quantize/packed_table.hpp>

using namespace descent;

TEST_CASE("quantize packed_table: a table for people") {
    quantize::packed_table const table{.tensors = {{"0.weight", {10, 20}, 12, 4, 20.25, 3, 8.5, 0, 10},
                                                   {"0.bias", {10}, 10, 0, 0, 0, 0, 40, 5}},
                                       .bytes = 95,
                                       .unpacked = 840};
    CHECK(table.header() == 8.25);
    CHECK(table.text() ==
          "tensor                      numbers       kept      codes  positions      coded   codebook        "
          "raw     header      bytes\n"
          "0.weight                        200         12          4       20.3        3.0        8.5        "
          "0.0       10.0       41.8\n"
          "0.bias                           10         10          0        0.0        0.0        0.0       "
          "40.0        5.0       45.0\n"
          "all                             210         22                  20.3        3.0        8.5       "
          "40.0       23.3         95\n");
}
