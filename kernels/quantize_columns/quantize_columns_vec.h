// SPDX-License-Identifier: Apache-2.0
#include "quantize_columns.h"

static EK_DECL_QUANTIZE_COLUMNS(quantize_columns) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    const v16 low = v16_set1(-127.0f), high = v16_set1(127.0f);
    const v16i byte = v16i_set1(255);
    for (size_t j = 0; j < n; j += EK_TILE) {
        float inverse[EK_TILE];
        for (size_t lane = 0; lane < EK_TILE; lane++) {
            inverse[lane] = largest[j + lane] > 0.0f ? 127.0f / largest[j + lane] : 0.0f;
            scale[j + lane] = largest[j + lane] / 127.0f;
        }
        const v16 factor = v16_load(inverse);
        int8_t *tile = w + j * quads * EK_QUAD;
        for (size_t q = 0; q < quads; q++) {
            v16i codes[EK_QUAD]; // of four rows; lane j of the packed word holds their bytes
            EK_UNROLL for (size_t r = 0; r < EK_QUAD; r++) {
                const size_t p = q * EK_QUAD + r;
                v16 v = p < k ? v16_rint(v16_mul(v16_load(x + p * ldx + j), factor)) : v16_zero();
                codes[r] = v16i_and(v16i_from_v16(v16_min(v16_max(v, low), high)), byte);
            }
            const v16i lower = v16i_or(codes[0], v16i_shift_left(codes[1], 8));
            const v16i upper = v16i_or(v16i_shift_left(codes[2], 16), v16i_shift_left(codes[3], 24));
            v16i_store(tile + q * EK_TILE * EK_QUAD, v16i_or(lower, upper));
        }
    }
}
