// SPDX-License-Identifier: Apache-2.0
// gemm_f32 on sixteen lanes: a register tile of F32_ROWS rows by F32_TILES column tiles, k innermost.
#ifndef EK_GEMM_F32_VEC_H
#define EK_GEMM_F32_VEC_H

#include "gemm_f32.h"

#include "../../simd/output.h"

EK_INLINE void f32_block(const size_t rows, const size_t tiles, float *out, size_t ldo, const float *a,
                         size_t lda, const float *w, size_t tile_stride, size_t row_stride, const float *bias,
                         size_t n, size_t k, enum ek_mode mode) {
    v16 acc[F32_ROWS][F32_TILES];
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = v16_zero();
    for (size_t p = 0; p < k; p++) {
        v16 weights[F32_TILES];
        EK_UNROLL for (size_t t = 0; t < tiles; t++) weights[t] = v16_load(w + t * tile_stride + p * row_stride);
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const v16 x = v16_set1(a[i * lda + p]);
            EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = v16_fma(x, weights[t], acc[i][t]);
        }
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++) {
        EK_UNROLL for (size_t t = 0; t < tiles; t++) {
            const size_t lanes = ek_min(n - t * EK_TILE, EK_TILE);
            v16 sum = acc[i][t];
            if (bias)
                sum = v16_add(sum, v16_load_n(bias + t * EK_TILE, lanes));
            v16_output(out + i * ldo + t * EK_TILE, sum, lanes, mode);
        }
    }
}

#define EK_F32_CASE(r)                                                                                  \
    case r:                                                                                             \
        if (tiles == F32_TILES)                                                                         \
            f32_block(r, F32_TILES, o, ldo, x, lda, wt, tile_stride, row_stride, b, n - j, k, mode);     \
        else                                                                                            \
            f32_block(r, 1, o, ldo, x, lda, wt, tile_stride, row_stride, b, n - j, k, mode);             \
        break

static EK_DECL_GEMM_F32(gemm_f32) {
    for (size_t j = 0, tiles; j < n; j += tiles * EK_TILE) {
        tiles = n - j >= F32_TILES * EK_TILE ? F32_TILES : 1;
        const float *wt = w + j / EK_TILE * tile_stride, *b = bias ? bias + j : NULL;
        for (size_t i = 0; i < m; i += F32_ROWS) {
            float *o = out + i * ldo + j;
            const float *x = a + i * lda;
            switch (ek_min(m - i, F32_ROWS)) {
                EK_F32_CASE(1);
                EK_F32_CASE(2);
                EK_F32_CASE(3);
                EK_F32_CASE(4);
                EK_F32_CASE(5);
                EK_F32_CASE(6);
            }
        }
    }
}
#undef EK_F32_CASE

#endif
