// SPDX-License-Identifier: Apache-2.0
#include "quantize.h"

#include <math.h>

// One row, a digit of it: codes with their sums.
typedef struct {
    int8_t *codes;
    int32_t *sum, *group_sum;
} digit_row;

static float within_codes(float v) {
    v = v > -127.0f ? v : -127.0f; // NaN compares false and lands here
    return v < 127.0f ? v : 127.0f;
}

static void put(digit_row row, size_t p, float v) {
    row.codes[p] = (int8_t)rintf(v);
    *row.sum += row.codes[p];
}

static void sum_groups(digit_row row, size_t k) {
    for (size_t g = 0; row.group_sum && g < ek_div_up(k, EK_GROUP); g++) {
        row.group_sum[g] = 0;
        for (size_t p = g * EK_GROUP; p < (g + 1) * EK_GROUP; p++)
            row.group_sum[g] += row.codes[p];
    }
}

EK_DECL_QUANTIZE(ek_quantize_q8_f32_ref) {
    const size_t groups = ek_div_up(k, EK_GROUP);
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        float high = 0.0f, low = 0.0f;
        for (size_t p = 0; p < k; p++) {
            high = row[p] > high ? row[p] : high;
            low = row[p] < low ? row[p] : low;
        }
        const float centre = (high + low) * 0.5f, reach = rows.middle ? high - centre : -low > high ? -low : high;
        const float most = rows.middle ? EK_MIDDLE_REACH : 127.0f, inverse = reach > 0.0f ? most / reach : 0.0f;
        const float zero = rows.middle ? rintf(within_codes(centre * inverse)) : 0.0f;
        digit_row digits[2];
        for (size_t d = 0; d < n_digits; d++) {
            const size_t at = d * m + i;
            digits[d] = (digit_row){rows.codes + at * rows.stride, rows.sum + at,
                                    rows.group_sum ? rows.group_sum + at * groups : NULL};
            *digits[d].sum = 0;
        }
        for (size_t p = 0; p < ek_q8_stride(k); p++) {
            float v = 0.0f;
            if (p < k)
                v = within_codes(rows.middle ? fmaf(row[p], inverse, -zero) : row[p] * inverse);
            put(digits[0], p, v);
            if (n_digits == 2)
                put(digits[1], p, (v - rintf(v)) * EK_SECOND_DIGIT);
        }
        rows.scale[i] = reach / most;
        if (rows.middle)
            rows.middle[i] = zero * rows.scale[i];
        if (n_digits == 2)
            rows.scale[m + i] = rows.scale[i] / EK_SECOND_DIGIT;
        for (size_t d = 0; d < n_digits; d++)
            sum_groups(digits[d], k);
    }
}
