// SPDX-License-Identifier: Apache-2.0
#include "rope.h"

#include <math.h>

EK_DECL_ROPE(ek_rope_f32_ref) {
    const size_t half = width / 2;
    for (size_t i = 0; i < m; i++) {
        const float *cosine = turns + (size_t)position[i] * width, *sine = cosine + half;
        for (size_t head = 0; head < n_heads; head++) {
            float *first = x + i * ldx + head * width, *second = first + half;
            for (size_t c = 0; c < half; c++) {
                const float a = first[c], b = second[c];
                first[c] = fmaf(-b, sine[c], a * cosine[c]);
                second[c] = fmaf(a, sine[c], b * cosine[c]);
            }
        }
    }
}
