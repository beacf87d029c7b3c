// SPDX-License-Identifier: Apache-2.0
#include "gemm_q4.h"

#include <math.h>

// The weight code (0..15, zero point 8) of column `j` of a tile, input `p` of a group.
static int nibble(const uint8_t *group, size_t j, size_t p) {
    const size_t quad = p / EK_QUAD;
    const uint8_t byte = group[(quad % 4) * EK_TILE * EK_QUAD + j * EK_QUAD + p % EK_QUAD];
    return quad < 4 ? byte & 15 : byte >> 4;
}

// Does without a.group_sum: weights enter without their offset here.
static int32_t dot_of(const int8_t *codes, const uint8_t *group, size_t j) {
    int32_t dot = 0;
    for (size_t p = 0; p < EK_GROUP; p++)
        dot += codes[p] * (nibble(group, j, p) - 8);
    return dot;
}

EK_DECL_GEMM_Q4(ek_gemm_f32_q8_q4g32_ref) {
    const size_t groups = k / EK_GROUP;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            float acc = 0.0f;
            for (size_t g = 0; g < groups; g++) {
                const size_t at = (j / EK_TILE) * groups + g;
                const uint8_t *group = w.tiles + at * EK_Q4_GROUP_BYTES;
                int32_t dot = 0;
                for (size_t digit = 0; digit < n_digits; digit++)
                    dot = EK_SECOND_DIGIT * dot +
                          dot_of(a.codes + (digit * m + i) * a.stride + g * EK_GROUP, group, j % EK_TILE);
                acc = fmaf((float)dot, w.scale[at * EK_TILE + j % EK_TILE], acc);
            }
            float y = fmaf(acc, a.scale[(n_digits - 1) * m + i], bias ? bias[j] : 0.0f);
            if (mode == EK_ADD)
                y += out[i * ldo + j];
            out[i * ldo + j] = y;
        }
    }
}
