// SPDX-License-Identifier: Apache-2.0
// How long each buffer of a state is: as long as its widest use in this model. One function knows; whoever uses a
// buffer says how much of it (ew_rows of floats.h, ew_operand_load), and that is checked in every build.
#ifndef EW_SIZES_H
#define EW_SIZES_H

#include "model.h"

// Lengths of buffers, in floats where nothing else is said.
typedef struct {
    // Of each thread's scratch.
    size_t operand_rows, operand_inputs; // most rows and inputs that any linear takes
    size_t norm, wide, context, factor;
    size_t attention_keys; // most that a query sees

    // Of the encoder.
    size_t mel, conv, x, key_bias;
    size_t values, query_rows;  // INT8 attention has the first, float32 attention the second
    size_t query_codes, queries; // INT8 attention: bytes; elements of scales and sums
    size_t shares;              // counters
    size_t cross_keys;          // positions a head

    // Of the decoder.
    size_t dec_x, dec_qkv, dec_context, dec_wide;
    size_t caches, self_keys; // how many there are, positions a head
    size_t history;           // tokens
} ew_sizes;

// A size that does not fit size_t is SIZE_MAX, which no allocation grants.
ew_sizes ew_sizes_of(const ew_model *model, size_t n_beams);

#endif
