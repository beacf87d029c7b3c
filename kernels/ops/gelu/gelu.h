// SPDX-License-Identifier: Apache-2.0
// Exact GELU, x * Phi(x), in place (the erf form that Whisper was trained with, not the tanh one).
//
// x  m rows of n floats, ldx apart.
//
// Absolute error below 3e-7; the same bits on every instruction set (common/mathf.h has the formula).
#ifndef EK_GELU_H
#define EK_GELU_H

#include "../../common/attributes.h"

#define EK_DECL_GELU(name) void name(float *x, size_t ldx, size_t m, size_t n)

typedef EK_DECL_GELU(ek_gelu_fn);
EK_DECL_GELU(ek_gelu_f32_ref);

#endif
