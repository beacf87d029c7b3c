// SPDX-License-Identifier: Apache-2.0
// Columns of floats to INT8, symmetric, one scale a column, written as a packed right operand of gemm_q8:
// what attention needs of its values (columns are channels, rows are keys).
//
//   largest = max|x[.][j]|, NaN ignored     scale[j] = largest / 127
//   codes = round_half_even(x[p][j] * (127 / largest)), in [-127, 127]; a NaN becomes -127
//
// x      k rows of n floats, ldx apart; n is a multiple of 16.
// w      written: packed [n / 16][k / 4][16][4], rows k .. round_up(k, 4) become 0.
// scale  written: n floats.
#ifndef EK_QUANTIZE_COLUMNS_H
#define EK_QUANTIZE_COLUMNS_H

#include "../../common/attributes.h"

#define EK_DECL_QUANTIZE_COLUMNS(name) \
    void name(int8_t *w, float *scale, const float *x, size_t ldx, size_t k, size_t n)

typedef EK_DECL_QUANTIZE_COLUMNS(ek_quantize_columns_fn);
EK_DECL_QUANTIZE_COLUMNS(ek_quantize_columns_q8_f32_ref);

#endif
