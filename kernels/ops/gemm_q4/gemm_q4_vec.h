// SPDX-License-Identifier: Apache-2.0
// gemm_q4 on sixteen lanes: nibbles are unpacked once for all rows of the register tile.
#ifndef EK_GEMM_Q4_VEC_H
#define EK_GEMM_Q4_VEC_H

#include "gemm_q4.h"

#include "../../simd/ahead.h"
#include "../../simd/output.h"

enum { DIGITS = 2 };
static const size_t Q4_MOST_ROWS[DIGITS] = {Q4_ROWS, Q4_FINE_ROWS};

_Static_assert(EK_SECOND_DIGIT == (1 << 8) - (1 << 1), "shifts multiply by it");
EK_INLINE v16i in_second_digits(v16i first) { return v16i_sub(v16i_shift_left(first, 8), v16i_shift_left(first, 1)); }

// a: the block's rows of each digit.
EK_INLINE void q4_block(const size_t digits, const size_t rows, const size_t tiles, float *out, size_t ldo,
                        const ek_q8_rows a[DIGITS], ek_q4_weights w, const float *bias, size_t n, size_t groups,
                        ahead next, enum ek_mode mode) {
    v16 acc[Q4_ROWS][Q4_TILES];
    EK_UNROLL for (size_t i = 0; i < rows; i++)
        EK_UNROLL for (size_t t = 0; t < tiles; t++) acc[i][t] = v16_zero();
    for (size_t g = 0; g < groups; g++) {
        q4acc dot[DIGITS][Q4_ROWS][Q4_TILES];
        EK_UNROLL for (size_t d = 0; d < digits; d++)
            EK_UNROLL for (size_t i = 0; i < rows; i++)
                EK_UNROLL for (size_t t = 0; t < tiles; t++) dot[d][i][t] = q4_zero();
        _Pragma("GCC unroll 1") for (size_t v = 0; v < 4; v++) {
            q4w low[Q4_TILES], high[Q4_TILES];
            EK_UNROLL for (size_t t = 0; t < tiles; t++)
                q4_load_w(w.tiles + (t * groups + g) * EK_Q4_GROUP_BYTES + v * EK_TILE * EK_QUAD, &low[t], &high[t]);
            ahead_at(next, g * 4 + v);
            EK_UNROLL for (size_t d = 0; d < digits; d++)
                EK_UNROLL for (size_t i = 0; i < rows; i++) {
                    const int8_t *x = a[d].codes + i * a[d].stride + g * EK_GROUP + v * EK_QUAD;
                    const q8a near = q8_load_a(x), far = q8_load_a(x + 4 * EK_QUAD);
                    EK_UNROLL for (size_t t = 0; t < tiles; t++)
                        dot[d][i][t] = q4_dot(q4_dot(dot[d][i][t], low[t], near), high[t], far);
                }
        }
        EK_UNROLL for (size_t t = 0; t < tiles; t++) {
            const v16 scale = v16_load(w.scale + (t * groups + g) * EK_TILE);
            EK_UNROLL for (size_t i = 0; i < rows; i++) {
                v16i sum = q4_finish(dot[0][i][t]);
                int32_t codes = a[0].group_sum[i * groups + g];
                if (digits == 2) {
                    sum = v16i_add(in_second_digits(sum), q4_finish(dot[1][i][t]));
                    codes = EK_SECOND_DIGIT * codes + a[1].group_sum[i * groups + g];
                }
                acc[i][t] = v16_fma(v16_from_v16i(v16i_sub(sum, v16i_set1(8 * codes))), scale, acc[i][t]);
            }
        }
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++) {
        EK_UNROLL for (size_t t = 0; t < tiles; t++) {
            const size_t lanes = ek_min(n - t * EK_TILE, EK_TILE);
            const v16 offset = bias ? v16_load_n(bias + t * EK_TILE, lanes) : v16_zero();
            const v16 sum = v16_fma(acc[i][t], v16_set1(a[digits - 1].scale[i]), offset);
            v16_output(out + i * ldo + t * EK_TILE, sum, lanes, mode);
        }
    }
}

#define EK_Q4_BLOCK(digits, rows, tiles) \
    q4_block(digits, rows, tiles, o, ldo, x, weights, b, n - j, groups, next, mode)
#define EK_Q4_CASE(digits, r)                 \
    case r:                                   \
        if (tiles == Q4_TILES)                \
            EK_Q4_BLOCK(digits, r, Q4_TILES); \
        else                                  \
            EK_Q4_BLOCK(digits, r, 1);        \
        break

static EK_DECL_GEMM_Q4(gemm_q4) {
    const size_t groups = k / EK_GROUP, blocks = ek_div_up(m, Q4_MOST_ROWS[n_digits - 1]);
    for (size_t j = 0, tiles; j < n; j += tiles * EK_TILE) {
        tiles = n_digits * m > STREAM_ROWS && n - j >= Q4_TILES * EK_TILE ? Q4_TILES : 1;
        const ek_q4_weights weights = ek_q4_columns_from(w, j, k);
        const float *b = bias ? bias + j : NULL;
        for (size_t block = 0, i = 0, rows; block < blocks; block++, i += rows) {
            float *o = out + i * ldo + j;
            const ek_q8_rows x[DIGITS] = {ek_q8_rows_from(a, i, k), ek_q8_rows_from(a, (n_digits - 1) * m + i, k)};
            const ahead next = ahead_of(weights.tiles, tiles, groups * 4, n_digits * m, block, blocks);
            rows = m * (block + 1) / blocks - i;
            if (n_digits == 1) {
                switch (rows) {
                    EK_Q4_CASE(1, 1);
                    EK_Q4_CASE(1, 2);
#if Q4_ROWS > 2
                    EK_Q4_CASE(1, 3);
                    EK_Q4_CASE(1, 4);
#endif
                }
            } else {
                switch (rows) {
                    EK_Q4_CASE(2, 1);
#if Q4_FINE_ROWS > 1
                    EK_Q4_CASE(2, 2);
#endif
#if Q4_FINE_ROWS > 2
                    EK_Q4_CASE(2, 3);
#endif
                }
            }
        }
    }
}
#undef EK_Q4_BLOCK
#undef EK_Q4_CASE

#endif
