// SPDX-License-Identifier: Apache-2.0
// What one text in progress owns: keys and values, buffers, scratch. All of it is allocated when the state is made;
// running allocates nothing.
//
// A call takes one text, or a tree of texts that share what they begin with. The tokens of a tree come in preorder, each
// with its position: then the keys at the positions before a token are those of the tokens that lead to it, because
// whatever another branch left there has been overwritten. One cache serves all branches, each token is computed once,
// and a token's numbers are, bit for bit, those that it would have if its text came alone.
#ifndef EW_LLAMA_STATE_H
#define EW_LLAMA_STATE_H

#include "../blocks.h"
#include "../floats.h"
#include "cache.h"
#include "model.h"

// What each thread has to itself.
typedef struct {
    ew_operand operand; // EW_ROWS rows of whatever a linear takes, in two digits
    ew_floats norm;     // [EW_ROWS][n_state]
    ew_floats work;     // what both digits of a product give, for ew_linear_columns_fine
    void *attention;
} ew_llama_scratch;

typedef struct {
    const ew_llama *model;
    size_t capacity; // most positions
    size_t n_past;   // positions filled
    ew_llama_scratch *scratch; // one a thread
    ew_cache *caches;          // [n_layer]
    ew_floats x, qkv, context, wide; // EW_ROWS rows of n_state, qkv.n, n_head * 64, 2 n_ffn
    ew_floats picked;  // [EW_ROWS][n_state]: the rows of a block whose logits are asked for
    ew_floats logits;  // [EW_ROWS][n_vocab]; after a call its first row is the last one computed
} ew_llama_state;

// NULL without memory. is_q8: keys and values are kept as INT8.
ew_llama_state *ew_llama_state_new(const ew_llama *model, size_t capacity, int is_q8);
void ew_llama_state_free(ew_llama_state *state);

typedef struct {
    const int32_t *tokens;    // [n]: valid ids
    const int32_t *positions; // [n]: 0 .. one after that of the token before, the first at most n_past; < capacity
    size_t n;
    float *all_logits;        // NULL, or [n][n_vocab]
    // Log-probabilities of `targets` (valid ids) after the tokens at `rows` (ascending, below n).
    const int32_t *rows, *targets;
    size_t n_targets;
    float *log_probs;         // [n_targets]
} ew_llama_call;

// Computes the tokens of a call. Where neither all logits nor targets are asked for, those of the last token are in
// state->logits. The cache then holds the last token's text.
void ew_llama_run(ew_llama_state *state, const ew_llama_call *call);

// Forgets the positions from n_past on, which is at most state->n_past.
void ew_llama_rewind(ew_llama_state *state, size_t n_past);

// Forgets `n` positions from `first` on; those after them move up, their keys turned to their new positions.
// first + n <= n_past.
void ew_llama_drop(ew_llama_state *state, size_t first, size_t n);

#endif
