// SPDX-License-Identifier: Apache-2.0
#include "quantize.h"

#include <math.h>

static int8_t code_of(float x, float inverse) {
    float v = rintf(x * inverse);
    v = v > -127.0f ? v : -127.0f; // NaN compares false and lands here
    v = v < 127.0f ? v : 127.0f;
    return (int8_t)v;
}

EK_DECL_QUANTIZE(ek_quantize_q8_f32_ref) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        int8_t *out = codes + i * ek_q8_stride(k);
        float largest = 0.0f;
        for (size_t p = 0; p < k; p++)
            largest = fabsf(row[p]) > largest ? fabsf(row[p]) : largest;
        float inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
        scale[i] = largest / 127.0f;
        sum[i] = 0;
        for (size_t p = 0; p < ek_q8_stride(k); p++) {
            out[p] = p < k ? code_of(row[p], inverse) : 0;
            sum[i] += out[p];
        }
        for (size_t g = 0; group_sum && g < ek_div_up(k, EK_GROUP); g++) {
            int32_t *group = group_sum + i * ek_div_up(k, EK_GROUP) + g;
            *group = 0;
            for (size_t p = g * EK_GROUP; p < (g + 1) * EK_GROUP; p++)
                *group += out[p];
        }
    }
}
