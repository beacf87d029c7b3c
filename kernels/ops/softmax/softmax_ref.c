// SPDX-License-Identifier: Apache-2.0
#include "softmax.h"

#include "../../common/mathf.h"

EK_DECL_SOFTMAX(ek_softmax_f32_ref) {
    for (size_t i = 0; i < m && n > 0; i++) {
        float *row = x + i * ldx;
        float largest = row[0];
        for (size_t j = 1; j < n; j++)
            largest = row[j] > largest ? row[j] : largest;
        float lanes[EK_TILE] = {0};
        for (size_t j = 0; j < n; j++) {
            row[j] = ek_expf(row[j] - largest);
            lanes[j % EK_TILE] += row[j];
        }
        const float inverse = 1.0f / ek_fold_lanes(lanes);
        for (size_t j = 0; j < n; j++)
            row[j] *= inverse;
    }
}
