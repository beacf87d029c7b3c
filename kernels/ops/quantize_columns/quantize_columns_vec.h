// SPDX-License-Identifier: Apache-2.0
#ifndef EK_QUANTIZE_COLUMNS_VEC_H
#define EK_QUANTIZE_COLUMNS_VEC_H

#include "quantize_columns.h"

#include "../../simd/simd.h"

// Largest magnitude of each of 16 columns; a NaN counts for nothing. Four rows at a time, for one alone waits for
// itself.
EK_INLINE v16 column_magnitudes(const float *x, size_t ldx, size_t k) {
    v16 most[EK_QUAD] = {v16_zero(), v16_zero(), v16_zero(), v16_zero()};
    size_t p = 0;
    for (; p + EK_QUAD <= k; p += EK_QUAD)
        EK_UNROLL for (size_t r = 0; r < EK_QUAD; r++) most[r] = v16_max(v16_abs(v16_load(x + (p + r) * ldx)), most[r]);
    for (; p < k; p++)
        most[0] = v16_max(v16_abs(v16_load(x + p * ldx)), most[0]);
    return v16_max(v16_max(most[0], most[1]), v16_max(most[2], most[3]));
}

static EK_DECL_QUANTIZE_COLUMNS(quantize_columns) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    for (size_t j = 0; j < n; j += EK_TILE) {
        float largest[EK_TILE], inverse[EK_TILE];
        v16_store(largest, column_magnitudes(x + j, ldx, k));
        for (size_t lane = 0; lane < EK_TILE; lane++) {
            inverse[lane] = largest[lane] > 0.0f ? 127.0f / largest[lane] : 0.0f;
            scale[j + lane] = largest[lane] / 127.0f;
        }
        const v16 factor = v16_load(inverse);
        int8_t *tile = w + j * quads * EK_QUAD;
        for (size_t q = 0; q < quads; q++) {
            v16i codes[EK_QUAD]; // of four rows
            EK_UNROLL for (size_t r = 0; r < EK_QUAD; r++) {
                const size_t p = q * EK_QUAD + r;
                const v16 exact = p < k ? v16_mul(v16_load(x + p * ldx + j), factor) : v16_zero();
                codes[r] = v16i_codes(v16_min(v16_set1(127.0f), exact)); // a NaN stays one
            }
            v64_store_quads(tile + q * EK_TILE * EK_QUAD, codes[0], codes[1], codes[2], codes[3]);
        }
    }
}

#endif
