// SPDX-License-Identifier: Apache-2.0
// exp and GELU on sixteen lanes: common/mathf.h step by step, hence the same bits.
#ifndef EK_SIMD_MATH_H
#define EK_SIMD_MATH_H

#include "../common/mathf.h"

EK_INLINE v16 v16_exp(v16 x) {
    x = v16_max(x, v16_set1(EK_EXP_LOW));
    x = v16_min(x, v16_set1(EK_EXP_HIGH));
    const v16 n = v16_rint(v16_mul(x, v16_set1(EK_EXP_LOG2E)));
    v16 r = v16_fnma(n, v16_set1(EK_EXP_LN2_HI), x);
    r = v16_fnma(n, v16_set1(EK_EXP_LN2_LO), r);
    v16 p = v16_set1(EK_EXP_C4);
    p = v16_fma(p, r, v16_set1(EK_EXP_C3));
    p = v16_fma(p, r, v16_set1(EK_EXP_C2));
    p = v16_fma(p, r, v16_set1(EK_EXP_C1));
    p = v16_fma(p, r, v16_set1(EK_EXP_C0));
    const v16 y = v16_fma(p, v16_mul(r, r), v16_add(r, v16_set1(1.0f)));
    const v16i power = v16i_shift_left(v16i_add(v16i_from_v16(n), v16i_set1(127)), 23); // 2^n
    return v16_mul(y, v16_from_bits(power));
}

EK_INLINE v16 v16_gelu(v16 x) {
    const v16 a = v16_abs(x);
    const v16 t = v16_div(v16_set1(1.0f), v16_fma(a, v16_set1(EK_GELU_P), v16_set1(1.0f)));
    v16 r = v16_set1(EK_GELU_R7);
    r = v16_fma(r, t, v16_set1(EK_GELU_R6));
    r = v16_fma(r, t, v16_set1(EK_GELU_R5));
    r = v16_fma(r, t, v16_set1(EK_GELU_R4));
    r = v16_fma(r, t, v16_set1(EK_GELU_R3));
    r = v16_fma(r, t, v16_set1(EK_GELU_R2));
    r = v16_fma(r, t, v16_set1(EK_GELU_R1));
    r = v16_fma(r, t, v16_set1(EK_GELU_R0));
    const v16 tail = v16_mul(r, v16_exp(v16_mul(v16_mul(a, a), v16_set1(-0.5f))));
    return v16_fnma(a, tail, v16_max(x, v16_zero()));
}

#endif
