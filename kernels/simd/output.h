// SPDX-License-Identifier: Apache-2.0
// How the products write a vector of results.
#ifndef EK_SIMD_OUTPUT_H
#define EK_SIMD_OUTPUT_H

#include "../common/mode.h"
#include "simd.h"

// Stores the first `lanes` lanes of `result` in y, or adds them to it.
EK_INLINE void v16_output(float *y, v16 result, size_t lanes, enum ek_mode mode) {
    if (mode == EK_ADD)
        result = v16_add(result, v16_load_n(y, lanes));
    v16_store_n(y, result, lanes);
}

#endif
