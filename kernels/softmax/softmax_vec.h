// SPDX-License-Identifier: Apache-2.0
#include "softmax.h"

// Largest of n > 0 floats.
EK_INLINE float row_largest(const float *row, size_t n) {
    v16 most = v16_set1(row[0]);
    size_t j = 0;
    for (; j + EK_TILE <= n; j += EK_TILE)
        most = v16_max(v16_load(row + j), most);
    float largest = v16_largest(most);
    for (; j < n; j++)
        largest = row[j] > largest ? row[j] : largest;
    return largest;
}

static EK_DECL_SOFTMAX(softmax) {
    for (size_t i = 0; i < m && n > 0; i++) {
        float *row = x + i * ldx;
        const v16 largest = v16_set1(row_largest(row, n));
        v16 sum = v16_zero();
        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            const v16 e = v16_exp(v16_sub(v16_load_n(row + j, lanes), largest));
            v16_store_n(row + j, e, lanes);
            sum = v16_add(sum, lanes < EK_TILE ? v16_keep_n(e, lanes) : e);
        }
        const v16 inverse = v16_set1(1.0f / v16_sum(sum));
        for (size_t j = 0; j < n; j += EK_TILE) {
            const size_t lanes = ek_min(n - j, EK_TILE);
            v16_store_n(row + j, v16_mul(v16_load_n(row + j, lanes), inverse), lanes);
        }
    }
}
