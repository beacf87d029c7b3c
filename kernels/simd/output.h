// SPDX-License-Identifier: Apache-2.0
// What the products share: how many streams of weights they read at once, and how a vector of results ends.
#ifndef EK_SIMD_OUTPUT_H
#define EK_SIMD_OUTPUT_H

#include "../common/mode.h"
#include "simd.h"

// For so few rows reading the weights is all that takes time, and one stream is read faster than several. (Not in
// float32, where a sum of one row and one tile waits for itself.)
enum { STREAM_ROWS = 2 };

// The first `lanes` of `result` into y.
EK_INLINE void v16_output(float *y, v16 result, size_t lanes, enum ek_mode mode) {
    if (mode == EK_ADD)
        result = v16_add(result, v16_load_n(y, lanes));
    v16_store_n(y, result, lanes);
}

#endif
