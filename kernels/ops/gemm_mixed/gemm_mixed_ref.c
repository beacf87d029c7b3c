// SPDX-License-Identifier: Apache-2.0
#include "gemm_mixed.h"

#include <math.h>

EK_DECL_GEMM_MIXED(ek_gemm_f32_f32_q8_ref) {
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            const int8_t *column = w + (j / EK_TILE) * tile_stride + j % EK_TILE;
            float sum = 0.0f;
            for (size_t p = 0; p < k; p++)
                sum = fmaf(a[i * lda + p], (float)column[p * row_stride], sum);
            out[i * ldo + j] = scale ? scale[j] * sum : sum;
        }
    }
}
