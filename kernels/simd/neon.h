// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes on NEON: four registers. simd/README.md explains the vocabulary. Compiled three times: for every
// 64-bit ARM (dispatch/levels/neon.c), with the dot product instruction (dotprod.c), and with that of small matrices
// too (i8mm.c).
#ifndef EK_SIMD_H
#define EK_SIMD_H

#if !defined(__aarch64__)
#error "this file needs 64-bit ARM"
#endif

#include <arm_neon.h>
#include <string.h>

#include "../common/attributes.h"

// Register tiles of the products: rows by 16-column tiles, within 32 registers.
#define F32_ROWS 6
#define F32_TILES 1
#define Q8_TILES 1
#define Q4_TILES 1
#define Q8_ROWS 4
#ifdef __ARM_FEATURE_DOTPROD
#define Q4_ROWS 4
#define Q4_FINE_ROWS 2
#else // room for the 16-bit products on their way into the sums
#define Q4_ROWS 2
#define Q4_FINE_ROWS 1
#endif

typedef struct { float32x4_t a, b, c, d; } v16;
typedef struct { int32x4_t a, b, c, d; } v16i;

#define EK_UNARY(type, name, from, op)                                                                  \
    EK_INLINE type name(from x) { return (type){op(x.a), op(x.b), op(x.c), op(x.d)}; }
#define EK_BINARY(type, name, op)                                                                       \
    EK_INLINE type name(type x, type y) { return (type){op(x.a, y.a), op(x.b, y.b), op(x.c, y.c), op(x.d, y.d)}; }
#define EK_TERNARY(type, name, op) /* the addend comes first in ARM's multiply-adds */                  \
    EK_INLINE type name(type x, type y, type z) {                                                       \
        return (type){op(z.a, x.a, y.a), op(z.b, x.b, y.b), op(z.c, x.c, y.c), op(z.d, x.d, y.d)};      \
    }

EK_INLINE v16 v16_set1(float x) {
    const float32x4_t all = vdupq_n_f32(x);
    return (v16){all, all, all, all};
}
EK_INLINE v16 v16_zero(void) { return v16_set1(0.0f); }
EK_INLINE v16 v16_load(const float *p) {
    return (v16){vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
EK_INLINE void v16_store(float *p, v16 x) {
    vst1q_f32(p, x.a);
    vst1q_f32(p + 4, x.b);
    vst1q_f32(p + 8, x.c);
    vst1q_f32(p + 12, x.d);
}
EK_INLINE v16 v16_load_n(const float *p, size_t n) {
    float lanes[EK_TILE] = {0};
    if (n == EK_TILE)
        return v16_load(p);
    memcpy(lanes, p, n * sizeof *p);
    return v16_load(lanes);
}
EK_INLINE void v16_store_n(float *p, v16 x, size_t n) {
    float lanes[EK_TILE];
    if (n == EK_TILE) {
        v16_store(p, x);
        return;
    }
    v16_store(lanes, x);
    memcpy(p, lanes, n * sizeof *p);
}
EK_INLINE v16 v16_keep_n(v16 x, size_t n) {
    float lanes[EK_TILE];
    if (n == EK_TILE)
        return x;
    v16_store(lanes, x);
    return v16_load_n(lanes, n);
}
// Not fmaxnm: it drops a NaN on either side and orders the zeros, where x86 and the reference take b.
EK_INLINE float32x4_t larger4(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
EK_INLINE float32x4_t smaller4(float32x4_t a, float32x4_t b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
EK_BINARY(v16, v16_add, vaddq_f32)
EK_BINARY(v16, v16_sub, vsubq_f32)
EK_BINARY(v16, v16_mul, vmulq_f32)
EK_BINARY(v16, v16_div, vdivq_f32)
EK_BINARY(v16, v16_max, larger4)
EK_BINARY(v16, v16_min, smaller4)
EK_TERNARY(v16, v16_fma, vfmaq_f32)
EK_TERNARY(v16, v16_fnma, vfmsq_f32)
EK_UNARY(v16, v16_abs, v16, vabsq_f32)
EK_UNARY(v16, v16_rint, v16, vrndnq_f32)

EK_INLINE v16i v16i_set1(int32_t x) {
    const int32x4_t all = vdupq_n_s32(x);
    return (v16i){all, all, all, all};
}
EK_INLINE v16i v16i_zero(void) { return v16i_set1(0); }
EK_BINARY(v16i, v16i_add, vaddq_s32)
EK_BINARY(v16i, v16i_sub, vsubq_s32)
EK_BINARY(v16i, v16i_and, vandq_s32)
EK_BINARY(v16i, v16i_or, vorrq_s32)
#define v16i_shift_left(x, n)                                                                           \
    ((v16i){vshlq_n_s32((x).a, n), vshlq_n_s32((x).b, n), vshlq_n_s32((x).c, n), vshlq_n_s32((x).d, n)})
#define v16i_shift_right(x, n)                                                                          \
    ((v16i){vshrq_n_s32((x).a, n), vshrq_n_s32((x).b, n), vshrq_n_s32((x).c, n), vshrq_n_s32((x).d, n)})
EK_INLINE v16i v16i_load(const int32_t *p) {
    return (v16i){vld1q_s32(p), vld1q_s32(p + 4), vld1q_s32(p + 8), vld1q_s32(p + 12)};
}
EK_INLINE void v16i_store(void *p, v16i x) { // by bytes: p is any address
    uint8_t *bytes = p;
    vst1q_u8(bytes, vreinterpretq_u8_s32(x.a));
    vst1q_u8(bytes + 16, vreinterpretq_u8_s32(x.b));
    vst1q_u8(bytes + 32, vreinterpretq_u8_s32(x.c));
    vst1q_u8(bytes + 48, vreinterpretq_u8_s32(x.d));
}
EK_INLINE int8x16_t v16i_to_i8(v16i x) {
    const int16x8_t low = vmovn_high_s32(vmovn_s32(x.a), x.b), high = vmovn_high_s32(vmovn_s32(x.c), x.d);
    return vmovn_high_s16(vmovn_s16(low), high);
}
EK_INLINE void v16i_store_i8(int8_t *p, v16i x) { vst1q_s8(p, v16i_to_i8(x)); }
EK_UNARY(v16i, v16i_from_v16, v16, vcvtnq_s32_f32)
EK_UNARY(v16, v16_from_v16i, v16i, vcvtq_f32_s32)
EK_INLINE v16 v16_load_i8(const int8_t *p) {
    const int8x16_t bytes = vld1q_s8(p);
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
    return v16_from_v16i((v16i){vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)),
                                vmovl_high_s16(high)});
}
EK_UNARY(v16, v16_from_bits, v16i, vreinterpretq_f32_s32)
EK_UNARY(v16i, v16_to_bits, v16, vreinterpretq_s32_f32)

EK_INLINE float v16_sum(v16 x) { // halves onto each other: 8, 4, 2, 1
    const float32x4_t s4 = vaddq_f32(vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d));
    const float32x2_t s2 = vadd_f32(vget_low_f32(s4), vget_high_f32(s4));
    return vget_lane_f32(s2, 0) + vget_lane_f32(s2, 1);
}
EK_INLINE float v16_largest(v16 x) { return vmaxvq_f32(larger4(larger4(x.a, x.c), larger4(x.b, x.d))); }
EK_INLINE int32_t v16i_sum(v16i x) { return vaddvq_s32(vaddq_s32(vaddq_s32(x.a, x.c), vaddq_s32(x.b, x.d))); }

#include "each.h"

EK_INLINE int32_t v16i_sum_first(v16i x) { return vaddvq_s32(vaddq_s32(x.a, x.b)); }
EK_INLINE int32_t v16i_sum_second(v16i x) { return vaddvq_s32(vaddq_s32(x.c, x.d)); }

// Stores sixteen integers within +-127 as bytes; returns the sums of their quads.
EK_INLINE int32x4_t put_16(int8_t *p, v16i x) {
    const int8x16_t bytes = v16i_to_i8(x);
    vst1q_s8(p, bytes);
    return vpaddlq_s16(vpaddlq_s8(bytes));
}
EK_INLINE v16i v64_store_i8(int8_t *p, v16i x, v16i y, v16i z, v16i w) {
    const int32x4_t first = put_16(p, x), second = put_16(p + 16, y), third = put_16(p + 32, z);
    return (v16i){first, second, third, put_16(p + 48, w)};
}
// The same 64 bytes, with the four bytes of a lane side by side.
EK_INLINE void v64_store_quads(int8_t *p, v16i x, v16i y, v16i z, v16i w) {
    vst4q_s8(p, (int8x16x4_t){{v16i_to_i8(x), v16i_to_i8(y), v16i_to_i8(z), v16i_to_i8(w)}});
}
// Floats of at most 127 to integers for v64_store_i8: NaN, and what is below -127, becomes -127.
EK_INLINE v16i v16i_codes(v16 x) { return v16i_from_v16(v16_max(x, v16_set1(-127.0f))); }

// Thirty-two int16 lanes.
typedef struct { int16x8_t a, b, c, d; } v32;
EK_INLINE v32 v32_set1(int16_t x) {
    const int16x8_t all = vdupq_n_s16(x);
    return (v32){all, all, all, all};
}
EK_INLINE int16x8_t narrow_8(int32x4_t x, int32x4_t y) {
    return vreinterpretq_s16_u16(vqmovun_high_s32(vqmovun_s32(x), y));
}
EK_INLINE v32 v32_from_v16(v16 x, v16 y) {
    const v16i first = v16i_from_v16(x), second = v16i_from_v16(y);
    return (v32){narrow_8(first.a, first.b), narrow_8(first.c, first.d), narrow_8(second.a, second.b),
                 narrow_8(second.c, second.d)};
}
EK_BINARY(v32, v32_add, vaddq_s16)
EK_BINARY(v32, v32_and, vandq_s16)
EK_BINARY(v32, v32_high_product, vqrdmulhq_s16)
#define v32_shift_left(x, n)                                                                            \
    ((v32){vshlq_n_s16((x).a, n), vshlq_n_s16((x).b, n), vshlq_n_s16((x).c, n), vshlq_n_s16((x).d, n)})
#define v32_shift_right(x, n) /* of what is not negative */                                            \
    ((v32){vshrq_n_s16((x).a, n), vshrq_n_s16((x).b, n), vshrq_n_s16((x).c, n), vshrq_n_s16((x).d, n)})
EK_INLINE int16x8_t halve_8(int16x8_t x, int16x8_t times) { return vrshlq_s16(x, vnegq_s16(times)); }
EK_BINARY(v32, v32_halve, halve_8)
EK_INLINE int32x4_t put_16_digits(int8_t *p, int16x8_t x, int16x8_t y) {
    vst1q_s8(p, vmovn_high_s16(vmovn_s16(x), y));
    return vaddq_s32(vpaddlq_s16(x), vpaddlq_s16(y));
}
EK_INLINE v16i v64_store_digits(int8_t *p, v32 x, v32 y) {
    const int32x4_t first = put_16_digits(p, x.a, x.b), second = put_16_digits(p + 16, x.c, x.d);
    const int32x4_t third = put_16_digits(p + 32, y.a, y.b);
    return (v16i){first, second, third, put_16_digits(p + 48, y.c, y.d)};
}

// INT8: 64 codes are four registers of 4 columns each. Without sdot, products and then pairs of them are 16 bits
// wide: codes within 127 keep a pair below 32768.
typedef struct { int8x16_t a, b, c, d; } q8w;
typedef int8x16_t q8a;
EK_INLINE q8w q8_load_w(const int8_t *w) {
    return (q8w){vld1q_s8(w), vld1q_s8(w + 16), vld1q_s8(w + 32), vld1q_s8(w + 48)};
}
EK_INLINE q8a q8_load_a(const int8_t *a) { return vreinterpretq_s8_s32(vdupq_n_s32(ek_load_quad(a))); }
EK_INLINE int32x4_t q8_dot4(int32x4_t acc, int8x16_t w, int8x16_t a) {
#ifdef __ARM_FEATURE_DOTPROD
    return vdotq_s32(acc, w, a);
#else
    const int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(a)), high = vmull_high_s8(w, a);
    return vpadalq_s16(acc, vpaddq_s16(low, high));
#endif
}
EK_INLINE v16i q8_start(int32_t a_sum) {
    (void)a_sum;
    return v16i_zero();
}
EK_INLINE v16i q8_dot(v16i acc, q8w w, q8a a) {
    return (v16i){q8_dot4(acc.a, w.a, a), q8_dot4(acc.b, w.b, a), q8_dot4(acc.c, w.c, a), q8_dot4(acc.d, w.d, a)};
}

#include "ahead.h"

#ifdef __ARM_FEATURE_DOTPROD
// Several quads at a time, as many as there are; returns how many were added to the rows' sums.
//
// A quad for all columns would be repeated by the unit that multiplies; sdot takes it out of four by itself.
#define EK_LANE(n)                                                                                       \
    do {                                                                                                \
        const q8w x = q8_load_w(w + (q + n) * EK_TILE * EK_QUAD);                                        \
        EK_UNROLL for (size_t i = 0; i < rows; i++)                                                      \
            acc[i][0] = (v16i){vdotq_laneq_s32(acc[i][0].a, x.a, four[i], n),                            \
                               vdotq_laneq_s32(acc[i][0].b, x.b, four[i], n),                            \
                               vdotq_laneq_s32(acc[i][0].c, x.c, four[i], n),                            \
                               vdotq_laneq_s32(acc[i][0].d, x.d, four[i], n)};                           \
    } while (0)
EK_INLINE size_t dots_of_lanes(v16i (*acc)[Q8_TILES], const size_t rows, const int8_t *w, const int8_t *a,
                               size_t stride, size_t quads, ahead next) {
    size_t q = 0;
    for (; q + 4 <= quads; q += 4) {
        int8x16_t four[Q8_ROWS];
        EK_UNROLL for (size_t i = 0; i < rows; i++) four[i] = vld1q_s8(a + i * stride + q * EK_QUAD);
        for (size_t n = 0; n < 4; n++)
            ahead_at(next, q + n);
        EK_LANE(0);
        EK_LANE(1);
        EK_LANE(2);
        EK_LANE(3);
    }
    return q;
}
#undef EK_LANE
#ifndef __ARM_FEATURE_MATMUL_INT8
#define q8_dots_several dots_of_lanes
#else
#define Q8_PEAK_PRODUCTS (2 * EK_TILE * EK_QUAD)
EK_INLINE v16i q8_peak(v16i acc, q8w w, q8a a) {
    return (v16i){vmmlaq_s32(acc.a, w.a, a), vmmlaq_s32(acc.b, w.b, a), vmmlaq_s32(acc.c, w.c, a),
                  vmmlaq_s32(acc.d, w.d, a)};
}
// Two rows by 16 columns: of each two columns, the sums of the first row, then those of the second.
typedef struct { int32x4_t of[EK_TILE / 2]; } q8pair;
EK_INLINE void q8_dot_pairs(q8pair *acc, const size_t pairs, const int8_t *w, const int8x16_t *a) {
    EK_UNROLL for (size_t g = 0; g < EK_TILE / 4; g++) {
        // Four columns of a quad, and of the next: a column's eight codes come side by side.
        const int32x4_t near = vreinterpretq_s32_s8(vld1q_s8(w + 16 * g));
        const int32x4_t far = vreinterpretq_s32_s8(vld1q_s8(w + EK_TILE * EK_QUAD + 16 * g));
        const int8x16_t left = vreinterpretq_s8_s32(vzip1q_s32(near, far));
        const int8x16_t right = vreinterpretq_s8_s32(vzip2q_s32(near, far));
        EK_UNROLL for (size_t i = 0; i < pairs; i++) {
            acc[i].of[2 * g] = vmmlaq_s32(acc[i].of[2 * g], a[i], left);
            acc[i].of[2 * g + 1] = vmmlaq_s32(acc[i].of[2 * g + 1], a[i], right);
        }
    }
}
EK_INLINE int32x4_t pair_row4(int32x4_t x, int32x4_t y, size_t row) {
    const int64x2_t left = vreinterpretq_s64_s32(x), right = vreinterpretq_s64_s32(y);
    return vreinterpretq_s32_s64(row ? vzip2q_s64(left, right) : vzip1q_s64(left, right));
}
EK_INLINE size_t dots_of_pairs(v16i (*acc)[Q8_TILES], const size_t rows, const int8_t *w, const int8_t *a,
                               size_t stride, size_t quads, ahead next) {
    const size_t pairs = (rows + 1) / 2;
    q8pair sums[(Q8_ROWS + 1) / 2] = {0};
    size_t q = 0;
    for (; q + 2 <= quads; q += 2) {
        int8x16_t both[(Q8_ROWS + 1) / 2];
        EK_UNROLL for (size_t i = 0; i < pairs; i++) { // an odd row is its own neighbor
            const int8_t *first = a + 2 * i * stride + q * EK_QUAD;
            both[i] = vcombine_s8(vld1_s8(first), vld1_s8(2 * i + 1 < rows ? first + stride : first));
        }
        ahead_at(next, q);
        ahead_at(next, q + 1);
        q8_dot_pairs(sums, pairs, w + q * EK_TILE * EK_QUAD, both);
    }
    EK_UNROLL for (size_t i = 0; i < rows; i++) {
        const int32x4_t *x = sums[i / 2].of;
        acc[i][0] = (v16i){pair_row4(x[0], x[1], i % 2), pair_row4(x[2], x[3], i % 2), pair_row4(x[4], x[5], i % 2),
                           pair_row4(x[6], x[7], i % 2)};
    }
    return q;
}
// A row alone would be multiplied twice.
EK_INLINE size_t q8_dots_several(v16i (*acc)[Q8_TILES], const size_t rows, const int8_t *w, const int8_t *a,
                                 size_t stride, size_t quads, ahead next) {
    return rows > 1 ? dots_of_pairs(acc, rows, w, a, stride, quads, next)
                    : dots_of_lanes(acc, rows, w, a, stride, quads, next);
}
#endif
#else
#include "single.h"
#endif

// INT4: nibbles are small enough to be signed bytes.
typedef q8w q4w;
EK_INLINE int8x16_t low_nibbles(uint8x16_t x) { return vreinterpretq_s8_u8(vandq_u8(x, vdupq_n_u8(15))); }
EK_INLINE int8x16_t high_nibbles(uint8x16_t x) { return vreinterpretq_s8_u8(vshrq_n_u8(x, 4)); }
EK_INLINE void q4_load_w(const uint8_t *w, q4w *low, q4w *high) {
    const uint8x16_t a = vld1q_u8(w), b = vld1q_u8(w + 16), c = vld1q_u8(w + 32), d = vld1q_u8(w + 48);
    *low = (q4w){low_nibbles(a), low_nibbles(b), low_nibbles(c), low_nibbles(d)};
    *high = (q4w){high_nibbles(a), high_nibbles(b), high_nibbles(c), high_nibbles(d)};
}
#ifdef __ARM_FEATURE_DOTPROD
typedef v16i q4acc;
EK_INLINE q4acc q4_zero(void) { return v16i_zero(); }
EK_INLINE q4acc q4_dot(q4acc acc, q4w w, q8a a) { return q8_dot(acc, w, a); }
EK_INLINE v16i q4_finish(q4acc acc) { return acc; }
#else
// A whole group (8 quads) is added in 16 bits: per product of a quad at most 8 * 15 * 127, per pair twice that.
typedef struct { int16x8_t low, high; } q4acc4;
typedef struct { q4acc4 a, b, c, d; } q4acc;
EK_INLINE q4acc q4_zero(void) {
    const q4acc4 zero = {vdupq_n_s16(0), vdupq_n_s16(0)};
    return (q4acc){zero, zero, zero, zero};
}
EK_INLINE q4acc4 q4_dot4(q4acc4 acc, int8x16_t w, int8x16_t a) {
    return (q4acc4){vmlal_s8(acc.low, vget_low_s8(w), vget_low_s8(a)), vmlal_high_s8(acc.high, w, a)};
}
EK_INLINE q4acc q4_dot(q4acc acc, q4w w, q8a a) {
    return (q4acc){q4_dot4(acc.a, w.a, a), q4_dot4(acc.b, w.b, a), q4_dot4(acc.c, w.c, a), q4_dot4(acc.d, w.d, a)};
}
EK_INLINE int32x4_t q4_finish4(q4acc4 acc) { return vpaddlq_s16(vpaddq_s16(acc.low, acc.high)); }
EK_UNARY(v16i, q4_finish, q4acc, q4_finish4)
#endif

#undef EK_UNARY
#undef EK_BINARY
#undef EK_TERNARY

#endif
