// SPDX-License-Identifier: Apache-2.0
// Root mean square norm of each row: out = x / sqrt(mean(x^2) + epsilon) * weight.
//
// out     m rows of n floats, ldo apart; may be x.
// x       m rows of n > 0 floats, ldx apart.
// weight  n floats.
//
// Squares are summed in 16 lanes (element i in lane i % 16) that are then folded as a tree, so every variant gives the
// same bits.
#ifndef EK_RMS_NORM_H
#define EK_RMS_NORM_H

#include "../../common/attributes.h"

#define EK_DECL_RMS_NORM(name) \
    void name(float *out, size_t ldo, const float *x, size_t ldx, const float *weight, float epsilon, size_t m, size_t n)

typedef EK_DECL_RMS_NORM(ek_rms_norm_fn);
EK_DECL_RMS_NORM(ek_rms_norm_f32_ref);

#endif
