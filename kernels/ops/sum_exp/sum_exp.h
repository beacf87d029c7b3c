// SPDX-License-Identifier: Apache-2.0
// Sum of exp(x[i] - largest) over n floats: what turns logits into log-probabilities. -INFINITY adds next to nothing
// (1e-38); n = 0 gives 0. Sums run in 16 lanes that are then folded as a tree, so every variant gives the same bits.
#ifndef EK_SUM_EXP_H
#define EK_SUM_EXP_H

#include "../../common/attributes.h"

#define EK_DECL_SUM_EXP(name) float name(const float *x, size_t n, float largest)

typedef EK_DECL_SUM_EXP(ek_sum_exp_fn);
EK_DECL_SUM_EXP(ek_sum_exp_f32_ref);

#endif
