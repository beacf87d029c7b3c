// SPDX-License-Identifier: Apache-2.0
#include "rms_norm.h"

#include "../../common/mathf.h"

EK_DECL_RMS_NORM(ek_rms_norm_f32_ref) {
    for (size_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        float lanes[EK_TILE] = {0};
        for (size_t j = 0; j < n; j++)
            lanes[j % EK_TILE] = fmaf(row[j], row[j], lanes[j % EK_TILE]);
        const float scale = 1.0f / sqrtf(ek_fold_lanes(lanes) / (float)n + epsilon);
        for (size_t j = 0; j < n; j++)
            out[i * ldo + j] = row[j] * scale * weight[j];
    }
}
