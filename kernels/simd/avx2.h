// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes on AVX2 with FMA: two registers. simd/README.md explains the vocabulary. Compiled twice: for every x86
// of the last ten years (dispatch/levels/avx2.c), and with the dot product instruction (dispatch/levels/avxvnni.c).
#ifndef EK_SIMD_H
#define EK_SIMD_H

#if !defined(__AVX2__) || !defined(__FMA__)
#error "this file needs AVX2 and FMA"
#endif

#include <immintrin.h>
#include <string.h>

#include "../common/attributes.h"

// Register tiles of the products: rows by 16-column tiles, within 16 registers.
#define F32_ROWS 6
#define F32_TILES 1
#ifdef __AVXVNNI__
#define Q8_ROWS 6
#else // room for the 16-bit products on their way into the sums
#define Q8_ROWS 4
#endif
#define Q8_TILES 1
#define Q4_ROWS 4
#define Q4_FINE_ROWS 2
#define Q4_TILES 1

typedef struct { __m256 a, b; } v16;
typedef struct { __m256i a, b; } v16i;

#define EK_BOTH(type, expr_a, expr_b) ((type){(expr_a), (expr_b)})

EK_INLINE v16 v16_set1(float x) { return EK_BOTH(v16, _mm256_set1_ps(x), _mm256_set1_ps(x)); }
EK_INLINE v16 v16_zero(void) { return v16_set1(0.0f); }
EK_INLINE v16 v16_load(const float *p) { return EK_BOTH(v16, _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
EK_INLINE void v16_store(float *p, v16 x) {
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
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
#define EK_BINARY(name, op)                                                                             \
    EK_INLINE v16 name(v16 x, v16 y) { return EK_BOTH(v16, op(x.a, y.a), op(x.b, y.b)); }
EK_BINARY(v16_add, _mm256_add_ps)
EK_BINARY(v16_sub, _mm256_sub_ps)
EK_BINARY(v16_mul, _mm256_mul_ps)
EK_BINARY(v16_div, _mm256_div_ps)
EK_BINARY(v16_max, _mm256_max_ps)
EK_BINARY(v16_min, _mm256_min_ps)
#undef EK_BINARY
EK_INLINE v16 v16_fma(v16 x, v16 y, v16 z) {
    return EK_BOTH(v16, _mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b));
}
EK_INLINE v16 v16_fnma(v16 x, v16 y, v16 z) {
    return EK_BOTH(v16, _mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b));
}
EK_INLINE v16 v16_abs(v16 x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return EK_BOTH(v16, _mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b));
}
EK_INLINE v16 v16_rint(v16 x) {
    return EK_BOTH(v16, _mm256_round_ps(x.a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                   _mm256_round_ps(x.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

EK_INLINE v16i v16i_set1(int32_t x) { return EK_BOTH(v16i, _mm256_set1_epi32(x), _mm256_set1_epi32(x)); }
EK_INLINE v16i v16i_zero(void) { return v16i_set1(0); }
#define EK_BINARY(name, op)                                                                             \
    EK_INLINE v16i name(v16i x, v16i y) { return EK_BOTH(v16i, op(x.a, y.a), op(x.b, y.b)); }
EK_BINARY(v16i_add, _mm256_add_epi32)
EK_BINARY(v16i_sub, _mm256_sub_epi32)
EK_BINARY(v16i_and, _mm256_and_si256)
EK_BINARY(v16i_or, _mm256_or_si256)
#undef EK_BINARY
#define v16i_shift_left(x, bits) EK_BOTH(v16i, _mm256_slli_epi32((x).a, bits), _mm256_slli_epi32((x).b, bits))
#define v16i_shift_right(x, bits) EK_BOTH(v16i, _mm256_srli_epi32((x).a, bits), _mm256_srli_epi32((x).b, bits))
EK_INLINE v16i v16i_load(const int32_t *p) {
    return EK_BOTH(v16i, _mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)p + 1));
}
EK_INLINE void v16i_store(void *p, v16i x) {
    _mm256_storeu_si256((__m256i *)p, x.a);
    _mm256_storeu_si256((__m256i *)p + 1, x.b);
}
EK_INLINE void v16i_store_i8(int8_t *p, v16i x) { // values fit 8 bits, so the saturating packs change nothing
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xD8);
    _mm_storeu_si128((__m128i *)p,
                     _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
EK_INLINE v16i v16i_from_v16(v16 x) { return EK_BOTH(v16i, _mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)); }
EK_INLINE v16 v16_from_v16i(v16i x) { return EK_BOTH(v16, _mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)); }
EK_INLINE v16 v16_load_i8(const int8_t *p) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)p);
    return EK_BOTH(v16, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
                   _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))));
}
EK_INLINE v16 v16_from_bits(v16i x) { return EK_BOTH(v16, _mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)); }
EK_INLINE v16i v16_to_bits(v16 x) { return EK_BOTH(v16i, _mm256_castps_si256(x.a), _mm256_castps_si256(x.b)); }

EK_INLINE float v16_sum(v16 x) { // halves onto each other: 8, 4, 2, 1
    __m256 s8 = _mm256_add_ps(x.a, x.b);
    __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}
EK_INLINE float v16_largest(v16 x) {
    __m256 m8 = _mm256_max_ps(x.a, x.b);
    __m128 m4 = _mm_max_ps(_mm256_castps256_ps128(m8), _mm256_extractf128_ps(m8, 1));
    __m128 m2 = _mm_max_ps(m4, _mm_movehl_ps(m4, m4));
    return _mm_cvtss_f32(_mm_max_ss(m2, _mm_shuffle_ps(m2, m2, 1)));
}
EK_INLINE int32_t v16i_sum(v16i x) {
    __m256i s8 = _mm256_add_epi32(x.a, x.b);
    __m128i s4 = _mm_add_epi32(_mm256_castsi256_si128(s8), _mm256_extracti128_si256(s8, 1));
    __m128i s2 = _mm_add_epi32(s4, _mm_unpackhi_epi64(s4, s4));
    return _mm_cvtsi128_si32(_mm_add_epi32(s2, _mm_shuffle_epi32(s2, 1)));
}

#include "each.h"

EK_INLINE int32_t v16i_sum_first(v16i x) { return v16i_sum((v16i){x.a, _mm256_setzero_si256()}); }
EK_INLINE int32_t v16i_sum_second(v16i x) { return v16i_sum((v16i){_mm256_setzero_si256(), x.b}); }

// Stores integers as bytes, clamped to +-127; returns the sums of their quads.
EK_INLINE __m256i v32_store_i8(int8_t *p, v16i x, v16i y) {
    const __m256i words = _mm256_packs_epi16(_mm256_packs_epi32(x.a, x.b), _mm256_packs_epi32(y.a, y.b));
    const __m256i ordered = _mm256_permutevar8x32_epi32(words, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    const __m256i bytes = _mm256_max_epi8(ordered, _mm256_set1_epi8(-127));
    _mm256_storeu_si256((__m256i *)p, bytes);
    return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes), _mm256_set1_epi16(1));
}
EK_INLINE v16i v64_store_i8(int8_t *p, v16i x, v16i y, v16i z, v16i w) {
    const __m256i first = v32_store_i8(p, x, y);
    return (v16i){first, v32_store_i8(p + 32, z, w)};
}
// The same 64 bytes, with the four bytes of a lane side by side.
EK_INLINE void store_8_quads(int8_t *p, __m256i x, __m256i y, __m256i z, __m256i w) {
    const __m256i turn = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m256i words = _mm256_packs_epi16(_mm256_packs_epi32(x, y), _mm256_packs_epi32(z, w));
    _mm256_storeu_si256((__m256i *)p, _mm256_max_epi8(_mm256_shuffle_epi8(words, turn), _mm256_set1_epi8(-127)));
}
EK_INLINE void v64_store_quads(int8_t *p, v16i x, v16i y, v16i z, v16i w) {
    store_8_quads(p, x.a, y.a, z.a, w.a);
    store_8_quads(p + 32, x.b, y.b, z.b, w.b);
}
// Floats of at most 127 to integers for v64_store_i8: NaN becomes -127 there (it converts to the least integer).
EK_INLINE v16i v16i_codes(v16 x) { return v16i_from_v16(x); }

// Thirty-two int16 lanes. Packing leaves them out of order, and v64_store_digits brings them back.
typedef struct { __m256i a, b; } v32;
EK_INLINE v32 v32_set1(int16_t x) { return EK_BOTH(v32, _mm256_set1_epi16(x), _mm256_set1_epi16(x)); }
EK_INLINE v32 v32_from_v16(v16 x, v16 y) {
    const v16i first = v16i_from_v16(x), second = v16i_from_v16(y);
    return EK_BOTH(v32, _mm256_packus_epi32(first.a, first.b), _mm256_packus_epi32(second.a, second.b));
}
#define EK_BINARY(name, op)                                                                             \
    EK_INLINE v32 name(v32 x, v32 y) { return EK_BOTH(v32, op(x.a, y.a), op(x.b, y.b)); }
EK_BINARY(v32_add, _mm256_add_epi16)
EK_BINARY(v32_and, _mm256_and_si256)
EK_BINARY(v32_high_product, _mm256_mulhrs_epi16)
#undef EK_BINARY
#define v32_shift_left(x, bits) EK_BOTH(v32, _mm256_slli_epi16((x).a, bits), _mm256_slli_epi16((x).b, bits))
#define v32_shift_right(x, bits) EK_BOTH(v32, _mm256_srli_epi16((x).a, bits), _mm256_srli_epi16((x).b, bits))
EK_INLINE __m256i halve16(__m256i x, __m256i times) {
    // 2^(15 - times), byte by byte: the low one is 0 up to 7 times, the high one behind. 2^15 is -2^15 here: hence the
    // magnitude.
    const __m256i powers = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, -128, 64, 32, 16, 8, 4, 2, 1, //
                                            0, 0, 0, 0, 0, 0, 0, 0, -128, 64, 32, 16, 8, 4, 2, 1);
    const __m256i both = _mm256_or_si256(times, _mm256_slli_epi16(times, 8));
    const __m256i power = _mm256_shuffle_epi8(powers, _mm256_xor_si256(both, _mm256_set1_epi16(8 << 8)));
    return _mm256_abs_epi16(_mm256_mulhrs_epi16(x, power));
}
EK_INLINE v32 v32_halve(v32 x, v32 times) { return EK_BOTH(v32, halve16(x.a, times.a), halve16(x.b, times.b)); }
EK_INLINE __m256i store_32_digits(int8_t *p, v32 x) {
    const __m256i packed = _mm256_packus_epi16(x.a, x.b);
    const __m256i bytes = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)p, bytes);
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}
EK_INLINE v16i v64_store_digits(int8_t *p, v32 x, v32 y) {
    const __m256i first = store_32_digits(p, x);
    return (v16i){first, store_32_digits(p + 32, y)};
}

typedef __m256i q8a;
EK_INLINE q8a q8_load_a(const int8_t *a) { return _mm256_set1_epi32(ek_load_quad(a)); }
#ifdef __AVXVNNI__
// INT8: vpdpbusd wants one unsigned side, so the weights enter as w + 128 and 128 * sum(a) is taken off
// beforehand. Flipping the sign bit adds 128.
typedef v16i q8w;
EK_INLINE q8w q8_load_w(const int8_t *w) {
    const __m256i flip = _mm256_set1_epi8(-128);
    const __m256i a = _mm256_loadu_si256((const __m256i *)w), b = _mm256_loadu_si256((const __m256i *)w + 1);
    return EK_BOTH(q8w, _mm256_xor_si256(a, flip), _mm256_xor_si256(b, flip));
}
EK_INLINE __m256i dot_u8s8(__m256i acc, __m256i u8, __m256i s8) {
    // _mm256_dpbusd_avx_epi32, but gcc 12 copies every accumulator around the intrinsic.
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(u8), "x"(s8));
    return acc;
}
EK_INLINE v16i q8_start(int32_t a_sum) { return v16i_set1(a_sum * -128); }
EK_INLINE v16i q8_dot(v16i acc, q8w w, q8a a) { return EK_BOTH(v16i, dot_u8s8(acc.a, w.a, a), dot_u8s8(acc.b, w.b, a)); }
#else
// INT8: maddubs wants one unsigned side and adds pairs in 16 bits. |w| times (a with w's sign) is the same
// product, and codes within 127 keep every pair below 32768, so nothing saturates.
typedef struct { __m256i a, b, magnitude_a, magnitude_b; } q8w;
EK_INLINE q8w q8_load_w(const int8_t *w) {
    const __m256i a = _mm256_loadu_si256((const __m256i *)w), b = _mm256_loadu_si256((const __m256i *)w + 1);
    return (q8w){a, b, _mm256_abs_epi8(a), _mm256_abs_epi8(b)};
}
EK_INLINE __m256i q8_dot8(__m256i acc, __m256i magnitude, __m256i signs, __m256i a) {
    __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(a, signs));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
EK_INLINE v16i q8_start(int32_t a_sum) {
    (void)a_sum;
    return v16i_zero();
}
EK_INLINE v16i q8_dot(v16i acc, q8w w, q8a a) {
    return EK_BOTH(v16i, q8_dot8(acc.a, w.magnitude_a, w.a, a), q8_dot8(acc.b, w.magnitude_b, w.b, a));
}
#endif

// INT4: nibbles are unsigned already.
typedef v16i q4w;
typedef v16i q4acc;
EK_INLINE q4acc q4_zero(void) { return v16i_zero(); }
EK_INLINE void q4_load_w(const uint8_t *w, q4w *low, q4w *high) {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i a = _mm256_loadu_si256((const __m256i *)w), b = _mm256_loadu_si256((const __m256i *)w + 1);
    *low = EK_BOTH(q4w, _mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
    *high = EK_BOTH(q4w, _mm256_and_si256(_mm256_srli_epi16(a, 4), mask),
                    _mm256_and_si256(_mm256_srli_epi16(b, 4), mask));
}
#ifdef __AVXVNNI__
EK_INLINE q4acc q4_dot(q4acc acc, q4w w, q8a a) { return q8_dot(acc, w, a); }
EK_INLINE v16i q4_finish(q4acc acc) { return acc; }
#else // small enough, too, for a whole group (8 quads) to be added in 16 bits and widened once
EK_INLINE q4acc q4_dot(q4acc acc, q4w w, q8a a) {
    return EK_BOTH(q4acc, _mm256_add_epi16(acc.a, _mm256_maddubs_epi16(w.a, a)),
                   _mm256_add_epi16(acc.b, _mm256_maddubs_epi16(w.b, a)));
}
EK_INLINE v16i q4_finish(q4acc acc) {
    const __m256i ones = _mm256_set1_epi16(1);
    return EK_BOTH(v16i, _mm256_madd_epi16(acc.a, ones), _mm256_madd_epi16(acc.b, ones));
}
#endif

#include "single.h"

#endif
