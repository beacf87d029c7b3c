// SPDX-License-Identifier: Apache-2.0
#include "layer_norm.h"

static EK_DECL_LAYER_NORM(layer_norm) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        v16 sum = v16_zero();
        for (size_t j = 0; j < n; j += EK_TILE)
            sum = v16_add(sum, v16_load_n(row + j, ek_min(n - j, EK_TILE)));
        const v16 mean = v16_set1(v16_sum(sum) / (float)n);

        v16 squares = v16_zero();
        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            const v16 d = v16_keep_n(v16_sub(v16_load_n(row + j, lanes), mean), lanes);
            squares = v16_fma(d, d, squares);
        }
        const v16 rstd = v16_set1(1.0f / sqrtf(v16_sum(squares) / (float)n + EK_LAYER_NORM_EPSILON));

        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            const v16 d = v16_mul(v16_sub(v16_load_n(row + j, lanes), mean), rstd);
            v16_store_n(out + i * ldo + j,
                        v16_fma(d, v16_load_n(weight + j, lanes), v16_load_n(bias + j, lanes)), lanes);
        }
    }
}
