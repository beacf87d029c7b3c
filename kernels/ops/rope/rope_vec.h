// SPDX-License-Identifier: Apache-2.0
#ifndef EK_ROPE_VEC_H
#define EK_ROPE_VEC_H

#include "rope.h"

#include "../../simd/simd.h"

static EK_DECL_ROPE(rope) {
    const size_t half = width / 2;
    for (size_t i = 0; i < m; i++) {
        const float *cosine = turns + (size_t)position[i] * width, *sine = cosine + half;
        for (size_t c = 0; c < half; c += EK_TILE) {
            const size_t lanes = ek_min(half - c, EK_TILE);
            const v16 cos16 = v16_load_n(cosine + c, lanes), sin16 = v16_load_n(sine + c, lanes);
            for (size_t head = 0; head < n_heads; head++) {
                float *first = x + i * ldx + head * width + c, *second = first + half;
                const v16 a = v16_load_n(first, lanes), b = v16_load_n(second, lanes);
                v16_store_n(first, v16_fnma(b, sin16, v16_mul(a, cos16)), lanes);
                v16_store_n(second, v16_fma(a, sin16, v16_mul(b, cos16)), lanes);
            }
        }
    }
}

#endif
