// SPDX-License-Identifier: Apache-2.0
// How threads share rows.
#ifndef EW_BLOCKS_H
#define EW_BLOCKS_H

#include "../common/attributes.h"

// Rows of a block at most, so that its widest intermediate (4 d floats a row) stays in the second cache level.
enum { EW_ROWS = 48 };

// How many blocks of at most EW_ROWS rows there are: as many for each thread.
static inline size_t ew_n_blocks(size_t n_rows, size_t n_threads) {
    return ek_round_up(ek_div_up(n_rows, EW_ROWS), n_threads);
}

typedef struct {
    size_t first, n;
} ew_block;

// One of n_blocks blocks, whose sizes differ by one row at most; empty ones where there are more blocks than rows.
static inline ew_block ew_block_of(size_t n_rows, size_t n_blocks, size_t block) {
    const size_t first = block * n_rows / n_blocks;
    return (ew_block){first, (block + 1) * n_rows / n_blocks - first};
}

#endif
