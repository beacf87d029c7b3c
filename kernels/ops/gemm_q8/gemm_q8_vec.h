// SPDX-License-Identifier: Apache-2.0
// gemm_q8 on sixteen lanes: a register tile of Q8_ROWS rows by Q8_TILES column tiles, k innermost. A panel of
// columns (64 on AVX-512) stays in the first or second cache level while all rows pass by.
#ifndef EK_GEMM_Q8_VEC_H
#define EK_GEMM_Q8_VEC_H

#include "gemm_q8.h"

#include "../../simd/ahead.h"
#include "../../simd/output.h"

EK_INLINE void q8_block(const size_t rows, const size_t tiles, float *out, size_t ldo, ek_q8_rows a,
                        ek_q8_weights w, const float *bias, size_t n, size_t quads, ahead next, enum ek_mode mode) {
    const size_t tile_bytes = quads * EK_TILE * EK_QUAD;
    v16i acc[Q8_ROWS][Q8_TILES];
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = q8_start(a.sum[i]);
    for (size_t q = q8_dots_several(acc, rows, w.tiles, a.codes, a.stride, quads, next); q < quads; q++) {
        q8w loaded[Q8_TILES];
        EK_UNROLL for (size_t t = 0; t < tiles; t++)
            loaded[t] = q8_load_w(w.tiles + t * tile_bytes + q * EK_TILE * EK_QUAD);
        ahead_at(next, q);
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const q8a quad = q8_load_a(a.codes + i * a.stride + q * EK_QUAD);
            EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = q8_dot(acc[i][t], loaded[t], quad);
        }
    }
    EK_UNROLL for (size_t t = 0; t < tiles; t++) {
        const size_t lanes = ek_min(n - t * EK_TILE, EK_TILE);
        const v16 scales = v16_load(w.scale + t * EK_TILE);
        const v16 offset = bias ? v16_load_n(bias + t * EK_TILE, lanes) : v16_zero();
        const v16 all = a.middle ? v16_load_n(w.total + t * EK_TILE, lanes) : v16_zero();
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const v16 scale = v16_mul(v16_set1(a.scale[i]), scales);
            v16 sum = v16_fma(v16_from_v16i(acc[i][t]), scale, offset);
            if (a.middle)
                sum = v16_fma(v16_set1(a.middle[i]), all, sum);
            v16_output(out + i * ldo + t * EK_TILE, sum, lanes, mode);
        }
    }
}

// A panel's columns are all there, and known to be when this is compiled; behind the last panel a tile may end within.
#define EK_Q8_BLOCK(rows, tiles, columns) \
    q8_block(rows, tiles, out + i * ldo + j, ldo, x, weights, b, columns, quads, next, mode)
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
    const size_t quads = ek_div_up(k, EK_QUAD), blocks = ek_div_up(m, Q8_ROWS);
    enum { PANEL = Q8_TILES * EK_TILE, PAIR = Q8_TILES > 1 ? 2 : 1 };
    for (size_t j = 0, columns; j < n; j += columns) {
        columns = ek_min(n - j, m <= STREAM_ROWS ? EK_TILE : n - j >= PANEL ? PANEL : PAIR * EK_TILE);
        const ek_q8_weights weights = ek_q8_columns_from(w, j, k);
        const float *b = bias ? bias + j : NULL;
        for (size_t block = 0, i = 0, rows; block < blocks; block++, i += rows) {
            const ek_q8_rows x = ek_q8_rows_from(a, i, k);
            const ahead next = ahead_of(weights.tiles, ek_div_up(columns, EK_TILE), quads, m, block, blocks);
            rows = m * (block + 1) / blocks - i;
            switch (rows) {
                EK_Q8_CASE(1);
                EK_Q8_CASE(2);
                EK_Q8_CASE(3);
                EK_Q8_CASE(4);
#if Q8_ROWS > 4
                EK_Q8_CASE(5);
#endif
#if Q8_ROWS > 5
                EK_Q8_CASE(6);
#endif
            }
        }
    }
}
#undef EK_Q8_CASE
#undef EK_Q8_BLOCK

#endif
