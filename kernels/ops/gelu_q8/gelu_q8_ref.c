// SPDX-License-Identifier: Apache-2.0
#include "gelu_q8.h"

#include "../../common/mathf.h"
#include "../quantize/quantize.h"

EK_DECL_GELU_Q8(ek_gelu_q8_f32_ref) {
    for (size_t i = 0; i < m; i++)
        for (size_t p = 0; p < k; p++)
            x[i * ldx + p] = ek_near_geluf(x[i * ldx + p]);
    ek_quantize_q8_f32_ref(rows, x, ldx, m, k, 1);
}
