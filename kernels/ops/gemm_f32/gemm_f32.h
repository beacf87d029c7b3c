// SPDX-License-Identifier: Apache-2.0
// Float32 matrix product with packed weights: the reference precision.
//
//   out[i][j] (=|+=) bias[j] + sum over p of a[i][p] * w[j][p]        i < m, j < n, p < k
//
// a     m rows, lda floats apart. Rows may overlap (lda < k): that is how a convolution becomes a product.
// w     packed tiles of 16 columns: element (j, p) at w[(j / 16) * tile_stride + p * row_stride + j % 16].
//       ek_pack_f32 makes row_stride = 16, tile_stride = 16 * k. Columns n .. round_up(n, 16) must be
//       readable; their values do not matter.
// bias  n floats, or NULL.
// mode  EK_STORE or EK_ADD (adds to what out holds).
//
// Each output is one chain of fused multiply-adds in the order of p, so every variant gives the same bits.
#ifndef EK_GEMM_F32_H
#define EK_GEMM_F32_H

#include "../../common/attributes.h"
#include "../../common/mode.h"

#define EK_DECL_GEMM_F32(name)                                                                          \
    void name(float *out, size_t ldo, const float *a, size_t lda, const float *w, size_t tile_stride,   \
              size_t row_stride, const float *bias, size_t m, size_t n, size_t k, enum ek_mode mode)

typedef EK_DECL_GEMM_F32(ek_gemm_f32_fn);
EK_DECL_GEMM_F32(ek_gemm_f32_f32_f32_ref);

#endif
