// SPDX-License-Identifier: Apache-2.0
// INT8 matrix product: rows quantized on the fly by packed INT8 weights, integer sums, float32 out.
//
//   dot[i][j] = sum over p of a[i][p] * w[j][p]                         exact, in 32 bits
//   out[i][j] (=|+=) fma(middle[i], total[j], fma(dot[i][j], a_scale[i] * w_scale[j], bias[j]))
//
// a        m rows of codes, lda bytes apart (ek_quantize_q8_f32 makes them), zero from k to round_up(k, 4).
// a_sum    sum of each row's codes.
// w        packed tiles of 16 columns, [n / 16][k / 4][16][4] (ek_pack_q8 makes them), codes in [-127, 127].
// w_scale  a scale a column, round_up(n, 16) readable; bias n floats or NULL.
// middle   m floats, what rows were quantized from (quantize.h), and total, n floats, what each column's weights add up
//          to; or both NULL.
// mode     EK_STORE or EK_ADD.
//
// Codes never reach -128, so two products fit 16 bits: AVX2's maddubs cannot saturate. The sum fits 32 bits for
// k <= EK_Q8_MOST_INPUTS, as does the 128 * sum(a) that VNNI takes off. Same bits on every instruction set.
#ifndef EK_GEMM_Q8_H
#define EK_GEMM_Q8_H

#include "../common/attributes.h"
#include "../common/mode.h"

enum { EK_Q8_MOST_INPUTS = 132000 };
_Static_assert(2 * 127 * 127 <= INT16_MAX, "two products fit 16 bits");
_Static_assert(EK_Q8_MOST_INPUTS * 128LL * 127 <= INT32_MAX, "a dot fits 32 bits");

#define EK_DECL_GEMM_Q8(name)                                                                           \
    void name(float *out, size_t ldo, const int8_t *a, size_t lda, const float *a_scale,                \
              const int32_t *a_sum, const int8_t *w, const float *w_scale, const float *bias,           \
              const float *middle, const float *total, size_t m, size_t n, size_t k, enum ek_mode mode)

typedef EK_DECL_GEMM_Q8(ek_gemm_q8_fn);
EK_DECL_GEMM_Q8(ek_gemm_f32_q8_q8_ref);

#endif
