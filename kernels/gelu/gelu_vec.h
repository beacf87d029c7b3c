// SPDX-License-Identifier: Apache-2.0
#include "gelu.h"

static EK_DECL_GELU(gelu) {
    for (size_t i = 0; i < m; i++) {
        float *row = x + i * ldx;
        size_t j = 0;
        for (; j + EK_TILE <= n; j += EK_TILE)
            v16_store(row + j, v16_gelu(v16_load(row + j)));
        if (j < n)
            v16_store_n(row + j, v16_gelu(v16_load_n(row + j, n - j)), n - j);
    }
}
