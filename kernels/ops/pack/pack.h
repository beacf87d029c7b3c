// SPDX-License-Identifier: Apache-2.0
// Weights as a file holds them (row-major, [n out][k in]) to the tiles that the products read. Plain C, once a
// model; edge/quant.py holds the same in numpy, bit for bit. Columns past n, and inputs past k, become 0.
//
//   f32   [n / 16][k][16] floats
//   q8    [n / 16][k / 4][16][4] codes
//   q4    [n / 16][k / 32][4][16][4] bytes and [n / 16][k / 32][16] scales, from Q4_0 blocks
//         (per row and group: a half-precision scale, then 16 bytes with inputs i and i + 16 in their nibbles)
#ifndef EK_PACK_H
#define EK_PACK_H

#include "../../common/attributes.h"

size_t ek_packed_f32_floats(size_t n, size_t k);
size_t ek_packed_q8_bytes(size_t n, size_t k);
size_t ek_packed_q4_bytes(size_t n, size_t k);  // k a multiple of 32
size_t ek_packed_q4_scales(size_t n, size_t k);

void ek_pack_f32(float *packed, const float *w, size_t ldw, size_t n, size_t k);
void ek_pack_q8(int8_t *packed, const int8_t *w, size_t ldw, size_t n, size_t k);
void ek_pack_q4(uint8_t *packed, float *scales, const uint8_t *blocks, size_t n, size_t k);

float ek_half_to_float(uint16_t half);

#endif
