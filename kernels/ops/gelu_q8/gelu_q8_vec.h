// SPDX-License-Identifier: Apache-2.0
// gelu_q8 row by row: GELU finds the row's range on its way.
#ifndef EK_GELU_Q8_VEC_H
#define EK_GELU_Q8_VEC_H

#include "gelu_q8.h"

#include "../quantize/quantize_vec.h"
#include "../../simd/math.h"

enum { GELU_ROWS = 4 }; // that stay in the nearest cache until they are codes

EK_INLINE void gelu_some(float *x, size_t lanes, v16 *high, v16 *low) {
    const v16 g = v16_near_gelu(v16_load_n(x, lanes));
    *high = v16_max(g, *high);
    *low = v16_min(g, *low);
    v16_store_n(x, g, lanes);
}

EK_INLINE row_range gelu_row(float *row, size_t k) {
    v16 high[2] = {v16_zero(), v16_zero()}, low[2] = {v16_zero(), v16_zero()};
    size_t p = 0;
    for (; p + 2 * EK_TILE <= k; p += 2 * EK_TILE)
        EK_UNROLL for (size_t i = 0; i < 2; i++) gelu_some(row + p + i * EK_TILE, EK_TILE, &high[i], &low[i]);
    for (; p < k; p += EK_TILE)
        gelu_some(row + p, ek_min(k - p, EK_TILE), &high[0], &low[0]);
    return range_of(v16_max(high[0], high[1]), v16_min(low[0], low[1]));
}

EK_INLINE void gelu_rows(const int centred, quantized_rows out, float *x, size_t ldx) {
    for (size_t first = 0, rows; first < out.m; first += rows) {
        row_steps of[GELU_ROWS];
        rows = ek_min(out.m - first, GELU_ROWS);
        for (size_t i = 0; i < rows; i++) {
            const row_range range = gelu_row(x + (first + i) * ldx, out.k);
            const float most = range.high > range.minus_low ? range.high : range.minus_low;
            of[i] = scale_row(centred, 1, out, first + i, centred ? range : (row_range){most, 0.0f});
        }
        for (size_t i = 0; i < rows; i++)
            code_row(centred, 1, out, first + i, x + (first + i) * ldx, of[i]);
    }
}

static EK_DECL_GELU_Q8(gelu_q8) {
    const quantized_rows out = {rows, m, k};
    rows.middle ? gelu_rows(1, out, x, ldx) : gelu_rows(0, out, x, ldx);
}

#endif
