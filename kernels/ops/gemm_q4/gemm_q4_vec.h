// SPDX-License-Identifier: Apache-2.0
// gemm_q4 on sixteen lanes: nibbles are unpacked once for all rows of the register tile.
#ifndef EK_GEMM_Q4_VEC_H
#define EK_GEMM_Q4_VEC_H

#include "gemm_q4.h"

#include "../../simd/ahead.h"
#include "../../simd/output.h"

EK_INLINE void q4_block(const size_t rows, const size_t tiles, float *out, size_t ldo, ek_q8_rows a,
                        ek_q4_weights w, const float *bias, size_t n, size_t groups, ahead next, enum ek_mode mode) {
    v16 acc[Q4_ROWS][Q4_TILES];
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = v16_zero();
    for (size_t g = 0; g < groups; g++) {
        q4acc dot[Q4_ROWS][Q4_TILES];
        EK_UNROLL for (size_t i = 0; i < rows; i++)
            EK_UNROLL for (size_t t = 0; t < tiles; t++) dot[i][t] = q4_zero();
        _Pragma("GCC unroll 1") for (size_t v = 0; v < 4; v++) {
            q4w low[Q4_TILES], high[Q4_TILES];
            EK_UNROLL for (size_t t = 0; t < tiles; t++)
                q4_load_w(w.tiles + (t * groups + g) * EK_Q4_GROUP_BYTES + v * EK_TILE * EK_QUAD, &low[t], &high[t]);
            ahead_at(next, g * 4 + v);
            EK_UNROLL for (size_t i = 0; i < rows; i++) {
                const int8_t *x = a.codes + i * a.stride + g * EK_GROUP + v * EK_QUAD;
                const q8a near = q8_load_a(x), far = q8_load_a(x + 4 * EK_QUAD);
                EK_UNROLL for (size_t t = 0; t < tiles; t++)
                    dot[i][t] = q4_dot(q4_dot(dot[i][t], low[t], near), high[t], far);
            }
        }
        EK_UNROLL for (size_t t = 0; t < tiles; t++) {
            const v16 scale = v16_load(w.scale + (t * groups + g) * EK_TILE);
            EK_UNROLL for (size_t i = 0; i < rows; i++) {
                const v16i zero_point = v16i_set1(8 * a.group_sum[i * groups + g]);
                acc[i][t] = v16_fma(v16_from_v16i(v16i_sub(q4_finish(dot[i][t]), zero_point)), scale, acc[i][t]);
            }
        }
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++) {
        EK_UNROLL for (size_t t = 0; t < tiles; t++) {
            const size_t lanes = ek_min(n - t * EK_TILE, EK_TILE);
            const v16 offset = bias ? v16_load_n(bias + t * EK_TILE, lanes) : v16_zero();
            const v16 sum = v16_fma(acc[i][t], v16_set1(a.scale[i]), offset);
            v16_output(out + i * ldo + t * EK_TILE, sum, lanes, mode);
        }
    }
}

#define EK_Q4_CASE(r)                                                               \
    case r:                                                                         \
        if (tiles == Q4_TILES)                                                      \
            q4_block(r, Q4_TILES, o, ldo, x, weights, b, n - j, groups, next, mode);\
        else                                                                        \
            q4_block(r, 1, o, ldo, x, weights, b, n - j, groups, next, mode);       \
        break

static EK_DECL_GEMM_Q4(gemm_q4) {
    const size_t groups = k / EK_GROUP, blocks = ek_div_up(m, Q4_ROWS);
    for (size_t j = 0, tiles; j < n; j += tiles * EK_TILE) {
        tiles = m > STREAM_ROWS && n - j >= Q4_TILES * EK_TILE ? Q4_TILES : 1;
        const ek_q4_weights weights = ek_q4_columns_from(w, j, k);
        const float *b = bias ? bias + j : NULL;
        for (size_t block = 0, i = 0, rows; block < blocks; block++, i += rows) {
            float *o = out + i * ldo + j;
            const ek_q8_rows x = ek_q8_rows_from(a, i, k);
            const ahead next = ahead_of(weights.tiles, tiles, groups * 4, m, block, blocks);
            rows = m * (block + 1) / blocks - i;
            switch (rows) {
                EK_Q4_CASE(1);
                EK_Q4_CASE(2);
#if Q4_ROWS > 2
                EK_Q4_CASE(3);
                EK_Q4_CASE(4);
#endif
            }
        }
    }
}
#undef EK_Q4_CASE

#endif
