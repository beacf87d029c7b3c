// SPDX-License-Identifier: Apache-2.0
#ifndef EK_RMS_NORM_VEC_H
#define EK_RMS_NORM_VEC_H

#include "rms_norm.h"

#include <math.h>

#include "../../simd/simd.h"

static EK_DECL_RMS_NORM(rms_norm) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        v16 squares = v16_zero();
        for (size_t j = 0; j < n; j += EK_TILE) {
            const v16 v = v16_load_n(row + j, ek_min(n - j, EK_TILE)); // lanes past the end are 0 and add nothing
            squares = v16_fma(v, v, squares);
        }
        const v16 scale = v16_set1(1.0f / sqrtf(v16_sum(squares) / (float)n + epsilon));
        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            const v16 v = v16_mul(v16_load_n(row + j, lanes), scale);
            v16_store_n(out + i * ldo + j, v16_mul(v, v16_load_n(weight + j, lanes)), lanes);
        }
    }
}

#endif
