// SPDX-License-Identifier: Apache-2.0
#ifndef EK_SUM_EXP_VEC_H
#define EK_SUM_EXP_VEC_H

#include "sum_exp.h"

#include "../../simd/math.h"

static EK_DECL_SUM_EXP(sum_exp) {
    const v16 most = v16_set1(largest);
    v16 sum = v16_zero();
    size_t j = 0;
    for (; j + EK_TILE <= n; j += EK_TILE)
        sum = v16_add(sum, v16_exp(v16_sub(v16_load(x + j), most)));
    if (j < n)
        sum = v16_add(sum, v16_keep_n(v16_exp(v16_sub(v16_load_n(x + j, n - j), most)), n - j));
    return v16_sum(sum);
}

#endif
