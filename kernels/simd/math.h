// SPDX-License-Identifier: Apache-2.0
// exp, attention weights and GELU on sixteen lanes: common/mathf.h step by step, hence the same bits.
#ifndef EK_SIMD_MATH_H
#define EK_SIMD_MATH_H

#include "../common/mathf.h"
#include "simd.h"

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

EK_INLINE v16 v16_scale_by_power(v16 p, v16 shifted) {
    return v16_from_bits(v16i_add(v16_to_bits(p), v16i_shift_left(v16_to_bits(shifted), 23)));
}

EK_INLINE v16 v16_exp2(v16 t) {
    const v16 magic = v16_set1(EK_EXP2_MAGIC);
    t = v16_max(t, v16_set1(EK_EXP2_LOW));
    const v16 shifted = v16_add(t, magic), r = v16_sub(t, v16_sub(shifted, magic));
    v16 p = v16_set1(EK_EXP2_C5);
    p = v16_fma(p, r, v16_set1(EK_EXP2_C4));
    p = v16_fma(p, r, v16_set1(EK_EXP2_C3));
    p = v16_fma(p, r, v16_set1(EK_EXP2_C2));
    p = v16_fma(p, r, v16_set1(EK_EXP2_C1));
    p = v16_fma(p, r, v16_set1(1.0f));
    return v16_scale_by_power(p, shifted);
}

EK_INLINE v16 v16_weight(v16 x) {
    const v16 magic = v16_set1(EK_EXP2_MAGIC);
    const v16 t = v16_max(v16_mul(x, v16_set1(EK_EXP_LOG2E)), v16_set1(EK_WEIGHT_LOW));
    const v16 shifted = v16_add(t, magic), r = v16_sub(t, v16_sub(shifted, magic));
    v16 p = v16_set1(EK_WEIGHT_C4);
    p = v16_fma(p, r, v16_set1(EK_WEIGHT_C3));
    p = v16_fma(p, r, v16_set1(EK_WEIGHT_C2));
    p = v16_fma(p, r, v16_set1(EK_WEIGHT_C1));
    p = v16_fma(p, r, v16_set1((float)EK_WEIGHT_ONE));
    return v16_scale_by_power(p, shifted);
}

EK_INLINE v32 v32_weight_below(v32 steps) {
    const v32 g = v32_shift_left(v32_and(steps, v32_set1((1 << EK_STEP_BITS) - 1)), 15 - EK_STEP_BITS);
    v32 p = v32_set1(EK_WEIGHT_B3);
    p = v32_add(v32_high_product(p, g), v32_set1(EK_WEIGHT_B2));
    p = v32_add(v32_high_product(p, g), v32_set1(EK_WEIGHT_B1));
    p = v32_add(v32_high_product(p, g), v32_set1(EK_WEIGHT_ONE));
    return v32_halve(p, v32_shift_right(steps, EK_STEP_BITS));
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
    const v16 tail = v16_mul(r, v16_exp2(v16_mul(v16_mul(a, a), v16_set1(EK_GELU_EXPONENT))));
    return v16_fnma(a, tail, v16_max(x, v16_zero()));
}

EK_INLINE v16 v16_near_gelu(v16 x) {
    const v16 a = v16_min(v16_set1(EK_NEAR_GELU_FAR), v16_abs(x));
    v16 c = v16_set1(EK_NEAR_GELU_C5);
    c = v16_fma(c, a, v16_set1(EK_NEAR_GELU_C4));
    c = v16_fma(c, a, v16_set1(EK_NEAR_GELU_C3));
    c = v16_fma(c, a, v16_set1(EK_NEAR_GELU_C2));
    c = v16_fma(c, a, v16_set1(EK_NEAR_GELU_C1));
    c = v16_fma(c, a, v16_set1(EK_NEAR_GELU_C0));
    const v16 square = v16_mul(c, c);
    return v16_fnma(a, v16_mul(square, square), v16_max(x, v16_zero()));
}

#endif
