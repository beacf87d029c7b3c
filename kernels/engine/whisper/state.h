// SPDX-License-Identifier: Apache-2.0
// What one transcription in progress owns: encoder buffers, key/value caches, scratch. All of it is allocated
// when the state is made; running allocates nothing.
#ifndef EW_STATE_H
#define EW_STATE_H

#include <stdatomic.h>

#include "../../ops/attention/attention.h"
#include "../blocks.h"
#include "../floats.h"
#include "../keys.h"
#include "sizes.h"

enum { EW_MAX_BEAMS = 32 };

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
    const ew_model *model;
    ew_sizes sizes;
    size_t n_beams;
    size_t n_ctx;  // encoder positions of the current clip; 0 before the first one
    size_t n_keys; // what attention sees: these and the tail's landmarks after them; at most n_audio_ctx
    size_t n_past; // decoder positions filled
    ew_scratch *scratch; // one a thread

    ew_floats mel;  // [2 n_audio_ctx + 2][n_mels], a row of zeros before and after the clip
    ew_floats conv; // [2 n_audio_ctx + 2][d], likewise
    ew_floats x;    // [n_audio_ctx][d]: the encoder's residual stream, at the end its output
    ew_floats values, more_values; // [n_audio_ctx][d] each, values before they are quantized; f32: none
    ew_queries queries;
    ew_floats key_bias; // [n_audio_ctx]: 0 for the clip's keys, log(count) for the landmarks'
    ew_keys keys; // of the encoder layer at work
    ew_keys *cross; // per decoder layer
    atomic_size_t *taken; // [phase of the encoder][thread]: how much of a thread's share is taken

    ew_keys *self;    // [layer * n_beams + slot]: keys and values of the tokens so far
    size_t *slot;     // [n_beams]: where a beam's are; reordering exchanges slots, and copies what two beams share
    int32_t *history; // [slot][n_text_ctx]: the tokens that a slot's keys and values are of …
    size_t *n_held;   // [slot]: … and how many of them there are
    ew_floats dec_x, dec_qkv, dec_context, dec_wide; // EW_ROWS rows of d, 3 d, d, 4 d
} ew_state;

ew_state *ew_state_new(const ew_model *model, size_t n_beams); // NULL without memory
void ew_state_free(ew_state *state);

// Runs the encoder over n_frames mel frames (time-major, even, at most 2 n_audio_ctx), fills the cross-attention
// keys and values, and forgets the decoder's past. If they are fewer than the window holds and the model has a tail,
// its landmarks stand for the rest; the last frames are padding then, and the last one goes on to the window's end.
// hidden: NULL, or where the states before the first layer and after each one go: [n_audio_layer + 1][n_frames / 2][d].
void ew_encode(ew_state *state, const float *mel, size_t n_frames, float *hidden);
// Its two parts: the first copies the frames, so that they may be gone when the second, which takes the time, runs.
void ew_encode_load(ew_state *state, const float *mel, size_t n_frames);
void ew_encode_loaded(ew_state *state, float *hidden);

typedef struct {
    size_t n_beams;        // the first so many beams of the state; each holds n_past tokens
    const int32_t *tokens; // [n_beams][n_tokens]
    size_t n_tokens;       // n_past + n_tokens <= n_text_ctx
    float *logits;         // [n_beams][n_tokens or 1][n_vocab]
    int last_only;         // logits of the last token of each beam alone
    float *alignment;      // NULL, or [n_beams][n_alignment_heads][n_tokens][n_keys]: attention weights of those heads
} ew_decode_call;

// Appends tokens, which are valid ids, to the beams of the call and computes the logits of what comes next. The state's
// other beams then hold fewer than n_past tokens, until they are reordered.
void ew_decode(ew_state *state, const ew_decode_call *call);

// A call of one of several states that decode together.
typedef struct {
    ew_state *state;
    ew_decode_call call;
    size_t done; // tokens that are decoded; ew_decode_all's own
} ew_decode_together;

// Does the same for n_calls >= 1 different states of one model, which read the weights together: each gets what it would
// get alone, bit for bit.
void ew_decode_all(ew_decode_together *calls, size_t n_calls);

// Forgets the positions from n_past on, which is at most state->n_past.
void ew_rewind(ew_state *state, size_t n_past);

// Lets the first n beams go on from beams parents[0 .. n), each of which holds n_past tokens.
void ew_reorder(ew_state *state, const int32_t *parents, size_t n);

// How many tokens a beam holds.
static inline size_t ew_held(const ew_state *state, size_t beam) { return state->n_held[state->slot[beam]]; }

#endif
