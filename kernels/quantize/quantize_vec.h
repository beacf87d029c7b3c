// SPDX-License-Identifier: Apache-2.0
#include "quantize.h"

static EK_DECL_QUANTIZE(quantize) {
    const size_t stride = ek_q8_stride(k), groups = ek_div_up(k, EK_GROUP);
    const v16 low = v16_set1(-127.0f), high = v16_set1(127.0f);
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        v16 most = v16_zero();
        for (size_t p = 0; p < k; p += EK_TILE)
            most = v16_max(v16_abs(v16_load_n(row + p, ek_min(k - p, EK_TILE))), most);
        const float largest = v16_largest(most);
        const v16 inverse = v16_set1(largest > 0.0f ? 127.0f / largest : 0.0f);
        scale[i] = largest / 127.0f;

        int32_t total = 0;
        for (size_t p = 0; p < stride; p += EK_GROUP) {
            v16i group = v16i_zero();
            for (size_t half = p; half < p + EK_GROUP; half += EK_TILE) {
                const size_t lanes = half < k ? ek_min(k - half, EK_TILE) : 0;
                v16 v = lanes ? v16_load_n(row + half, lanes) : v16_zero();
                v = v16_rint(v16_mul(v, inverse));
                v = v16_min(v16_max(v, low), high); // max first: it turns a NaN into -127
                const v16i code = v16i_from_v16(lanes < EK_TILE ? v16_keep_n(v, lanes) : v);
                v16i_store_i8(codes + i * stride + half, code);
                group = v16i_add(group, code);
            }
            const int32_t sum_of_group = v16i_sum(group);
            total += sum_of_group;
            if (group_sum && p < k)
                group_sum[i * groups + p / EK_GROUP] = sum_of_group;
        }
        sum[i] = total;
    }
}
