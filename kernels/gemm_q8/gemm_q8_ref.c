// SPDX-License-Identifier: Apache-2.0
#include "gemm_q8.h"

#include <math.h>

EK_DECL_GEMM_Q8(ek_gemm_f32_q8_q8_ref) {
    (void)a_sum; // only variants whose dot instruction wants one unsigned side need it
    const size_t quads = ek_div_up(k, EK_QUAD);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            const int8_t *tile = w + (j / EK_TILE) * quads * EK_TILE * EK_QUAD + (j % EK_TILE) * EK_QUAD;
            int32_t dot = 0;
            for (size_t p = 0; p < k; p++)
                dot += a[i * lda + p] * tile[(p / EK_QUAD) * EK_TILE * EK_QUAD + p % EK_QUAD];
            float y = fmaf((float)dot, a_scale[i] * w_scale[j], bias ? bias[j] : 0.0f);
            if (middle)
                y = fmaf(middle[i], total[j], y);
            if (mode == EK_ADD)
                y += out[i * ldo + j];
            out[i * ldo + j] = y;
        }
    }
}
