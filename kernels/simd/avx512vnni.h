// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes on AVX-512 with VNNI: one register. simd/README.md explains the vocabulary.
#ifndef EK_SIMD_H
#define EK_SIMD_H

#if !defined(__AVX512VNNI__) || !defined(__AVX512BW__) || !defined(__AVX512VL__) || !defined(__AVX512DQ__)
#error "this file needs AVX-512 F, BW, DQ, VL and VNNI"
#endif

#include <immintrin.h>

#include "../common/attributes.h"

// Register tiles of the products: rows by 16-column tiles. 6 x 4 accumulators, 4 weights, 1 activation: 29 of 32.
#define F32_ROWS 6
#define F32_TILES 4
#define Q8_ROWS 6
#define Q8_TILES 4
#define Q4_ROWS 4
#define Q4_FINE_ROWS 3
#define Q4_TILES 2

typedef __m512 v16;
typedef __m512i v16i;

EK_INLINE __mmask16 first_lanes(size_t n) { return (__mmask16)((1u << n) - 1u); }

EK_INLINE v16 v16_zero(void) { return _mm512_setzero_ps(); }
EK_INLINE v16 v16_set1(float x) { return _mm512_set1_ps(x); }
EK_INLINE v16 v16_load(const float *p) { return _mm512_loadu_ps(p); }
EK_INLINE v16 v16_load_n(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
EK_INLINE void v16_store(float *p, v16 a) { _mm512_storeu_ps(p, a); }
EK_INLINE void v16_store_n(float *p, v16 a, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), a); }
EK_INLINE v16 v16_keep_n(v16 a, size_t n) { return _mm512_maskz_mov_ps(first_lanes(n), a); }
EK_INLINE v16 v16_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
EK_INLINE v16 v16_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
EK_INLINE v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
EK_INLINE v16 v16_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
EK_INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
EK_INLINE v16 v16_fnma(v16 a, v16 b, v16 c) { return _mm512_fnmadd_ps(a, b, c); }
EK_INLINE v16 v16_max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
EK_INLINE v16 v16_min(v16 a, v16 b) { return _mm512_min_ps(a, b); }
EK_INLINE v16 v16_abs(v16 a) { return _mm512_abs_ps(a); }
EK_INLINE v16 v16_rint(v16 a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

EK_INLINE v16i v16i_zero(void) { return _mm512_setzero_si512(); }
EK_INLINE v16i v16i_set1(int32_t x) { return _mm512_set1_epi32(x); }
EK_INLINE v16i v16i_add(v16i a, v16i b) { return _mm512_add_epi32(a, b); }
EK_INLINE v16i v16i_sub(v16i a, v16i b) { return _mm512_sub_epi32(a, b); }
EK_INLINE v16i v16i_and(v16i a, v16i b) { return _mm512_and_si512(a, b); }
EK_INLINE v16i v16i_or(v16i a, v16i b) { return _mm512_or_si512(a, b); }
#define v16i_shift_left(a, bits) _mm512_slli_epi32(a, bits)
#define v16i_shift_right(a, bits) _mm512_srli_epi32(a, bits)
EK_INLINE v16i v16i_load(const int32_t *p) { return _mm512_loadu_si512(p); }
EK_INLINE void v16i_store(void *p, v16i a) { _mm512_storeu_si512(p, a); }
EK_INLINE void v16i_store_i8(int8_t *p, v16i a) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a)); }
EK_INLINE v16i v16i_from_v16(v16 a) { return _mm512_cvtps_epi32(a); }
EK_INLINE v16 v16_from_v16i(v16i a) { return _mm512_cvtepi32_ps(a); }
EK_INLINE v16 v16_load_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
EK_INLINE v16 v16_from_bits(v16i a) { return _mm512_castsi512_ps(a); }
EK_INLINE v16i v16_to_bits(v16 a) { return _mm512_castps_si512(a); }

EK_INLINE float v16_sum(v16 a) { // halves onto each other: 8, 4, 2, 1
    __m256 s8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}
EK_INLINE float v16_largest(v16 a) { return _mm512_reduce_max_ps(a); }
EK_INLINE int32_t v16i_sum(v16i a) { return _mm512_reduce_add_epi32(a); }

// The same for sixteen vectors at once: two of them fold into one, each of whose lanes has two of theirs, four times.
EK_INLINE v16 v16_largest_each(const v16 x[EK_TILE]) {
    v16 a[8], b[4], c[2];
    EK_UNROLL for (size_t i = 0; i < 8; i++)
        a[i] = v16_max(_mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]), _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]));
    EK_UNROLL for (size_t i = 0; i < 4; i++) {
        const __m512d x0 = _mm512_castps_pd(a[2 * i]), x1 = _mm512_castps_pd(a[2 * i + 1]);
        b[i] = v16_max(_mm512_castpd_ps(_mm512_unpacklo_pd(x0, x1)), _mm512_castpd_ps(_mm512_unpackhi_pd(x0, x1)));
    }
    EK_UNROLL for (size_t i = 0; i < 2; i++)
        c[i] = v16_max(_mm512_shuffle_f32x4(b[2 * i], b[2 * i + 1], 0x88),
                       _mm512_shuffle_f32x4(b[2 * i], b[2 * i + 1], 0xDD));
    return v16_max(_mm512_shuffle_f32x4(c[0], c[1], 0x88), _mm512_shuffle_f32x4(c[0], c[1], 0xDD));
}
EK_INLINE v16i v16i_sum_each(const v16i x[EK_TILE]) {
    v16i a[8], b[4], c[2];
    EK_UNROLL for (size_t i = 0; i < 8; i++)
        a[i] = v16i_add(_mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]), _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]));
    EK_UNROLL for (size_t i = 0; i < 4; i++)
        b[i] = v16i_add(_mm512_unpacklo_epi64(a[2 * i], a[2 * i + 1]), _mm512_unpackhi_epi64(a[2 * i], a[2 * i + 1]));
    EK_UNROLL for (size_t i = 0; i < 2; i++)
        c[i] = v16i_add(_mm512_shuffle_i32x4(b[2 * i], b[2 * i + 1], 0x88),
                        _mm512_shuffle_i32x4(b[2 * i], b[2 * i + 1], 0xDD));
    return v16i_add(_mm512_shuffle_i32x4(c[0], c[1], 0x88), _mm512_shuffle_i32x4(c[0], c[1], 0xDD));
}

EK_INLINE int32_t sum_of_8(__m256i a) {
    __m128i s4 = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    __m128i s2 = _mm_add_epi32(s4, _mm_unpackhi_epi64(s4, s4));
    return _mm_cvtsi128_si32(_mm_add_epi32(s2, _mm_shuffle_epi32(s2, 1)));
}
EK_INLINE int32_t v16i_sum_first(v16i a) { return sum_of_8(_mm512_castsi512_si256(a)); }
EK_INLINE int32_t v16i_sum_second(v16i a) { return sum_of_8(_mm512_extracti64x4_epi64(a, 1)); }

// Stores integers as bytes, clamped to +-127; returns the sums of their quads.
EK_INLINE v16i v64_store_i8(int8_t *p, v16i a, v16i b, v16i c, v16i d) {
    const v16i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const v16i words = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    const v16i bytes = _mm512_max_epi8(_mm512_permutexvar_epi32(order, words), _mm512_set1_epi8(-127));
    _mm512_storeu_si512(p, bytes);
    return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), bytes);
}
// The same 64 bytes, with the four bytes of a lane side by side.
EK_INLINE void v64_store_quads(int8_t *p, v16i a, v16i b, v16i c, v16i d) {
    const v16i turn = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const v16i words = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    _mm512_storeu_si512(p, _mm512_max_epi8(_mm512_shuffle_epi8(words, turn), _mm512_set1_epi8(-127)));
}
// Floats of at most 127 to integers for v64_store_i8: NaN becomes -127 there (it converts to the least integer).
EK_INLINE v16i v16i_codes(v16 a) { return v16i_from_v16(a); }

// Thirty-two int16 lanes. Packing leaves them out of order, and v64_store_digits brings them back.
typedef __m512i v32;
EK_INLINE v32 v32_set1(int16_t x) { return _mm512_set1_epi16(x); }
EK_INLINE v32 v32_from_v16(v16 a, v16 b) { return _mm512_packus_epi32(v16i_from_v16(a), v16i_from_v16(b)); }
EK_INLINE v32 v32_add(v32 a, v32 b) { return _mm512_add_epi16(a, b); }
EK_INLINE v32 v32_and(v32 a, v32 b) { return _mm512_and_si512(a, b); }
#define v32_shift_left(a, bits) _mm512_slli_epi16(a, bits)
#define v32_shift_right(a, bits) _mm512_srli_epi16(a, bits)
EK_INLINE v32 v32_high_product(v32 a, v32 b) { return _mm512_mulhrs_epi16(a, b); }
EK_INLINE v32 v32_halve(v32 a, v32 times) { // 2^15 is -2^15 here: hence the magnitude
    return _mm512_abs_epi16(_mm512_mulhrs_epi16(a, _mm512_srlv_epi16(_mm512_set1_epi16(INT16_MIN), times)));
}
EK_INLINE v16i v64_store_digits(int8_t *p, v32 a, v32 b) {
    const v16i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const v16i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(a, b));
    _mm512_storeu_si512(p, bytes);
    return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), bytes);
}

// INT8: vpdpbusd wants one unsigned side, so the weights enter as w + 128 and 128 * sum(a) is taken off
// beforehand. Flipping the sign bit adds 128.
typedef __m512i q8w;
typedef __m512i q8a;
EK_INLINE q8w q8_load_w(const int8_t *w) {
    return _mm512_xor_si512(_mm512_loadu_si512(w), _mm512_set1_epi8(-128));
}
EK_INLINE q8a q8_load_a(const int8_t *a) { return _mm512_set1_epi32(ek_load_quad(a)); }
EK_INLINE v16i dot_u8s8(v16i acc, __m512i u8, __m512i s8) {
    // _mm512_dpbusd_epi32, but gcc 12 copies every accumulator around the intrinsic: half the speed.
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(u8), "v"(s8));
    return acc;
}
EK_INLINE v16i q8_start(int32_t a_sum) { return v16i_set1(a_sum * -128); }
EK_INLINE v16i q8_dot(v16i acc, q8w w, q8a a) { return dot_u8s8(acc, w, a); }

// INT4: nibbles are unsigned already.
typedef __m512i q4w;
typedef v16i q4acc;
EK_INLINE q4acc q4_zero(void) { return v16i_zero(); }
EK_INLINE void q4_load_w(const uint8_t *w, q4w *low, q4w *high) {
    const __m512i mask = _mm512_set1_epi8(15), both = _mm512_loadu_si512(w);
    *low = _mm512_and_si512(both, mask);
    *high = _mm512_and_si512(_mm512_srli_epi16(both, 4), mask);
}
EK_INLINE q4acc q4_dot(q4acc acc, q4w w, q8a a) { return dot_u8s8(acc, w, a); }
EK_INLINE v16i q4_finish(q4acc acc) { return acc; }

#include "single.h"

#endif
