// SPDX-License-Identifier: Apache-2.0
// GELU of rows that an integer product takes next: their codes, in one pass over what lies in the nearest cache.
//
//   g = ek_near_geluf(x)           within 2.5e-5 of GELU, a thousandth of a code's step (common/mathf.h)
//   codes, scale, sum, group_sum, middle of g as quantize makes them in one digit (quantize/quantize.h)
//
// x is left in an undefined state; its rows do not overlap. Same bits on every instruction set.
#ifndef EK_GELU_Q8_H
#define EK_GELU_Q8_H

#include "../quantize/quantize.h"

#define EK_DECL_GELU_Q8(name)                                                                         \
    void name(int8_t *codes, float *scale, int32_t *sum, int32_t *group_sum, float *middle, float *x, \
              size_t ldx, size_t m, size_t k)

typedef EK_DECL_GELU_Q8(ek_gelu_q8_fn);
EK_DECL_GELU_Q8(ek_gelu_q8_f32_ref);

#endif
