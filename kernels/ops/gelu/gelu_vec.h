// SPDX-License-Identifier: Apache-2.0
#ifndef EK_GELU_VEC_H
#define EK_GELU_VEC_H

#include "gelu.h"

#include "../../simd/math.h"

EK_INLINE void gelu_each(v16 gelu_of(v16), float *x, size_t ldx, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++) {
        float *row = x + i * ldx;
        size_t j = 0;
        for (; j + EK_TILE <= n; j += EK_TILE)
            v16_store(row + j, gelu_of(v16_load(row + j)));
        if (j < n)
            v16_store_n(row + j, gelu_of(v16_load_n(row + j, n - j)), n - j);
    }
}

static EK_DECL_GELU(gelu) { gelu_each(v16_gelu, x, ldx, m, n); }

#endif
