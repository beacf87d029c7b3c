// SPDX-License-Identifier: Apache-2.0
#ifndef EK_PEAK_VEC_H
#define EK_PEAK_VEC_H

#include "peak.h"

#include "../../simd/simd.h"

#ifndef Q8_PEAK_PRODUCTS // of one step of a chain: more where there is an instruction for more
#define Q8_PEAK_PRODUCTS (EK_TILE * EK_QUAD)
#define q8_peak q8_dot
#endif

// As many independent chains as the product has accumulators: enough to hide the instruction's latency. No two may
// be alike, nor any operand the same in every round, or the compiler does their work once.
static EK_DECL_PEAK(peak_q8) {
    int8_t codes[Q8_TILES * EK_TILE * EK_QUAD];
    for (size_t i = 0; i < sizeof codes; i++)
        codes[i] = (int8_t)(i % 113);
    q8w w[Q8_TILES];
    EK_UNROLL for (size_t t = 0; t < Q8_TILES; t++) w[t] = q8_load_w(codes + t * EK_TILE * EK_QUAD);
    v16i acc[Q8_ROWS][Q8_TILES];
    EK_UNROLL for (size_t i = 0; i < Q8_ROWS; i++)
        EK_UNROLL for (size_t t = 0; t < Q8_TILES; t++) acc[i][t] = v16i_zero();
    for (size_t round = 0; round < rounds; round++)
        EK_UNROLL for (size_t i = 0; i < Q8_ROWS; i++) {
            const q8a a = q8_load_a(codes + (round + i) % EK_TILE * EK_QUAD);
            EK_UNROLL for (size_t t = 0; t < Q8_TILES; t++) acc[i][t] = q8_peak(acc[i][t], w[t], a);
        }
    volatile int32_t sink = 0; // lane by lane: sums of many rounds would overflow
    int32_t lanes[EK_TILE];
    EK_UNROLL for (size_t i = 0; i < Q8_ROWS; i++)
        EK_UNROLL for (size_t t = 0; t < Q8_TILES; t++) {
            v16i_store(lanes, acc[i][t]);
            for (size_t lane = 0; lane < EK_TILE; lane++)
                sink = sink ^ lanes[lane];
        }
    return (double)rounds * Q8_ROWS * Q8_TILES * Q8_PEAK_PRODUCTS;
}

static EK_DECL_PEAK(peak_f32) {
    float start[F32_ROWS * F32_TILES * EK_TILE];
    for (size_t i = 0; i < sizeof start / sizeof *start; i++)
        start[i] = (float)i;
    const v16 factor = v16_set1(0.5f), term = v16_set1(1.0f);
    v16 acc[F32_ROWS][F32_TILES];
    EK_UNROLL for (size_t i = 0; i < F32_ROWS; i++)
        EK_UNROLL for (size_t t = 0; t < F32_TILES; t++) acc[i][t] = v16_load(start + (i * F32_TILES + t) * EK_TILE);
    for (size_t round = 0; round < rounds; round++)
        EK_UNROLL for (size_t i = 0; i < F32_ROWS; i++)
            EK_UNROLL for (size_t t = 0; t < F32_TILES; t++) acc[i][t] = v16_fma(acc[i][t], factor, term);
    volatile float sink = 0.0f;
    EK_UNROLL for (size_t i = 0; i < F32_ROWS; i++)
        EK_UNROLL for (size_t t = 0; t < F32_TILES; t++) sink = sink + v16_sum(acc[i][t]);
    return (double)rounds * F32_ROWS * F32_TILES * EK_TILE;
}

#endif
