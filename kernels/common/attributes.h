// SPDX-License-Identifier: Apache-2.0
// Compiler attributes and small integer helpers that every kernel file may use.
#ifndef EK_ATTRIBUTES_H
#define EK_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EK_INLINE static inline __attribute__((always_inline))
#define EK_ALIGNED(n) __attribute__((aligned(n)))
#define EK_UNROLL _Pragma("GCC unroll 16")

// Every packed operand and scratch buffer starts on this boundary (a cache line, a 512-bit vector).
enum { EK_ALIGN = 64 };

// Output columns of one packed weight tile, and lanes of one vector: the same on every instruction set.
enum { EK_TILE = 16 };

// Inputs that one integer dot instruction multiplies and adds per lane.
enum { EK_QUAD = 4 };

// Width of an INT4 group along the input, as in GGML's Q4_0.
enum { EK_GROUP = 32 };

EK_INLINE size_t ek_div_up(size_t a, size_t b) { return (a + b - 1) / b; }
EK_INLINE size_t ek_round_up(size_t a, size_t b) { return ek_div_up(a, b) * b; }
EK_INLINE size_t ek_min(size_t a, size_t b) { return a < b ? a : b; }
EK_INLINE size_t ek_max(size_t a, size_t b) { return a > b ? a : b; }

// Four codes as one 32-bit word, from any address.
EK_INLINE int32_t ek_load_quad(const int8_t *codes) {
    int32_t quad;
    memcpy(&quad, codes, sizeof quad);
    return quad;
}

#endif
