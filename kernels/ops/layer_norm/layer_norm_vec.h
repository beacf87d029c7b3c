// SPDX-License-Identifier: Apache-2.0
#ifndef EK_LAYER_NORM_VEC_H
#define EK_LAYER_NORM_VEC_H

#include "layer_norm.h"

#include <math.h>

#include "../../simd/simd.h"

// A sum waits for its own last addition, so several rows go side by side; each is summed in its own order.
enum { NORM_ROWS = 4 };

// whole: n is a multiple of 16.
EK_INLINE void norm_block(const size_t rows, const int whole, float *out, size_t ldo, const float *x, size_t ldx,
                          const float *weight, const float *bias, size_t n) {
    v16 sum[NORM_ROWS], mean[NORM_ROWS], squares[NORM_ROWS], rstd[NORM_ROWS];
    EK_UNROLL for (size_t i = 0; i < rows; i++) sum[i] = squares[i] = v16_zero();
    for (size_t j = 0; j < n; j += EK_TILE) {
        const size_t lanes = whole ? EK_TILE : ek_min(n - j, EK_TILE);
        EK_UNROLL for (size_t i = 0; i < rows; i++) sum[i] = v16_add(sum[i], v16_load_n(x + i * ldx + j, lanes));
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++) mean[i] = v16_set1(v16_sum(sum[i]) / (float)n);

    for (size_t j = 0; j < n; j += EK_TILE) {
        const size_t lanes = whole ? EK_TILE : ek_min(n - j, EK_TILE);
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const v16 d = v16_keep_n(v16_sub(v16_load_n(x + i * ldx + j, lanes), mean[i]), lanes);
            squares[i] = v16_fma(d, d, squares[i]);
        }
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        rstd[i] = v16_set1(1.0f / sqrtf(v16_sum(squares[i]) / (float)n + EK_LAYER_NORM_EPSILON));

    for (size_t j = 0; j < n; j += EK_TILE) {
        const size_t lanes = whole ? EK_TILE : ek_min(n - j, EK_TILE);
        const v16 w = v16_load_n(weight + j, lanes), b = v16_load_n(bias + j, lanes);
        EK_UNROLL for (size_t i = 0; i < rows; i++) {
            const v16 d = v16_mul(v16_sub(v16_load_n(x + i * ldx + j, lanes), mean[i]), rstd[i]);
            v16_store_n(out + i * ldo + j, v16_fma(d, w, b), lanes);
        }
    }
}

EK_INLINE void norm_rows(const int whole, float *out, size_t ldo, const float *x, size_t ldx, const float *weight,
                         const float *bias, size_t m, size_t n) {
    size_t i = 0;
    for (; i + NORM_ROWS <= m; i += NORM_ROWS)
        norm_block(NORM_ROWS, whole, out + i * ldo, ldo, x + i * ldx, ldx, weight, bias, n);
    for (; i < m; i++)
        norm_block(1, whole, out + i * ldo, ldo, x + i * ldx, ldx, weight, bias, n);
}

static EK_DECL_LAYER_NORM(layer_norm) {
    if (n % EK_TILE == 0)
        norm_rows(1, out, ldo, x, ldx, weight, bias, m, n);
    else
        norm_rows(0, out, ldo, x, ldx, weight, bias, m, n);
}

#endif
