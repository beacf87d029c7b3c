// SPDX-License-Identifier: Apache-2.0
// Rearranges weights from the order of a file (row-major, [n out][k in]) into the tiles that the products read. Plain
// C, since it runs once for a model; edge/quant.py is the same in numpy, bit for bit. Columns past n, and inputs past
// k, become 0.
//
//   f32   [n / 16][k][16] floats
//   q8    [n / 16][k / 4][16][4] codes
//   q4    [n / 16][k / 32][4][16][4] bytes and [n / 16][k / 32][16] scales, from Q4_0 blocks
//         (per row and group: a half-precision scale, then 16 bytes with inputs i and i + 16 in their nibbles)
#ifndef EK_PACK_H
#define EK_PACK_H

#include "../../common/attributes.h"

// How long the tiles of n columns of k inputs are. q4: k is a multiple of 32, here and below.
size_t ek_packed_f32_floats(size_t n, size_t k);
size_t ek_packed_q8_bytes(size_t n, size_t k);
size_t ek_packed_q4_bytes(size_t n, size_t k);
size_t ek_packed_q4_scales(size_t n, size_t k);

// w: n rows of k, ldw apart; blocks: k / 32 for each of n rows, one row after the other.
void ek_pack_f32(float *packed, const float *w, size_t ldw, size_t n, size_t k);
void ek_pack_q8(int8_t *packed, const int8_t *w, size_t ldw, size_t n, size_t k);
void ek_pack_q4(uint8_t *packed, float *scales, const uint8_t *blocks, size_t n, size_t k);

// The value of an IEEE half-precision number, exactly.
float ek_half_to_float(uint16_t half);

#endif
