// SPDX-License-Identifier: Apache-2.0
// exp, GELU and log10 as kernels have them, and the order in which rows are summed: written once as scalars (the definition),
// followed step by step by simd/math.h, so that every variant gives the same bits.
#ifndef EK_MATHF_H
#define EK_MATHF_H

#include <math.h>
#include <string.h>

#include "attributes.h"

// exp(r) = 1 + r + r^2 P(r) on |r| <= ln2 / 2, fitted by least squares on Chebyshev points (error 1e-8).
#define EK_EXP_LOG2E 1.44269504088896341f
#define EK_EXP_LN2_HI 0.693359375f
#define EK_EXP_LN2_LO -2.12194440e-4f
#define EK_EXP_LOW -87.0f // below, the result would be subnormal
#define EK_EXP_HIGH 88.0f
#define EK_EXP_C0 0.5f
#define EK_EXP_C1 0.16666576266288757f
#define EK_EXP_C2 0.041666463017463684f
#define EK_EXP_C3 0.008363235741853714f
#define EK_EXP_C4 0.0013933733571320772f

// 2^n out of an integer n that was added to this: the float's low bits are n, and shifted they are its exponent.
#define EK_EXP2_MAGIC 12582912.0f // 1.5 * 2^23
#define EK_EXP2_LOW -126.0f // below, the result would be subnormal
#define EK_WEIGHT_LOW -24.0f // below, a weight of 14 bits is 0

// 2^r = 1 + r P(r) on |r| <= 1/2, fitted for the relative error (1e-7).
#define EK_EXP2_C1 0.6931470036506653f
#define EK_EXP2_C2 0.24022242426872253f
#define EK_EXP2_C3 0.05550733581185341f
#define EK_EXP2_C4 0.009671512991189957f
#define EK_EXP2_C5 0.001326472731307149f

// 16256 * 2^r = 16256 + r P(r) on |r| <= 1/2, fitted for the relative error (3e-6).
#define EK_WEIGHT_C1 11267.427734375f
#define EK_WEIGHT_C2 3905.357666015625f
#define EK_WEIGHT_C3 908.8148803710938f
#define EK_WEIGHT_C4 155.77883911132812f

enum { EK_WEIGHT_ONE = 127 * 128 };

// The same weight in 16-bit integers, of steps of 1 / 2048 of a power of two below the largest: 16256 * 2^(-g / 2^15)
// is a polynomial of degree 3 in g, whose products are rounded to their high 16 bits (relative error 2.2e-4).
#define EK_WEIGHT_STEPS 2954.63943f // 2048 log2(e): steps of a score
#define EK_WEIGHT_MOST_STEPS 32767.0f // a weight so many steps below the largest is 0
enum { EK_WEIGHT_B1 = -11243, EK_WEIGHT_B2 = 3762, EK_WEIGHT_B3 = -648, EK_STEP_BITS = 11 };

// GELU(x) = max(x, 0) - |x| Q(|x|), Q the normal tail = exp(-x^2 / 2) R(1 / (1 + P |x|)); R is a minimax fit
// of degree 7 (error of the whole 3e-9; rounding adds 2.4e-7).
#define EK_GELU_EXPONENT -0.72134752044448170f // -log2(e) / 2
#define EK_GELU_P 0.34f
#define EK_GELU_R0 -9.373893590236548e-06f
#define EK_GELU_R1 0.13611295819282532f
#define EK_GELU_R2 0.12916262447834015f
#define EK_GELU_R3 0.1589525043964386f
#define EK_GELU_R4 -0.036160800606012344f
#define EK_GELU_R5 0.27091678977012634f
#define EK_GELU_R6 -0.20495541393756866f
#define EK_GELU_R7 0.04598088935017586f

// Near GELU: Q(|x|) = C(|x|)^4 up to EK_NEAR_GELU_FAR, where |x| Q(|x|) is 2.4e-5, and constant beyond. C is a minimax
// fit of degree 5 (error of the whole 2.5e-5).
#define EK_NEAR_GELU_FAR 4.4f
#define EK_NEAR_GELU_C0 0.8406276702880859f
#define EK_NEAR_GELU_C1 -0.1657516062259674f
#define EK_NEAR_GELU_C2 -0.054628998041152954f
#define EK_NEAR_GELU_C3 0.008502282202243805f
#define EK_NEAR_GELU_C4 0.0028413981199264526f
#define EK_NEAR_GELU_C5 -0.0004917572950944304f

// exp(x), for x clamped to EK_EXP_LOW .. EK_EXP_HIGH; NaN gives exp(EK_EXP_LOW).
static inline float ek_expf(float x) {
    x = x > EK_EXP_LOW ? x : EK_EXP_LOW;
    x = x < EK_EXP_HIGH ? x : EK_EXP_HIGH;
    const float n = rintf(x * EK_EXP_LOG2E);
    float r = fmaf(-n, EK_EXP_LN2_HI, x);
    r = fmaf(-n, EK_EXP_LN2_LO, r);
    float p = EK_EXP_C4;
    p = fmaf(p, r, EK_EXP_C3);
    p = fmaf(p, r, EK_EXP_C2);
    p = fmaf(p, r, EK_EXP_C1);
    p = fmaf(p, r, EK_EXP_C0);
    const float y = fmaf(p, r * r, r + 1.0f);
    const int32_t bits = ((int32_t)n + 127) * (1 << 23); // 2^n
    float power;
    memcpy(&power, &bits, sizeof power);
    return y * power;
}

// p * 2^n, where n was added to EK_EXP2_MAGIC to give `shifted`.
static inline float ek_scale_by_power(float p, float shifted) {
    uint32_t power, bits;
    memcpy(&power, &shifted, sizeof power);
    memcpy(&bits, &p, sizeof bits);
    bits += power << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}

// 2^t for t <= 0. exp(x) by way of t = x log2(e) has a relative error that grows with |x|, so this is for small terms
// of a sum.
static inline float ek_exp2f(float t) {
    t = t > EK_EXP2_LOW ? t : EK_EXP2_LOW;
    const float shifted = t + EK_EXP2_MAGIC, r = t - (shifted - EK_EXP2_MAGIC);
    float p = EK_EXP2_C5;
    p = fmaf(p, r, EK_EXP2_C4);
    p = fmaf(p, r, EK_EXP2_C3);
    p = fmaf(p, r, EK_EXP2_C2);
    p = fmaf(p, r, EK_EXP2_C1);
    p = fmaf(p, r, 1.0f);
    return ek_scale_by_power(p, shifted);
}

// 16256 * exp(x), for x <= 0.
static inline float ek_weightf(float x) {
    float t = x * EK_EXP_LOG2E;
    t = t > EK_WEIGHT_LOW ? t : EK_WEIGHT_LOW;
    const float shifted = t + EK_EXP2_MAGIC, r = t - (shifted - EK_EXP2_MAGIC);
    float p = EK_WEIGHT_C4;
    p = fmaf(p, r, EK_WEIGHT_C3);
    p = fmaf(p, r, EK_WEIGHT_C2);
    p = fmaf(p, r, EK_WEIGHT_C1);
    p = fmaf(p, r, (float)EK_WEIGHT_ONE);
    return ek_scale_by_power(p, shifted);
}

// The high 16 bits of the product of two 16-bit integers with one doubled, rounded.
static inline int32_t ek_high_product(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

// 16256 * 2^(-steps / 2048) for 0 <= steps < 2^15.
static inline int32_t ek_weight_below(int32_t steps) {
    const int32_t g = (steps & ((1 << EK_STEP_BITS) - 1)) << (15 - EK_STEP_BITS), halvings = steps >> EK_STEP_BITS;
    int32_t p = EK_WEIGHT_B3;
    p = ek_high_product(p, g) + EK_WEIGHT_B2;
    p = ek_high_product(p, g) + EK_WEIGHT_B1;
    p = ek_high_product(p, g) + EK_WEIGHT_ONE;
    return halvings ? (p + (1 << (halvings - 1))) >> halvings : p;
}

// GELU by the formula above.
static inline float ek_geluf(float x) {
    const float a = fabsf(x);
    const float t = 1.0f / fmaf(a, EK_GELU_P, 1.0f);
    float r = EK_GELU_R7;
    r = fmaf(r, t, EK_GELU_R6);
    r = fmaf(r, t, EK_GELU_R5);
    r = fmaf(r, t, EK_GELU_R4);
    r = fmaf(r, t, EK_GELU_R3);
    r = fmaf(r, t, EK_GELU_R2);
    r = fmaf(r, t, EK_GELU_R1);
    r = fmaf(r, t, EK_GELU_R0);
    const float tail = r * ek_exp2f((a * a) * EK_GELU_EXPONENT);
    return fmaf(-a, tail, x > 0.0f ? x : 0.0f);
}

// Near GELU by the formula above.
static inline float ek_near_geluf(float x) {
    const float size = fabsf(x), a = EK_NEAR_GELU_FAR < size ? EK_NEAR_GELU_FAR : size; // NaN stays NaN
    float c = EK_NEAR_GELU_C5;
    c = fmaf(c, a, EK_NEAR_GELU_C4);
    c = fmaf(c, a, EK_NEAR_GELU_C3);
    c = fmaf(c, a, EK_NEAR_GELU_C2);
    c = fmaf(c, a, EK_NEAR_GELU_C1);
    c = fmaf(c, a, EK_NEAR_GELU_C0);
    const float square = c * c;
    return fmaf(-a, square * square, x > 0.0f ? x : 0.0f);
}

// log10 of an energy for a log-mel frame, at least -10; NaN and infinity stay. In double precision: 2^e m with m in
// sqrt(1/2) .. sqrt(2), and ln(m) = 2 atanh(t) with t = (m - 1) / (m + 1), |t| < 0.172 (error 1e-14).
static inline float ek_log_mel(double energy) {
    if (!(energy <= 1e300))
        return (float)energy;
    if (energy < 1e-10)
        return -10.0f;
    uint64_t bits;
    memcpy(&bits, &energy, sizeof bits);
    double exponent = (double)((int64_t)(bits >> 52) - 1023), m;
    bits = (bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1023 << 52;
    memcpy(&m, &bits, sizeof m);
    if (m > 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        exponent += 1.0;
    }
    const double t = (m - 1.0) / (m + 1.0), square = t * t;
    double sum = 1.0 / 17.0;
    for (int odd = 15; odd > 0; odd -= 2)
        sum = sum * square + 1.0 / odd;
    const float log10 = (float)(exponent * 0x1.34413509f79ffp-2 + 2.0 * t * sum * 0x1.bcb7b1526e50ep-2);
    return log10 < -10.0f ? -10.0f : log10;
}

// Adds 16 lanes as a tree: halves onto each other until one is left.
static inline float ek_fold_lanes(float lanes[EK_TILE]) {
    for (size_t half = EK_TILE / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

#endif
