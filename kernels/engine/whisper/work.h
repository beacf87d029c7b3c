// SPDX-License-Identifier: Apache-2.0
// The buffers that a pass of the encoder or the decoder works in. Passes of one model follow each other, so that all of
// its states share them; nothing stays in them from one pass to the next.
#ifndef EW_WORK_H
#define EW_WORK_H

#include <stdatomic.h>

#include "../blocks.h"
#include "../floats.h"
#include "../keys.h"

// What each thread has to itself.
typedef struct {
    ew_operand operand; // EW_ROWS rows of whatever a linear takes, in two digits
    ew_operand head;    // EW_ROWS rows of 64
    ew_floats norm;     // [EW_ROWS][d]
    ew_floats wide;     // [EW_ROWS][the widest of an encoder layer's products]
    ew_floats context;  // [EW_ROWS][d]
    ew_floats factor;   // [EW_ROWS][largest rank]: between the two factors of a linear
    void *attention;
} ew_scratch;

// Queries of all heads, as attention reads them.
typedef struct {
    ew_floats rows;   // f32: [n][d]
    ek_q8_rows codes; // q8: [head][capacity] rows of 64
} ew_queries;

typedef struct {
    size_t n_states;     // that share the buffers, which are there while it is not 0
    size_t n_threads;
    ew_scratch *scratch; // one a thread

    ew_floats conv; // [2 n_audio_ctx + 2][d], a row of zeros before and after the clip
    ew_floats values, more_values; // [n_audio_ctx][d] each, values before they are quantized; f32: none
    ew_queries queries;
    ew_keys keys;         // of the encoder layer at work
    atomic_size_t *taken; // [phase of the encoder][thread]: how much of a thread's share is taken

    ew_floats dec_x, dec_qkv, dec_context, dec_wide; // EW_ROWS rows of d, 3 d, d, 4 d
} ew_work;

#endif
