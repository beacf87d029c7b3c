// SPDX-License-Identifier: Apache-2.0
// gemm_q8 on sixteen lanes: a register tile of Q8_ROWS rows by Q8_TILES column tiles, k innermost. A panel of
// columns (64 on AVX-512) stays in the first or second cache level while all rows pass by.
#ifndef EK_GEMM_Q8_VEC_H
#define EK_GEMM_Q8_VEC_H

#include "gemm_q8.h"

#include "../simd/output.h"

EK_INLINE void q8_block(const size_t rows, const size_t tiles, float *out, size_t ldo, const int8_t *a,
                        size_t lda, const float *a_scale, const int32_t *a_sum, const int8_t *w,
                        const float *w_scale, const float *bias, const float *middle, const float *total, size_t n,
                        size_t quads, enum ek_mode mode) {
    const size_t tile_bytes = quads * EK_TILE * EK_QUAD;
    v16i acc[Q8_ROWS][Q8_TILES];
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = q8_start(a_sum[i]);
    for (size_t q = 0; q < quads; q++) {
        q8w weights[Q8_TILES];
        EK_UNROLL for (size_t t = 0; t < tiles; t++)
            weights[t] = q8_load_w(w + t * tile_bytes + q * EK_TILE * EK_QUAD);
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const q8a quad = q8_load_a(a + i * lda + q * EK_QUAD);
            EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = q8_dot(acc[i][t], weights[t], quad);
        }
    }
    EK_UNROLL for (size_t t = 0; t < tiles; t++) {
        const size_t lanes = ek_min(n - t * EK_TILE, EK_TILE);
        const v16 scales = v16_load(w_scale + t * EK_TILE);
        const v16 offset = bias ? v16_load_n(bias + t * EK_TILE, lanes) : v16_zero();
        const v16 all = middle ? v16_load_n(total + t * EK_TILE, lanes) : v16_zero();
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const v16 scale = v16_mul(v16_set1(a_scale[i]), scales);
            v16 sum = v16_fma(v16_from_v16i(acc[i][t]), scale, offset);
            if (middle)
                sum = v16_fma(v16_set1(middle[i]), all, sum);
            v16_output(out + i * ldo + t * EK_TILE, sum, lanes, mode);
        }
    }
}

// A panel's columns are all there, and known to be when this is compiled; behind the last panel a tile may end within.
#define EK_Q8_BLOCK(rows, tiles, columns)                                                                     \
    q8_block(rows, tiles, out + i * ldo + j, ldo, a + i * lda, lda, a_scale + i, a_sum + i, w + j * quads * EK_QUAD, \
             w_scale + j, bias ? bias + j : NULL, middle ? middle + i : NULL, middle ? total + j : NULL, columns,  \
             quads, mode)
#define EK_Q8_CASE(r)                           \
    case r:                                     \
        if (columns == PANEL)                   \
            EK_Q8_BLOCK(r, Q8_TILES, PANEL);    \
        else if (columns > EK_TILE)             \
            EK_Q8_BLOCK(r, PAIR, columns);      \
        else                                    \
            EK_Q8_BLOCK(r, 1, columns);         \
        break

static EK_DECL_GEMM_Q8(gemm_q8) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    enum { PANEL = Q8_TILES * EK_TILE, PAIR = Q8_TILES > 1 ? 2 : 1 };
    for (size_t j = 0, columns; j < n; j += columns) {
        columns = ek_min(n - j, m <= STREAM_ROWS ? EK_TILE : n - j >= PANEL ? PANEL : PAIR * EK_TILE);
        for (size_t i = 0; i < m; i += Q8_ROWS) {
            switch (ek_min(m - i, Q8_ROWS)) {
                EK_Q8_CASE(1);
                EK_Q8_CASE(2);
                EK_Q8_CASE(3);
                EK_Q8_CASE(4);
#if Q8_ROWS > 4
                EK_Q8_CASE(5);
                EK_Q8_CASE(6);
#endif
            }
        }
    }
}
#undef EK_Q8_CASE
#undef EK_Q8_BLOCK

#endif
