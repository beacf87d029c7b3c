// SPDX-License-Identifier: Apache-2.0
#include "quantize_columns.h"

#include <math.h>

EK_DECL_QUANTIZE_COLUMNS(ek_quantize_columns_q8_f32_ref) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    for (size_t j = 0; j < n; j++) {
        float largest = 0.0f;
        for (size_t p = 0; p < k; p++)
            largest = fabsf(x[p * ldx + j]) > largest ? fabsf(x[p * ldx + j]) : largest;
        const float inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
        int8_t *column = w + (j / EK_TILE) * quads * EK_TILE * EK_QUAD + (j % EK_TILE) * EK_QUAD;
        scale[j] = largest / 127.0f;
        for (size_t p = 0; p < quads * EK_QUAD; p++) {
            float v = p < k ? rintf(x[p * ldx + j] * inverse) : 0.0f;
            v = v > -127.0f ? v : -127.0f;
            v = v < 127.0f ? v : 127.0f;
            column[(p / EK_QUAD) * EK_TILE * EK_QUAD + p % EK_QUAD] = (int8_t)v;
        }
    }
}
