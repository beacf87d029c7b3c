// SPDX-License-Identifier: Apache-2.0
// Weights that come next, asked for while rows are multiplied by those before them: memory and arithmetic take their
// time side by side, not one after the other.
#ifndef EK_SIMD_AHEAD_H
#define EK_SIMD_AHEAD_H

#include "../common/attributes.h"

// With so few rows, reading the weights is all that takes time, and one stream is read faster than several. (Not so in
// float32, where the sum of one row and one tile waits for its own last addition.)
enum { STREAM_ROWS = 2 };

enum { LINE_BYTES = 64 };

// Lines that follow each other: so many at each step of a block.
typedef struct {
    uintptr_t first;
    size_t each;
} ahead;

// A block's share of the panel behind `panel`, of which a step reads a line a tile. m rows make `blocks` blocks. After
// the last panel there need not be another: asking reads nothing, and no address is wrong. Up to STREAM_ROWS read one
// stream, which processors read ahead by themselves.
EK_INLINE ahead ahead_of(const void *panel, size_t tiles, size_t steps, size_t m, size_t block, size_t blocks) {
    const size_t each = ek_div_up(tiles, blocks), done = each * block;
    return (ahead){.first = (uintptr_t)panel + (tiles + done) * steps * LINE_BYTES,
                   .each = m > STREAM_ROWS && done < tiles ? each : 0};
}

EK_INLINE void ahead_at(ahead next, size_t step) {
    for (size_t line = 0; line < next.each; line++)
        __builtin_prefetch((const void *)(next.first + (step * next.each + line) * LINE_BYTES));
}

#endif
