// SPDX-License-Identifier: Apache-2.0
// How rows are shared by threads.
#ifndef EW_BLOCKS_H
#define EW_BLOCKS_H

#include "../common/attributes.h"

// Most rows of a block: its widest intermediate (4 d floats a row) stays in the second cache level.
enum { EW_ROWS = 48 };

// Blocks of at most EW_ROWS rows, as many for each thread.
static inline size_t ew_n_blocks(size_t n_rows, size_t n_threads) {
    return ek_round_up(ek_div_up(n_rows, EW_ROWS), n_threads);
}

typedef struct {
    size_t first, n;
} ew_block;

// One of n_blocks; their sizes differ by a row at most. Empty where there are more blocks than rows.
static inline ew_block ew_block_of(size_t n_rows, size_t n_blocks, size_t block) {
    const size_t first = block * n_rows / n_blocks;
    return (ew_block){first, (block + 1) * n_rows / n_blocks - first};
}

#endif
