// SPDX-License-Identifier: Apache-2.0
#include "sum_exp.h"

#include "../../common/mathf.h"

EK_DECL_SUM_EXP(ek_sum_exp_f32_ref) {
    float lanes[EK_TILE] = {0};
    for (size_t j = 0; j < n; j++)
        lanes[j % EK_TILE] += ek_expf(x[j] - largest);
    return ek_fold_lanes(lanes);
}
