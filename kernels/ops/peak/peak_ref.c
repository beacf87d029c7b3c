// SPDX-License-Identifier: Apache-2.0
#include "peak.h"

#include <math.h>

EK_DECL_PEAK(ek_peak_q8_ref) {
    volatile uint32_t sink;
    uint32_t sum = 0; // wraps in many rounds
    for (size_t i = 0; i < rounds; i++)
        sum += (uint32_t)(i & 127) * (uint32_t)(i % 113);
    sink = sum;
    (void)sink;
    return (double)rounds;
}

EK_DECL_PEAK(ek_peak_f32_ref) {
    volatile float sink;
    float sum = 0.0f;
    for (size_t i = 0; i < rounds; i++)
        sum = fmaf(sum, 0.5f, 1.0f);
    sink = sum;
    (void)sink;
    return (double)rounds;
}
