// SPDX-License-Identifier: Apache-2.0
// What one transcription in progress owns: its clip, and keys and values. All of it is allocated when the state is
// made, and with the first one what states share (work.h); running allocates nothing.
#ifndef EW_STATE_H
#define EW_STATE_H

#include "../../ops/attention/attention.h"
#include "sizes.h"

enum { EW_MAX_BEAMS = 32 };

typedef struct {
    ew_model *model;
    ew_sizes sizes;
    size_t n_beams;
    size_t n_ctx;  // encoder positions of the current clip; 0 before the first one
    size_t n_keys; // what attention sees: these and the tail's landmarks after them; at most n_audio_ctx
    size_t n_past; // decoder positions filled
    ew_floats mel;      // [2 n_audio_ctx + 2][n_mels], a row of zeros before and after the clip
    ew_floats x;        // [n_audio_ctx][d]: the encoder's residual stream, at the end its output
    ew_floats key_bias; // [n_audio_ctx]: 0 for the clip's keys, log(count) for the landmarks'
    ew_keys *cross;     // per decoder layer

    ew_keys *self;    // [layer * n_beams + slot]: keys and values of the tokens so far
    size_t *slot;     // [n_beams]: where a beam's are; reordering exchanges slots, and copies what two beams share
    int32_t *history; // [slot][n_text_ctx]: the tokens that a slot's keys and values are of …
    size_t *n_held;   // [slot]: … and how many of them there are
} ew_state;

// States of one model are made and freed one at a time. NULL without memory.
ew_state *ew_state_new(ew_model *model, size_t n_beams);
void ew_state_free(ew_state *state);

// Counts a state among those that share the model's buffers, makes them for the first one, and frees them with the last.
// EW_OK or EW_NO_MEMORY.
ew_status ew_work_join(ew_model *model, const ew_sizes *sizes);
void ew_work_leave(ew_model *model);

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
