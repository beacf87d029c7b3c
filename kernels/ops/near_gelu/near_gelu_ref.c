// SPDX-License-Identifier: Apache-2.0
#include "near_gelu.h"

#include "../../common/mathf.h"

EK_DECL_GELU(ek_near_gelu_f32_ref) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            x[i * ldx + j] = ek_near_geluf(x[i * ldx + j]);
}
