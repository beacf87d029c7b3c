// SPDX-License-Identifier: Apache-2.0
#include "softmax_q8.h"

typedef struct {
    v16i carry, high_sum, low_sum;
} digit_sums;

// Digits j .. j + 16 of a row, 0 behind the first `lanes`.
EK_INLINE void put_weights(const int two, digit_sums *sums, ek_digits high, ek_digits low, size_t j, v16 x, v16 largest,
                           size_t lanes) {
    const v16i seven_bits = v16i_set1(127);
    const v16 weight = v16_weight(v16_sub(x, largest));
    v16i p = v16i_from_v16(lanes < EK_TILE ? v16_keep_n(weight, lanes) : weight);
    if (!two)
        p = v16i_add(p, sums->carry);
    const v16i p_high = v16i_shift_right(p, 7), p_low = v16i_and(p, seven_bits);
    v16i_store_i8(high.digits + j, p_high);
    sums->high_sum = v16i_add(sums->high_sum, p_high);
    sums->carry = p_low;
    if (two) {
        v16i_store_i8(low.digits + j, p_low);
        sums->low_sum = v16i_add(sums->low_sum, p_low);
    }
}

EK_INLINE digit_sums put_row(const int two, ek_digits high, ek_digits low, const float *row, size_t n) {
    static const int32_t first_carry[EK_TILE] = EK_FIRST_CARRY;
    const v16 largest = v16_set1(row_largest(row, n));
    digit_sums sums = {v16i_load(first_carry), v16i_zero(), v16i_zero()};
    size_t j = 0;
    for (; j + EK_TILE <= n; j += EK_TILE)
        put_weights(two, &sums, high, low, j, v16_load(row + j), largest, EK_TILE);
    if (j < n)
        put_weights(two, &sums, high, low, j, v16_load_n(row + j, n - j), largest, n - j);
    return sums;
}

EK_INLINE void two_digits(ek_digits high, ek_digits low, const float *row, size_t n) {
    const digit_sums sums = put_row(1, high, low, row, n);
    *high.sum = v16i_sum(sums.high_sum);
    *low.sum = v16i_sum(sums.low_sum);
    *low.scale = 1.0f / (float)(*high.sum * 128 + *low.sum);
    *high.scale = *low.scale * 128.0f;
}

EK_INLINE void one_digit(ek_digits high, const float *row, size_t n) {
    *high.sum = v16i_sum(put_row(0, high, high, row, n).high_sum);
    *high.scale = 1.0f / (float)*high.sum;
}

static EK_DECL_SOFTMAX_Q8(softmax_q8) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        const ek_digits high_row = {high.digits + i * lda, high.scale + i, high.sum + i};
        if (low.digits)
            two_digits(high_row, (ek_digits){low.digits + i * lda, low.scale + i, low.sum + i}, row, n);
        else
            one_digit(high_row, row, n);
    }
}
