// SPDX-License-Identifier: Apache-2.0
#ifndef EK_QUANTIZE_VEC_H
#define EK_QUANTIZE_VEC_H

#include "quantize.h"

#include <math.h>

#include "../../simd/simd.h"

// Rows whose ranges are found before the first one's codes are: neither then waits for the other.
enum { QUANTIZE_ROWS = 16, QUANTIZE_CODES = 64 };

// x in steps: x * inverse, or x * inverse - zero from a middle.
typedef struct {
    float inverse, zero;
} row_steps;

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

// The range of a row and 0.
typedef struct {
    float high, minus_low;
} row_range;

EK_INLINE row_range range_of(v16 high, v16 low) {
    return (row_range){v16_largest(high), v16_largest(v16_sub(v16_zero(), low))};
}

EK_INLINE row_range find_range(const float *row, size_t k) {
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
    return range_of(v16_max(high[0], high[1]), v16_min(low[0], low[1]));
}

EK_INLINE float within_codes(float v) {
    v = v > -127.0f ? v : -127.0f; // NaN compares false and lands here
    return v < 127.0f ? v : 127.0f;
}

// What a call writes, and its sizes.
typedef struct {
    ek_q8_rows rows;
    size_t m, k;
} quantized_rows;

// Sets row i's scale and middle, from the middle of its range or (not centred) from one that reaches as far on both
// sides.
EK_INLINE row_steps scale_row(const int centred, const size_t n_digits, quantized_rows out, size_t i, row_range range) {
    const float centre = centred ? (range.high - range.minus_low) * 0.5f : 0.0f, reach = range.high - centre;
    const float most = centred ? EK_MIDDLE_REACH : 127.0f, inverse = reach > 0.0f ? most / reach : 0.0f;
    const float zero = centred ? rintf(within_codes(centre * inverse)) : 0.0f;
    out.rows.scale[i] = reach / most;
    if (centred)
        out.rows.middle[i] = zero * out.rows.scale[i];
    if (n_digits == 2)
        out.rows.scale[out.m + i] = out.rows.scale[i] / EK_SECOND_DIGIT;
    return (row_steps){inverse, zero};
}

// x in steps, for p .. p + 16 of a row of k; 0 behind its end. As v16i_codes wants it.
EK_INLINE v16 in_steps(const int centred, const size_t n_digits, const float *row, row_steps of, size_t p, size_t k) {
    const size_t lanes = p < k ? ek_min(k - p, EK_TILE) : 0;
    if (lanes == 0)
        return v16_zero();
    const v16 x = lanes == EK_TILE ? v16_load(row + p) : v16_load_n(row + p, lanes), inverse = v16_set1(of.inverse);
    const v16 exact = centred ? v16_fma(x, inverse, v16_set1(-of.zero)) : v16_mul(x, inverse);
    // A row of next to nothing has an infinite inverse. The bound comes first: a NaN stays one.
    v16 v = v16_min(v16_set1(127.0f), exact);
    if (n_digits == 2)
        v = v16_max(v, v16_set1(-127.0f)); // turns a NaN into -127
    return lanes == EK_TILE ? v : v16_keep_n(v, lanes);
}

EK_INLINE v16i store_codes(int8_t *codes, const v16 v[4]) {
    return v64_store_i8(codes, v16i_codes(v[0]), v16i_codes(v[1]), v16i_codes(v[2]), v16i_codes(v[3]));
}

EK_INLINE void put_groups(int32_t *group_sum, v16i quads, size_t p, size_t k) {
    group_sum[p / EK_GROUP] = v16i_sum_first(quads);
    if (p + EK_GROUP < k)
        group_sum[p / EK_GROUP + 1] = v16i_sum_second(quads);
}

EK_INLINE v16 second_digit(v16 v) { return v16_mul(v16_sub(v, v16_rint(v)), v16_set1(EK_SECOND_DIGIT)); }

EK_INLINE void code_row(const int centred, const size_t n_digits, quantized_rows out, size_t i, const float *row,
                       row_steps of) {
    const size_t k = out.k, stride = out.rows.stride, groups = ek_div_up(k, EK_GROUP), j = out.m + i;
    v16i total = v16i_zero(), second_total = v16i_zero();
    for (size_t p = 0; p < k; p += QUANTIZE_CODES) {
        v16 v[4];
        EK_UNROLL for (size_t t = 0; t < 4; t++) v[t] = in_steps(centred, n_digits, row, of, p + t * EK_TILE, k);
        const v16i quads = store_codes(out.rows.codes + i * stride + p, v);
        total = v16i_add(total, quads);
        if (out.rows.group_sum)
            put_groups(out.rows.group_sum + i * groups, quads, p, k);
        if (n_digits == 1)
            continue;
        EK_UNROLL for (size_t t = 0; t < 4; t++) v[t] = second_digit(v[t]);
        const v16i second = store_codes(out.rows.codes + j * stride + p, v);
        second_total = v16i_add(second_total, second);
        if (out.rows.group_sum)
            put_groups(out.rows.group_sum + j * groups, second, p, k);
    }
    out.rows.sum[i] = v16i_sum(total);
    if (n_digits == 2)
        out.rows.sum[j] = v16i_sum(second_total);
}

EK_INLINE void quantize_rows(const int centred, const size_t n_digits, quantized_rows out, const float *x, size_t ldx) {
    for (size_t first = 0, rows; first < out.m; first += rows) {
        row_steps of[QUANTIZE_ROWS];
        rows = ek_min(out.m - first, QUANTIZE_ROWS);
        for (size_t i = 0; i < rows; i++) {
            const float *row = x + (first + i) * ldx;
            const row_range range = centred ? find_range(row, out.k) : (row_range){row_magnitude(row, out.k), 0.0f};
            of[i] = scale_row(centred, n_digits, out, first + i, range);
        }
        for (size_t i = 0; i < rows; i++)
            code_row(centred, n_digits, out, first + i, x + (first + i) * ldx, of[i]);
    }
}

// Rows first .. first + 16, of n_vectors whole vectors, at most four: what attention takes of a head. They are too
// short to look for each one's largest magnitude, or to add its codes up, by itself.
EK_INLINE void quantize_short_rows(const size_t n_vectors, quantized_rows out, size_t first, const float *x,
                                   size_t ldx) {
    v16 most[EK_TILE];
    v16i totals[EK_TILE];
    float reach[EK_TILE], inverse[EK_TILE];
    EK_UNROLL for (size_t i = 0; i < EK_TILE; i++) {
        most[i] = v16_zero();
        EK_UNROLL for (size_t t = 0; t < n_vectors; t++)
            most[i] = v16_max(v16_abs(v16_load(x + (first + i) * ldx + t * EK_TILE)), most[i]);
    }
    v16_store(reach, v16_largest_each(most));
    for (size_t i = 0; i < EK_TILE; i++) {
        inverse[i] = reach[i] > 0.0f ? 127.0f / reach[i] : 0.0f;
        out.rows.scale[first + i] = reach[i] / 127.0f;
    }
    EK_UNROLL for (size_t i = 0; i < EK_TILE; i++) {
        v16 v[4];
        EK_UNROLL for (size_t t = 0; t < 4; t++)
            v[t] = t < n_vectors ? in_steps(0, 1, x + (first + i) * ldx, (row_steps){inverse[i], 0.0f}, t * EK_TILE,
                                            n_vectors * EK_TILE)
                                 : v16_zero();
        totals[i] = store_codes(out.rows.codes + (first + i) * out.rows.stride, v);
    }
    v16i_store(out.rows.sum + first, v16i_sum_each(totals));
}

// Sixteen at a time; the last ones may have been among those before, and stay what they were.
EK_INLINE void quantize_short(const size_t n_vectors, quantized_rows out, const float *x, size_t ldx) {
    for (size_t i = 0; i < out.m; i += EK_TILE)
        quantize_short_rows(n_vectors, out, ek_min(i, out.m - EK_TILE), x, ldx);
}

static EK_DECL_QUANTIZE(quantize) {
    const quantized_rows out = {rows, m, k};
    if (n_digits == 1 && !rows.middle && !rows.group_sum && m >= EK_TILE) {
        switch (k) {
        case EK_TILE:
            quantize_short(1, out, x, ldx);
            return;
        case 2 * EK_TILE:
            quantize_short(2, out, x, ldx);
            return;
        case 3 * EK_TILE:
            quantize_short(3, out, x, ldx);
            return;
        case 4 * EK_TILE:
            quantize_short(4, out, x, ldx);
            return;
        }
    }
    if (n_digits == 2)
        rows.middle ? quantize_rows(1, 2, out, x, ldx) : quantize_rows(0, 2, out, x, ldx);
    else
        rows.middle ? quantize_rows(1, 1, out, x, ldx) : quantize_rows(0, 1, out, x, ldx);
}

#endif
