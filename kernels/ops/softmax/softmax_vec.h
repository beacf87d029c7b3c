// SPDX-License-Identifier: Apache-2.0
#ifndef EK_SOFTMAX_VEC_H
#define EK_SOFTMAX_VEC_H

#include "softmax.h"

#include "../../simd/math.h"

// Largest of n > 0 floats; four vectors at a time, for one alone waits for itself.
EK_INLINE float row_largest(const float *row, size_t n) {
    v16 most[4];
    EK_UNROLL for (size_t i = 0; i < 4; i++) most[i] = v16_set1(row[0]);
    size_t j = 0;
    for (; j + 4 * EK_TILE <= n; j += 4 * EK_TILE)
        EK_UNROLL for (size_t i = 0; i < 4; i++) most[i] = v16_max(v16_load(row + j + i * EK_TILE), most[i]);
    for (; j + EK_TILE <= n; j += EK_TILE)
        most[0] = v16_max(v16_load(row + j), most[0]);
    if (j < n && n >= EK_TILE) // the last sixteen, whatever of them was seen already
        most[1] = v16_max(v16_load(row + n - EK_TILE), most[1]);
    float largest = v16_largest(v16_max(v16_max(most[0], most[1]), v16_max(most[2], most[3])));
    for (; n < EK_TILE && j < n; j++)
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

#endif
