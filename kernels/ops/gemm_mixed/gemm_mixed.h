// SPDX-License-Identifier: Apache-2.0
// Float rows by INT8 codes: what attention multiplies where keys and values are kept as codes.
//
//   out[i][j] = scale[j] * sum over p of a[i][p] * w[j][p]        i < m, j < n, p < k
//
// a      m rows, lda floats apart.
// w      codes in tiles of 16 columns: element (j, p) at w[(j / 16) * tile_stride + p * row_stride + j % 16].
//        Columns n .. round_up(n, 16) must be readable; their values do not matter.
// scale  n floats, or NULL, which stands for ones.
//
// Each sum is one chain of fused multiply-adds in the order of p, so every variant gives the same bits.
#ifndef EK_GEMM_MIXED_H
#define EK_GEMM_MIXED_H

#include "../../common/attributes.h"

#define EK_DECL_GEMM_MIXED(name)                                                                         \
    void name(float *out, size_t ldo, const float *a, size_t lda, const int8_t *w, size_t tile_stride,   \
              size_t row_stride, const float *scale, size_t m, size_t n, size_t k)

typedef EK_DECL_GEMM_MIXED(ek_gemm_mixed_fn);
EK_DECL_GEMM_MIXED(ek_gemm_f32_f32_q8_ref);

#endif
