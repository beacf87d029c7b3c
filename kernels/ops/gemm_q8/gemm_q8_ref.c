// SPDX-License-Identifier: Apache-2.0
#include "gemm_q8.h"

#include <math.h>

// Does without a.sum: only variants whose dot instruction wants one unsigned side need it.
EK_DECL_GEMM_Q8(ek_gemm_f32_q8_q8_ref) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            const int8_t *row = a.codes + i * a.stride;
            const int8_t *column = w.tiles + (j / EK_TILE) * quads * EK_TILE * EK_QUAD + (j % EK_TILE) * EK_QUAD;
            int32_t dot = 0;
            for (size_t p = 0; p < k; p++)
                dot += row[p] * column[(p / EK_QUAD) * EK_TILE * EK_QUAD + p % EK_QUAD];
            float y = fmaf((float)dot, a.scale[i] * w.scale[j], bias ? bias[j] : 0.0f);
            if (a.middle)
                y = fmaf(a.middle[i], w.total[j], y);
            if (mode == EK_ADD)
                y += out[i * ldo + j];
            out[i * ldo + j] = y;
        }
    }
}
