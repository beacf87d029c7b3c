// SPDX-License-Identifier: Apache-2.0
#include "gemm_f32.h"

#include <math.h>

EK_DECL_GEMM_F32(ek_gemm_f32_f32_f32_ref) {
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            const float *column = w + (j / EK_TILE) * tile_stride + j % EK_TILE;
            float sum = 0.0f;
            for (size_t p = 0; p < k; p++)
                sum = fmaf(a[i * lda + p], column[p * row_stride], sum);
            if (bias)
                sum += bias[j];
            if (mode == EK_ADD)
                sum += out[i * ldo + j];
            out[i * ldo + j] = sum;
        }
    }
}
