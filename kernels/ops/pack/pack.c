// SPDX-License-Identifier: Apache-2.0
#include "pack.h"

#include <math.h>
#include <string.h>

enum { Q4_0_BLOCK_BYTES = 2 + EK_GROUP / 2 };

size_t ek_packed_f32_floats(size_t n, size_t k) { return ek_round_up(n, EK_TILE) * k; }
size_t ek_packed_q8_bytes(size_t n, size_t k) { return ek_round_up(n, EK_TILE) * ek_round_up(k, EK_QUAD); }
size_t ek_packed_q4_bytes(size_t n, size_t k) { return ek_round_up(n, EK_TILE) * k / 2; }
size_t ek_packed_q4_scales(size_t n, size_t k) { return ek_round_up(n, EK_TILE) * (k / EK_GROUP); }

float ek_half_to_float(uint16_t half) {
    const float sign = half & 0x8000 ? -1.0f : 1.0f;
    const int exponent = (half >> 10) & 31, mantissa = half & 1023;
    if (exponent == 31)
        return mantissa ? NAN : sign * INFINITY;
    if (exponent == 0)
        return sign * ldexpf((float)mantissa, -24);
    return sign * ldexpf((float)(mantissa + 1024), exponent - 25);
}

void ek_pack_f32(float *packed, const float *w, size_t ldw, size_t n, size_t k) {
    for (size_t tile = 0; tile < n; tile += EK_TILE) {
        for (size_t p = 0; p < k; p++)
            for (size_t j = 0; j < EK_TILE; j++)
                packed[p * EK_TILE + j] = tile + j < n ? w[(tile + j) * ldw + p] : 0.0f;
        packed += k * EK_TILE;
    }
}

void ek_pack_q8(int8_t *packed, const int8_t *w, size_t ldw, size_t n, size_t k) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    memset(packed, 0, ek_packed_q8_bytes(n, k));
    for (size_t row = 0; row < n; row++) {
        int8_t *column = packed + (row / EK_TILE) * quads * EK_TILE * EK_QUAD + (row % EK_TILE) * EK_QUAD;
        for (size_t q = 0; q < quads; q++)
            memcpy(column + q * EK_TILE * EK_QUAD, w + row * ldw + q * EK_QUAD, ek_min(k - q * EK_QUAD, EK_QUAD));
    }
}

// Code (0..15) of input `p` of a Q4_0 block.
static uint8_t q4_code(const uint8_t *block, size_t p) {
    const uint8_t byte = block[2 + p % (EK_GROUP / 2)];
    return p < EK_GROUP / 2 ? byte & 15 : byte >> 4;
}

void ek_pack_q4(uint8_t *packed, float *scales, const uint8_t *blocks, size_t n, size_t k) {
    const size_t groups = k / EK_GROUP;
    memset(packed, 0x88, ek_packed_q4_bytes(n, k)); // code 8 is zero
    memset(scales, 0, ek_packed_q4_scales(n, k) * sizeof *scales);
    for (size_t row = 0; row < n; row++) {
        for (size_t g = 0; g < groups; g++) {
            const uint8_t *block = blocks + (row * groups + g) * Q4_0_BLOCK_BYTES;
            const size_t group = (row / EK_TILE) * groups + g, lane = row % EK_TILE;
            scales[group * EK_TILE + lane] = ek_half_to_float((uint16_t)(block[0] | block[1] << 8));
            uint8_t *out = packed + group * EK_TILE * EK_GROUP / 2 + lane * EK_QUAD;
            for (size_t p = 0; p < EK_GROUP / 2; p++) // input p and input p + 16: quads q and q + 4
                out[(p / EK_QUAD) * EK_TILE * EK_QUAD + p % EK_QUAD] =
                    (uint8_t)(q4_code(block, p) | q4_code(block, p + EK_GROUP / 2) << 4);
        }
    }
}
