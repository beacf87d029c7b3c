// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "quantize.h"

typedef struct {
    v16 inverse, zero; // x in steps: x * inverse, or x * inverse - zero from a middle
} steps;

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

// The centre of the range of k floats and 0, and how far it reaches from there.
EK_INLINE float row_reach(const float *row, size_t k, float *centre) {
    v16 high[2] = {v16_zero(), v16_zero()}, low[2] = {v16_zero(), v16_zero()};
    size_t p = 0;
    for (; p + 2 * EK_TILE <= k; p += 2 * EK_TILE) {
        EK_UNROLL for (size_t i = 0; i < 2; i++) {
            const v16 x = v16_load(row + p + i * EK_TILE);
            high[i] = v16_max(x, high[i]);
            low[i] = v16_min(x, low[i]);
        }
    }
    for (; p < k; p += EK_TILE) {
        const v16 x = v16_load_n(row + p, ek_min(k - p, EK_TILE));
        high[0] = v16_max(x, high[0]);
        low[0] = v16_min(x, low[0]);
    }
    const float highest = v16_largest(v16_max(high[0], high[1]));
    const float minus_lowest = v16_largest(v16_sub(v16_zero(), v16_min(low[0], low[1])));
    *centre = (highest - minus_lowest) * 0.5f;
    return highest - *centre;
}

EK_INLINE float within_codes(float v) {
    v = v > -127.0f ? v : -127.0f; // NaN compares false and lands here
    return v < 127.0f ? v : 127.0f;
}

// x in steps, for p .. p + 16 of a row of k; 0 behind its end.
EK_INLINE v16 steps_of(const int centred, const float *row, steps of, size_t p, size_t k) {
    const size_t lanes = p < k ? ek_min(k - p, EK_TILE) : 0;
    if (lanes == 0)
        return v16_zero();
    const v16 x = lanes == EK_TILE ? v16_load(row + p) : v16_load_n(row + p, lanes);
    const v16 v = centred ? v16_fma(x, of.inverse, of.zero) : v16_mul(x, of.inverse);
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

EK_INLINE void quantize_row(const int centred, const size_t n_digits, digit_row digits[2], const float *row, steps of,
                            size_t k) {
    const v16 second_digit = v16_set1(EK_SECOND_DIGIT);
    for (size_t p = 0; p < ek_q8_stride(k); p += EK_GROUP) {
        const v16 a = steps_of(centred, row, of, p, k), b = steps_of(centred, row, of, p + EK_TILE, k);
        put_group(&digits[0], p, k, a, b);
        if (n_digits == 2)
            put_group(&digits[1], p, k, v16_mul(v16_sub(a, v16_rint(a)), second_digit),
                      v16_mul(v16_sub(b, v16_rint(b)), second_digit));
    }
    for (size_t d = 0; d < n_digits; d++)
        *digits[d].sum = v16i_sum(digits[d].total);
}

EK_INLINE void quantize_rows(const int centred, int8_t *codes, float *scale, int32_t *sum, int32_t *group_sum,
                             float *middle, const float *x, size_t ldx, size_t m, size_t k, size_t n_digits) {
    const size_t stride = ek_q8_stride(k), groups = ek_div_up(k, EK_GROUP);
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        float centre = 0.0f, zero = 0.0f;
        const float reach = centred ? row_reach(row, k, &centre) : row_magnitude(row, k);
        const float most = centred ? EK_MIDDLE_REACH : 127.0f, inverse = reach > 0.0f ? most / reach : 0.0f;
        scale[i] = reach / most;
        if (centred) {
            zero = rintf(within_codes(centre * inverse));
            middle[i] = zero * scale[i];
        }
        const steps of = {v16_set1(inverse), v16_set1(-zero)};
        digit_row digits[2];
        for (size_t d = 0; d < n_digits; d++) {
            const size_t at = d * m + i;
            digits[d] = (digit_row){codes + at * stride, sum + at, group_sum ? group_sum + at * groups : NULL,
                                    v16i_zero()};
        }
        if (n_digits == 2) {
            scale[m + i] = scale[i] / EK_SECOND_DIGIT;
            quantize_row(centred, 2, digits, row, of, k);
        } else {
            quantize_row(centred, 1, digits, row, of, k);
        }
    }
}

static EK_DECL_QUANTIZE(quantize) {
    if (middle)
        quantize_rows(1, codes, scale, sum, group_sum, middle, x, ldx, m, k, n_digits);
    else
        quantize_rows(0, codes, scale, sum, group_sum, NULL, x, ldx, m, k, n_digits);
}
