// SPDX-License-Identifier: Apache-2.0
// A Whisper model in memory: packed weights, read by every state, changed by none once it is complete; and the buffers
// that states share.
#ifndef EW_MODEL_H
#define EW_MODEL_H

#include "../linear.h"
#include "../pool.h"
#include "tail.h"
#include "work.h"

typedef struct {
    size_t n_mels, n_vocab;
    size_t n_audio_ctx, n_audio_state, n_audio_head, n_audio_layer;
    size_t n_text_ctx, n_text_state, n_text_head, n_text_layer;
} ew_dims;

typedef struct {
    float *weight, *bias;
} ew_norm;

// What compression may make of an encoder layer. Ranks are 0 where a linear stays in one piece.
typedef struct {
    size_t key_width; // of a head's queries and keys, 64 if nothing was done
    size_t ffn_width; // 4 d if nothing was done
    size_t out_rank, fc1_rank, fc2_rank;
} ew_layer_shape;

typedef struct {
    ew_layer_shape shape;
    ew_norm norm_attn, norm_ffn;
    ew_linear qkv, out, fc1, fc2; // qkv: the rows of queries, then of keys, then of values
} ew_encoder_layer;

typedef struct {
    ew_norm norm_self, norm_cross, norm_ffn;
    ew_linear qkv, self_out;
    ew_linear cross_q, cross_kv, cross_out;
    ew_linear fc1, fc2;
} ew_decoder_layer;

typedef struct {
    ew_dims dims;
    const ek_table *table;
    ew_pool *pool;
    int int8_attention;
    ew_linear conv1, conv2; // over 3 frames side by side: inputs 3 * n_mels and 3 * n_audio_state
    float *enc_positions;   // [n_audio_ctx][n_audio_state]
    ew_encoder_layer *encoder;
    ew_norm enc_norm;
    ew_linear vocabulary; // token embedding and output projection, in up to three bands of rows (`next`)
    float *channels;      // [n_text_state]: what an embedding is multiplied with; ones if nothing was done
    float *dec_positions; // [n_text_ctx][n_text_state]
    ew_decoder_layer *decoder;
    ew_norm dec_norm;
    size_t n_alignment_heads;
    int32_t *alignment_heads; // (layer, head) pairs
    ew_tail *tail;            // NULL if the model has none
    ew_work work;             // used by whoever runs in the pool
} ew_model;

// Largest sizes accepted: four times the largest Whisper, so that no product of sizes can overflow.
enum { EW_MAX_STATE = 5120, EW_MAX_LAYERS = 128, EW_MAX_CTX = 8192, EW_MAX_VOCAB = 1 << 20, EW_MAX_MELS = 512 };

// Nonzero where sizes are within the limits, heads 64 wide, and encoder and decoder equally wide.
int ew_dims_sound(const ew_dims *dims);
// A model without weights; NULL without memory or threads. The sizes are sound.
ew_model *ew_model_new(const ew_dims *dims, const ek_table *table, int n_threads, int int8_attention);
void ew_model_free(ew_model *model);

// Gives an encoder layer another shape than the original's; its weights, if there were any, are gone.
// EW_OK; EW_NO_MEMORY; EW_BAD_SIZE where a width or rank does not fit.
ew_status ew_model_shape_layer(ew_model *model, size_t layer, const ew_layer_shape *shape);

// Stores the vocabulary in three bands: its `first` rows, the next `middle` rows, and the others. Its weights, if there
// were any, are gone. EW_OK; EW_NO_MEMORY; EW_BAD_SIZE where a band is empty or, but for the last, no multiple of 16.
ew_status ew_model_split_vocabulary(ew_model *model, size_t first, size_t middle);

// A linear or a float array by name ("enc.qkv", "enc.fc1.down", "dec.vocabulary.next", "dec.norm_self.weight", …) and
// layer; NULL if there is none.
ew_linear *ew_model_linear(ew_model *model, const char *name, size_t layer);
float *ew_model_floats(ew_model *model, const char *name, size_t layer, size_t *n);

// Visits every linear, with the factors and the bands of each.
void ew_model_each_linear(const ew_model *model, void (*visit)(void *context, const ew_linear *linear), void *context);

// Name of the first linear that has no weights yet, or NULL: the model is complete.
const char *ew_model_missing(const ew_model *model);

#endif
