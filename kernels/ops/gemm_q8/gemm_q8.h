// SPDX-License-Identifier: Apache-2.0
// INT8 matrix product: rows quantized on the fly by packed INT8 weights, integer sums, float32 out.
//
//   dot[i][j] = sum over p of a.codes[i][p] * w[j][p]                       exact, in 32 bits
//   y[i][j]   = fma(dot[i][j], a.scale[i] * w.scale[j], bias[j])
//   out[i][j] (=|+=) a.middle ? fma(a.middle[i], w.total[j], y[i][j]) : y[i][j]
//
// out   m rows of n floats, ldo apart.
// a     m rows of k codes, zero from k to round_up(k, 4), with their sums; group sums are not read.
// w     n columns of k weights.
// bias  n floats, or NULL, which stands for zeros.
// mode  EK_STORE or EK_ADD.
//
// Codes never reach -128, so two products fit 16 bits: AVX2's maddubs cannot saturate. The sum fits 32 bits for
// k <= EK_Q8_MOST_INPUTS, as does the 128 * sum(a) that VNNI takes off. Same bits on every instruction set.
#ifndef EK_GEMM_Q8_H
#define EK_GEMM_Q8_H

#include "../../common/attributes.h"
#include "../../common/mode.h"
#include "../../common/rows.h"

enum { EK_Q8_MOST_INPUTS = 132000 };
_Static_assert(2 * 127 * 127 <= INT16_MAX, "two products fit 16 bits");
_Static_assert(EK_Q8_MOST_INPUTS * 128LL * 127 <= INT32_MAX, "a dot fits 32 bits");

typedef struct {
    const int8_t *tiles; // of 16 columns, [n / 16][k / 4][16][4], codes in [-127, 127] (ek_pack_q8 makes them)
    const float *scale;  // one a column, round_up(n, 16) readable
    const float *total;  // n: what each column's weights add up to; read only where rows have a middle
} ek_q8_weights;

// The columns from `first` on, a multiple of 16.
EK_INLINE ek_q8_weights ek_q8_columns_from(ek_q8_weights w, size_t first, size_t k) {
    return (ek_q8_weights){.tiles = w.tiles + first * ek_round_up(k, EK_QUAD),
                           .scale = w.scale + first,
                           .total = w.total ? w.total + first : NULL};
}

#define EK_DECL_GEMM_Q8(name)                                                                              \
    void name(float *out, size_t ldo, ek_q8_rows a, ek_q8_weights w, const float *bias, size_t m, size_t n, \
              size_t k, enum ek_mode mode)

typedef EK_DECL_GEMM_Q8(ek_gemm_q8_fn);
EK_DECL_GEMM_Q8(ek_gemm_f32_q8_q8_ref);

#endif
