// SPDX-License-Identifier: Apache-2.0
#include "layer_norm.h"

#include "../../common/mathf.h"

EK_DECL_LAYER_NORM(ek_layer_norm_f32_ref) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        float lanes[EK_TILE] = {0};
        for (size_t j = 0; j < n; j++)
            lanes[j % EK_TILE] += row[j];
        const float mean = ek_fold_lanes(lanes) / (float)n;

        memset(lanes, 0, sizeof lanes);
        for (size_t j = 0; j < n; j++)
            lanes[j % EK_TILE] = fmaf(row[j] - mean, row[j] - mean, lanes[j % EK_TILE]);
        const float rstd = 1.0f / sqrtf(ek_fold_lanes(lanes) / (float)n + EK_LAYER_NORM_EPSILON);

        for (size_t j = 0; j < n; j++)
            out[i * ldo + j] = fmaf((row[j] - mean) * rstd, weight[j], bias[j]);
    }
}
