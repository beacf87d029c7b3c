// SPDX-License-Identifier: Apache-2.0
// How every product ends: a vector of results, stored or added to what is there.
#ifndef EK_SIMD_OUTPUT_H
#define EK_SIMD_OUTPUT_H

#include "../gemm_f32/gemm_f32.h"

// The first `lanes` of `result` into y.
EK_INLINE void v16_output(float *y, v16 result, size_t lanes, enum ek_mode mode) {
    if (mode == EK_ADD)
        result = v16_add(result, v16_load_n(y, lanes));
    v16_store_n(y, result, lanes);
}

#endif
