// expects: no_8_bit_form_of<descent::nn::leaky_relu>.*conv2d .groups = 1., dense, batch_norm
// SPDX-License-Identifier: MIT
#include <descent/quantize/to_int8.hpp>

#ifdef FIXED
using between = descent::nn::relu;
#else
using between = descent::nn::leaky_relu;
#endif

void convert();
void convert() {
    descent::nn::network const net{descent::nn::input<float>{4},
                                   descent::nn::sequential{descent::nn::dense{3}, between{}}};
    descent::quantize::to_int8(net, descent::matrix<float>::Ones(2, 4));
}
