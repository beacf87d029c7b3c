// SPDX-License-Identifier: Apache-2.0
// GELU of rows that an integer product takes next: their codes, in one pass over what lies in the nearest cache.
//
//   g = ek_near_geluf(x)           within 2.5e-5 of GELU, a thousandth of a code's step (common/mathf.h)
//   rows of g as quantize writes them in one digit (quantize/quantize.h), with middles and group sums or without
//
// x  m rows of k floats, ldx apart, which do not overlap; left in an undefined state.
//
// Same bits on every instruction set.
#ifndef EK_GELU_Q8_H
#define EK_GELU_Q8_H

#include "../../common/attributes.h"
#include "../../common/rows.h"

#define EK_DECL_GELU_Q8(name) void name(ek_q8_rows rows, float *x, size_t ldx, size_t m, size_t k)

typedef EK_DECL_GELU_Q8(ek_gelu_q8_fn);
EK_DECL_GELU_Q8(ek_gelu_q8_f32_ref);

#endif
