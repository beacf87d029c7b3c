// SPDX-License-Identifier: Apache-2.0
#include "softmax_q8.h"

static EK_DECL_SOFTMAX_Q8(softmax_q8) {
    const v16 one = v16_set1((float)EK_WEIGHT_ONE);
    const v16i seven_bits = v16i_set1(127);
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        const v16 largest = v16_set1(row_largest(row, n));
        v16i high_sum = v16i_zero(), low_sum = v16i_zero();
        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            v16 weight = v16_rint(v16_mul(v16_exp(v16_sub(v16_load_n(row + j, lanes), largest)), one));
            if (lanes < EK_TILE)
                weight = v16_keep_n(weight, lanes);
            const v16i p = v16i_from_v16(weight);
            const v16i p_high = v16i_shift_right(p, 7), p_low = v16i_and(p, seven_bits);
            v16i_store_i8(high.digits + i * lda + j, p_high);
            v16i_store_i8(low.digits + i * lda + j, p_low);
            high_sum = v16i_add(high_sum, p_high);
            low_sum = v16i_add(low_sum, p_low);
        }
        high.sum[i] = v16i_sum(high_sum);
        low.sum[i] = v16i_sum(low_sum);
        low.scale[i] = 1.0f / (float)(high.sum[i] * 128 + low.sum[i]);
        high.scale[i] = low.scale[i] * 128.0f;
    }
}
