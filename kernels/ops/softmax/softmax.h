// SPDX-License-Identifier: Apache-2.0
// Softmax of each row in place: exp(x - max) / sum.
//
// x  m rows of n floats, ldx apart; n = 0 leaves them alone.
//
// Sums run in 16 lanes that are then folded as a tree, so every variant gives the same bits.
#ifndef EK_SOFTMAX_H
#define EK_SOFTMAX_H

#include "../../common/attributes.h"

#define EK_DECL_SOFTMAX(name) void name(float *x, size_t ldx, size_t m, size_t n)

typedef EK_DECL_SOFTMAX(ek_softmax_fn);
EK_DECL_SOFTMAX(ek_softmax_f32_ref);

#endif
