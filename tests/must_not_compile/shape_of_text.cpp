// expects: invalid conversion|no matching constructor
// SPDX-License-Identifier: MIT
#include <descent/core/tensor.hpp>

#ifdef FIXED
descent::shape const image{28, 28};
#else
descent::shape const image{"28", "28"};
#endif
