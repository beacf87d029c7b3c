// SPDX-License-Identifier: Apache-2.0
#ifndef EK_SOFTMAX_Q8_VEC_H
#define EK_SOFTMAX_Q8_VEC_H

#include "softmax_q8.h"

#include "../../simd/math.h"
#include "../softmax/softmax_vec.h"

typedef struct {
    v16i high, low;
} digit_sums;

// Two digits of weights j .. j + 16 of a row, 0 behind the first `lanes`.
EK_INLINE void put_weights(digit_sums *sums, ek_q8_rows high, ek_q8_rows low, size_t j, v16 x, v16 largest,
                           size_t lanes) {
    const v16 weight = v16_weight(v16_sub(x, largest));
    const v16i p = v16i_from_v16(lanes < EK_TILE ? v16_keep_n(weight, lanes) : weight);
    const v16i p_high = v16i_shift_right(p, 7), p_low = v16i_and(p, v16i_set1(127));
    v16i_store_i8(high.codes + j, p_high);
    v16i_store_i8(low.codes + j, p_low);
    sums->high = v16i_add(sums->high, p_high);
    sums->low = v16i_add(sums->low, p_low);
}

EK_INLINE void two_digits(ek_q8_rows high, ek_q8_rows low, const float *row, v16 largest, size_t n) {
    digit_sums sums = {v16i_zero(), v16i_zero()};
    size_t j = 0;
    for (; j + EK_TILE <= n; j += EK_TILE)
        put_weights(&sums, high, low, j, v16_load(row + j), largest, EK_TILE);
    if (j < n)
        put_weights(&sums, high, low, j, v16_load_n(row + j, n - j), largest, n - j);
    for (j = ek_round_up(n, EK_TILE); j < ek_q8_stride(n); j += EK_TILE) {
        v16i_store_i8(high.codes + j, v16i_zero());
        v16i_store_i8(low.codes + j, v16i_zero());
    }
    *high.sum = v16i_sum(sums.high);
    *low.sum = v16i_sum(sums.low);
    *low.scale = 1.0f / (float)(*high.sum * 128 + *low.sum);
    *high.scale = *low.scale * 128.0f;
}

// Steps of keys j .. j + 16 below the largest; as many as there can be behind the last key, whose weight is 0.
EK_INLINE v16 steps_below(const float *row, v16 offset, size_t j, size_t n) {
    const v16 most = v16_set1(EK_WEIGHT_MOST_STEPS), a_step = v16_set1(-EK_WEIGHT_STEPS);
    const size_t lanes = j < n ? ek_min(n - j, EK_TILE) : 0;
    if (lanes == 0)
        return most;
    if (lanes == EK_TILE)
        return v16_min(v16_fma(v16_load(row + j), a_step, offset), most);
    const v16 below = v16_min(v16_fma(v16_load_n(row + j, lanes), a_step, offset), most);
    return v16_sub(most, v16_keep_n(v16_sub(most, v16_rint(below)), lanes));
}

// High digits of weights, and the low ones for those that come next.
EK_INLINE v32 carried(v32 weights, v32 *carry) {
    const v32 v = v32_add(weights, *carry);
    *carry = v32_and(v, v32_set1(127));
    return v32_shift_right(v, 7);
}

// Digits j .. j + 64; returns sums that together are theirs.
EK_INLINE v16i put_64(int8_t *digits, const float *row, v16 offset, size_t j, size_t n, v32 *carry) {
    v16 below[4];
    EK_UNROLL for (size_t t = 0; t < 4; t++) below[t] = steps_below(row, offset, j + t * EK_TILE, n);
    const v32 first = carried(v32_weight_below(v32_from_v16(below[0], below[1])), carry);
    return v64_store_digits(digits, first, carried(v32_weight_below(v32_from_v16(below[2], below[3])), carry));
}

EK_INLINE void one_digit(ek_q8_rows high, const float *row, float largest, size_t n) {
    enum { AT_ONCE = 4 * EK_TILE };
    static const float first_carry[EK_CARRIES] = EK_FIRST_CARRY;
    const v16 offset = v16_set1(largest * EK_WEIGHT_STEPS);
    v32 carry = v32_from_v16(v16_load(first_carry), v16_load(first_carry + EK_TILE));
    v16i sum = v16i_zero();
    size_t j = 0;
    for (; j + AT_ONCE <= n; j += AT_ONCE)
        sum = v16i_add(sum, put_64(high.codes + j, row, offset, j, j + AT_ONCE, &carry));
    if (j < n)
        sum = v16i_add(sum, put_64(high.codes + j, row, offset, j, n, &carry));
    *high.sum = v16i_sum(sum);
    *high.scale = 1.0f / (float)*high.sum;
}

static EK_DECL_SOFTMAX_Q8(softmax_q8) {
    enum { ROWS = 4 }; // whose largest are found before the first one's digits: neither then waits for the other
    for (size_t first = 0; first < m; first += ROWS) {
        const size_t last = ek_min(first + ROWS, m);
        float largest[ROWS];
        for (size_t i = first; i < last; i++)
            largest[i - first] = row_largest(x + i * ldx, n);
        for (size_t i = first; i < last; i++) {
            const ek_q8_rows high_row = ek_q8_rows_from(high, i, n);
            if (low.codes)
                two_digits(high_row, ek_q8_rows_from(low, i, n), x + i * ldx,
                           v16_set1(largest[i - first]), n);
            else
                one_digit(high_row, x + i * ldx, largest[i - first], n);
        }
    }
}

#endif
