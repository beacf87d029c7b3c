// SPDX-License-Identifier: Apache-2.0
#ifndef EK_SILU_VEC_H
#define EK_SILU_VEC_H

#include "silu.h"

#include "../../simd/math.h"

static EK_DECL_SILU(silu) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            const v16 gate = v16_load_n(x + i * ldx + j, lanes), other = v16_load_n(up + i * ldu + j, lanes);
            const v16 e = v16_exp(v16_sub(v16_zero(), gate));
            v16_store_n(x + i * ldx + j, v16_mul(v16_div(gate, v16_add(v16_set1(1.0f), e)), other), lanes);
        }
}

#endif
