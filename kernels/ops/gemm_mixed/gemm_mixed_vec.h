// SPDX-License-Identifier: Apache-2.0
// gemm_mixed on sixteen lanes: gemm_f32's register tile, whose weights are made of codes as they are read.
#ifndef EK_GEMM_MIXED_VEC_H
#define EK_GEMM_MIXED_VEC_H

#include "gemm_mixed.h"

#include "../../simd/simd.h"

EK_INLINE void mixed_block(const size_t rows, const size_t tiles, float *out, size_t ldo, const float *a, size_t lda,
                           const int8_t *w, size_t tile_stride, size_t row_stride, const float *scale, size_t n,
                           size_t k) {
    v16 acc[F32_ROWS][F32_TILES];
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = v16_zero();
    for (size_t p = 0; p < k; p++) {
        v16 weights[F32_TILES];
        EK_UNROLL for (size_t t = 0; t < tiles; t++) weights[t] = v16_load_i8(w + t * tile_stride + p * row_stride);
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const v16 x = v16_set1(a[i * lda + p]);
            EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = v16_fma(x, weights[t], acc[i][t]);
        }
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++) {
        EK_UNROLL for (size_t t = 0; t < tiles; t++) {
            const size_t lanes = ek_min(n - t * EK_TILE, EK_TILE);
            v16 sum = acc[i][t];
            if (scale)
                sum = v16_mul(v16_load_n(scale + t * EK_TILE, lanes), sum);
            v16_store_n(out + i * ldo + t * EK_TILE, sum, lanes);
        }
    }
}

#define EK_MIXED_CASE(r)                                                                          \
    case r:                                                                                       \
        if (tiles == F32_TILES)                                                                   \
            mixed_block(r, F32_TILES, o, ldo, x, lda, wt, tile_stride, row_stride, s, n - j, k);   \
        else                                                                                      \
            mixed_block(r, 1, o, ldo, x, lda, wt, tile_stride, row_stride, s, n - j, k);           \
        break

static EK_DECL_GEMM_MIXED(gemm_mixed) {
    for (size_t j = 0, tiles; j < n; j += tiles * EK_TILE) {
        tiles = n - j >= F32_TILES * EK_TILE ? F32_TILES : 1;
        const int8_t *wt = w + j / EK_TILE * tile_stride;
        const float *s = scale ? scale + j : NULL;
        for (size_t i = 0; i < m; i += F32_ROWS) {
            float *o = out + i * ldo + j;
            const float *x = a + i * lda;
            switch (ek_min(m - i, F32_ROWS)) {
                EK_MIXED_CASE(1);
                EK_MIXED_CASE(2);
                EK_MIXED_CASE(3);
                EK_MIXED_CASE(4);
                EK_MIXED_CASE(5);
                EK_MIXED_CASE(6);
            }
        }
    }
}
#undef EK_MIXED_CASE

#endif
