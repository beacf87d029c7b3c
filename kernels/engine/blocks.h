// SPDX-License-Identifier: Apache-2.0
// How rows are shared by threads.
#ifndef EW_BLOCKS_H
#define EW_BLOCKS_H

#include "../common/attributes.h"

// Most rows of a block: its widest intermediate (4 d floats a row) stays in the second cache level.
enum { EW_ROWS = 48 };

// Rows of a block: at most EW_ROWS, and so that all threads get the same.
static inline size_t ew_block_rows(size_t n_rows, size_t n_threads) {
    const size_t n_blocks = ek_round_up(ek_div_up(n_rows, EW_ROWS), n_threads);
    return ek_div_up(n_rows, n_blocks);
}

#endif
