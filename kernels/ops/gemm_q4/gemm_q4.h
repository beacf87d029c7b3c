// SPDX-License-Identifier: Apache-2.0
// INT4 matrix product: rows quantized to INT8 on the fly by packed Q4_0 weights (groups of 32 along k).
//
//   dot[i][j][g] = sum over p in group g of a.codes[i][p] * (q[j][p] - 8)    exact, in 32 bits
//   acc[i][j]    = fma(dot[i][j][g], w.scale[g][j], acc[i][j])               over g in order, from 0
//   out[i][j] (=|+=) fma(acc[i][j], a.scale[i], bias[j])
//
// Of rows in two digits both are taken at once, each sum a whole number of the second one's steps that a float holds:
//
//   dot[i][j][g] = EK_SECOND_DIGIT * (that of the codes of row i) + (that of row m + i)
//   out[i][j] (=|+=) fma(acc[i][j], a.scale[m + i], bias[j])
//
// out   m rows of n floats, ldo apart.
// a     m rows of k codes, k a multiple of 32, with their group sums, which take the offset 8 out of the unsigned
//       nibbles; sums and middles are not read.
// n_digits  1 or 2, of a.
// w     n columns of k weights.
// bias  n floats, or NULL, which stands for zeros.
// mode  EK_STORE or EK_ADD.
//
// Pairs of products of all quads of a group fit 16 bits, so AVX2 and NEON may add them there. Same bits everywhere.
#ifndef EK_GEMM_Q4_H
#define EK_GEMM_Q4_H

#include "../../common/attributes.h"
#include "../../common/mode.h"
#include "../../common/rows.h"

enum { EK_Q4_GROUP_BYTES = EK_TILE * EK_GROUP / 2 };
_Static_assert(EK_GROUP / EK_QUAD * 2 * 15 * 127 <= INT16_MAX, "pairs of a group fit 16 bits");
_Static_assert(EK_GROUP * 15 * 127 * (EK_SECOND_DIGIT + 1) <= 1 << 24, "a float holds the sum of a group");

typedef struct {
    // [n / 16][k / 32][256 bytes]: four vectors of [16 columns][4 inputs] a group (ek_pack_q4 makes them). Vector v
    // holds quad v of the group in its low nibbles and quad v + 4 in its high ones.
    const uint8_t *tiles;
    const float *scale; // [n / 16][k / 32][16]
} ek_q4_weights;

// The columns from `first` on, a multiple of 16.
EK_INLINE ek_q4_weights ek_q4_columns_from(ek_q4_weights w, size_t first, size_t k) {
    return (ek_q4_weights){.tiles = w.tiles + first * k / 2, .scale = w.scale + first * (k / EK_GROUP)};
}

#define EK_DECL_GEMM_Q4(name)                                                                              \
    void name(float *out, size_t ldo, ek_q8_rows a, ek_q4_weights w, const float *bias, size_t m, size_t n, \
              size_t k, size_t n_digits, enum ek_mode mode)

typedef EK_DECL_GEMM_Q4(ek_gemm_q4_fn);
EK_DECL_GEMM_Q4(ek_gemm_f32_q8_q4g32_ref);

#endif
