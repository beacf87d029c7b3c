// SPDX-License-Identifier: Apache-2.0
#include "softmax_q8.h"

#include "../../common/mathf.h"

static int32_t weight_of(const float *row, float largest, size_t j, size_t n) {
    return j < n ? (int32_t)rintf(ek_weightf(row[j] - largest)) : 0;
}

static void two_digits(ek_q8_rows high, ek_q8_rows low, const float *row, float largest, size_t n) {
    int32_t high_sum = 0, low_sum = 0;
    for (size_t j = 0; j < ek_q8_stride(n); j++) {
        const int32_t p = weight_of(row, largest, j, n);
        high.codes[j] = (int8_t)(p >> 7);
        low.codes[j] = (int8_t)(p & 127);
        high_sum += p >> 7;
        low_sum += p & 127;
    }
    *high.sum = high_sum;
    *low.sum = low_sum;
    *low.scale = 1.0f / (float)(high_sum * 128 + low_sum);
    *high.scale = *low.scale * 128.0f;
}

static int32_t weight_in_steps(const float *row, float offset, size_t j, size_t n) {
    if (j >= n)
        return 0;
    float steps = fmaf(row[j], -EK_WEIGHT_STEPS, offset);
    steps = steps < EK_WEIGHT_MOST_STEPS ? steps : EK_WEIGHT_MOST_STEPS; // NaN compares false and lands here
    return ek_weight_below(steps > 0.0f ? (int32_t)rintf(steps) : 0);
}

static void one_digit(ek_q8_rows high, const float *row, float largest, size_t n) {
    int32_t carry[EK_CARRIES] = EK_FIRST_CARRY, sum = 0;
    for (size_t j = 0; j < ek_q8_stride(n); j++) {
        const int32_t v = weight_in_steps(row, largest * EK_WEIGHT_STEPS, j, n) + carry[j % EK_CARRIES];
        high.codes[j] = (int8_t)(v >> 7);
        carry[j % EK_CARRIES] = v & 127;
        sum += v >> 7;
    }
    *high.sum = sum;
    *high.scale = 1.0f / (float)sum;
}

EK_DECL_SOFTMAX_Q8(ek_softmax_q8_f32_ref) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        float largest = row[0];
        for (size_t j = 1; j < n; j++)
            largest = row[j] > largest ? row[j] : largest;
        const ek_q8_rows high_row = ek_q8_rows_from(high, i, n);
        if (low.codes)
            two_digits(high_row, ek_q8_rows_from(low, i, n), row, largest, n);
        else
            one_digit(high_row, row, largest, n);
    }
}
