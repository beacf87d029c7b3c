// SPDX-License-Identifier: Apache-2.0
#include "quantize.h"

// Largest magnitude of k floats; four vectors at a time, for one alone waits for itself.
EK_INLINE float row_magnitude(const float *row, size_t k) {
    v16 most[4] = {v16_zero(), v16_zero(), v16_zero(), v16_zero()};
    size_t p = 0;
    for (; p + 4 * EK_TILE <= k; p += 4 * EK_TILE)
        EK_UNROLL for (size_t i = 0; i < 4; i++) most[i] = v16_max(v16_abs(v16_load(row + p + i * EK_TILE)), most[i]);
    for (; p < k; p += EK_TILE)
        most[0] = v16_max(v16_abs(v16_load_n(row + p, ek_min(k - p, EK_TILE))), most[0]);
    return v16_largest(v16_max(v16_max(most[0], most[1]), v16_max(most[2], most[3])));
}

// x in steps of its row's scale, for p .. p + 16 of a row of k; 0 behind its end.
EK_INLINE v16 steps_of(const float *row, v16 inverse, size_t p, size_t k) {
    const size_t lanes = p < k ? ek_min(k - p, EK_TILE) : 0;
    if (lanes == 0)
        return v16_zero();
    const v16 v = v16_mul(lanes == EK_TILE ? v16_load(row + p) : v16_load_n(row + p, lanes), inverse);
    const v16 within = v16_min(v16_max(v, v16_set1(-127.0f)), v16_set1(127.0f)); // max first: it turns a NaN into -127
    return lanes == EK_TILE ? within : v16_keep_n(within, lanes);
}

typedef struct {
    int8_t *codes;
    int32_t *sum, *group_sum; // group_sum: NULL where nobody asks
    v16i total;
} digit_row;

EK_INLINE void put_group(digit_row *row, size_t p, size_t k, v16 first, v16 second) {
    const v16i low = v16i_from_v16(first), high = v16i_from_v16(second), group = v16i_add(low, high);
    v16i_store_i8(row->codes + p, low);
    v16i_store_i8(row->codes + p + EK_TILE, high);
    row->total = v16i_add(row->total, group);
    if (row->group_sum && p < k)
        row->group_sum[p / EK_GROUP] = v16i_sum(group);
}

EK_INLINE void quantize_row(const size_t n_digits, digit_row digits[2], const float *row, v16 inverse, size_t k) {
    const v16 second_digit = v16_set1(EK_SECOND_DIGIT);
    for (size_t p = 0; p < ek_q8_stride(k); p += EK_GROUP) {
        const v16 a = steps_of(row, inverse, p, k), b = steps_of(row, inverse, p + EK_TILE, k);
        put_group(&digits[0], p, k, a, b);
        if (n_digits == 2)
            put_group(&digits[1], p, k, v16_mul(v16_sub(a, v16_rint(a)), second_digit),
                      v16_mul(v16_sub(b, v16_rint(b)), second_digit));
    }
    for (size_t d = 0; d < n_digits; d++)
        *digits[d].sum = v16i_sum(digits[d].total);
}

static EK_DECL_QUANTIZE(quantize) {
    const size_t stride = ek_q8_stride(k), groups = ek_div_up(k, EK_GROUP);
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        const float largest = row_magnitude(row, k);
        const v16 inverse = v16_set1(largest > 0.0f ? 127.0f / largest : 0.0f);
        digit_row digits[2];
        for (size_t d = 0; d < n_digits; d++) {
            const size_t at = d * m + i;
            digits[d] = (digit_row){codes + at * stride, sum + at, group_sum ? group_sum + at * groups : NULL,
                                    v16i_zero()};
        }
        scale[i] = largest / 127.0f;
        if (n_digits == 2) {
            scale[m + i] = scale[i] / EK_SECOND_DIGIT;
            quantize_row(2, digits, row, inverse, k);
        } else {
            quantize_row(1, digits, row, inverse, k);
        }
    }
}
