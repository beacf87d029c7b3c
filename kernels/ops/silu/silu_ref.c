// SPDX-License-Identifier: Apache-2.0
#include "silu.h"

#include "../../common/mathf.h"

EK_DECL_SILU(ek_silu_f32_ref) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float *gate = x + i * ldx + j;
            *gate = *gate / (1.0f + ek_expf(0.0f - *gate)) * up[i * ldu + j];
        }
}
