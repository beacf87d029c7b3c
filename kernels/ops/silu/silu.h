// SPDX-License-Identifier: Apache-2.0
// Gate of a SwiGLU, in place: x = x / (1 + exp(-x)) * up.
//
// x   m rows of n floats, ldx apart.
// up  m rows of n floats, ldu apart.
//
// Relative error of the gate below 1e-6; the same bits on every instruction set (common/mathf.h has the formula of exp).
#ifndef EK_SILU_H
#define EK_SILU_H

#include "../../common/attributes.h"

#define EK_DECL_SILU(name) void name(float *x, size_t ldx, const float *up, size_t ldu, size_t m, size_t n)

typedef EK_DECL_SILU(ek_silu_fn);
EK_DECL_SILU(ek_silu_f32_ref);

#endif
