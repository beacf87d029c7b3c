// SPDX-License-Identifier: Apache-2.0
// INT4 matrix product: rows quantized to INT8 on the fly by packed Q4_0 weights (groups of 32 along k).
//
//   dot[i][j][g] = sum over p in group g of a[i][p] * (q[j][p] - 8)      exact, in 32 bits
//   acc[i][j]    = fma(dot[i][j][g], w_scale[g][j], acc[i][j])           over g in order
//   out[i][j] (=|+=) fma(acc[i][j], a_scale[i], bias[j])
//
// a            m rows of codes, lda bytes apart; k is a multiple of 32.
// a_group_sum  per row, k / 32 sums of 32 codes: they take the offset 8 out of the unsigned nibbles.
// w            packed [n / 16][k / 32][256 bytes]: four vectors of [16 columns][4 inputs]; vector v holds
//              quad v of the group in its low nibbles and quad v + 4 in its high ones (ek_pack_q4).
// w_scale      [n / 16][k / 32][16]; bias n floats or NULL; mode EK_STORE or EK_ADD.
//
// Pairs of products of all quads of a group fit 16 bits, so AVX2 and NEON may add them there. Same bits everywhere.
#ifndef EK_GEMM_Q4_H
#define EK_GEMM_Q4_H

#include "../common/attributes.h"
#include "../common/mode.h"

enum { EK_Q4_GROUP_BYTES = EK_TILE * EK_GROUP / 2 };
_Static_assert(EK_GROUP / EK_QUAD * 2 * 15 * 127 <= INT16_MAX, "pairs of a group fit 16 bits");

#define EK_DECL_GEMM_Q4(name)                                                                           \
    void name(float *out, size_t ldo, const int8_t *a, size_t lda, const float *a_scale,                \
              const int32_t *a_group_sum, const uint8_t *w, const float *w_scale, const float *bias,    \
              size_t m, size_t n, size_t k, enum ek_mode mode)

typedef EK_DECL_GEMM_Q4(ek_gemm_q4_fn);
EK_DECL_GEMM_Q4(ek_gemm_f32_q8_q4g32_ref);

#endif
