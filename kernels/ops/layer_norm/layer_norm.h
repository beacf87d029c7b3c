// SPDX-License-Identifier: Apache-2.0
// Layer norm of each row: out = (x - mean) / sqrt(variance + 1e-5) * weight + bias.
//
// out           m rows of n floats, ldo apart; may be x.
// x             m rows of n > 0 floats, ldx apart.
// weight, bias  n floats.
//
// Sums run in 16 lanes (element i in lane i % 16) that are then folded as a tree, so every variant gives the same bits.
#ifndef EK_LAYER_NORM_H
#define EK_LAYER_NORM_H

#include "../../common/attributes.h"

#define EK_LAYER_NORM_EPSILON 1e-5f

#define EK_DECL_LAYER_NORM(name)                                                                        \
    void name(float *out, size_t ldo, const float *x, size_t ldx, const float *weight, const float *bias, \
              size_t m, size_t n)

typedef EK_DECL_LAYER_NORM(ek_layer_norm_fn);
EK_DECL_LAYER_NORM(ek_layer_norm_f32_ref);

#endif
