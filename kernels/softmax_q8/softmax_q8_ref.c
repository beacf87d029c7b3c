// SPDX-License-Identifier: Apache-2.0
#include "softmax_q8.h"

#include "../common/mathf.h"

EK_DECL_SOFTMAX_Q8(ek_softmax_q8_f32_ref) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        float largest = row[0];
        for (size_t j = 1; j < n; j++)
            largest = row[j] > largest ? row[j] : largest;
        int32_t high_sum = 0, low_sum = 0;
        for (size_t j = 0; j < ek_round_up(n, EK_TILE); j++) {
            const int32_t p = j < n ? (int32_t)rintf(ek_expf(row[j] - largest) * (float)EK_WEIGHT_ONE) : 0;
            high.digits[i * lda + j] = (int8_t)(p >> 7);
            low.digits[i * lda + j] = (int8_t)(p & 127);
            high_sum += p >> 7;
            low_sum += p & 127;
        }
        high.sum[i] = high_sum;
        low.sum[i] = low_sum;
        low.scale[i] = 1.0f / (float)(high_sum * 128 + low_sum);
        high.scale[i] = low.scale[i] * 128.0f;
    }
}
