// SPDX-License-Identifier: Apache-2.0
// Softmax of m rows of n floats in place: exp(x - max) / sum. Sums in 16 lanes folded as a tree (same bits on
// every instruction set). n = 0 leaves the rows alone.
#ifndef EK_SOFTMAX_H
#define EK_SOFTMAX_H

#include "../../common/attributes.h"

#define EK_DECL_SOFTMAX(name) void name(float *x, size_t ldx, size_t m, size_t n)

typedef EK_DECL_SOFTMAX(ek_softmax_fn);
EK_DECL_SOFTMAX(ek_softmax_f32_ref);

#endif
