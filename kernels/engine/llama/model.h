// SPDX-License-Identifier: Apache-2.0
// A language model of Llama's architecture in memory: packed weights, read by every state, changed by none once it is
// complete.
#ifndef EW_LLAMA_MODEL_H
#define EW_LLAMA_MODEL_H

#include "../linear.h"
#include "../pool.h"

typedef struct {
    size_t n_vocab, n_ctx, n_state, n_layer;
    size_t n_head, n_kv_head; // of queries; of keys and values, each of which serves n_head / n_kv_head of queries
    size_t n_ffn;
    int is_tied; // the embedding is the output projection as well
} ew_llama_dims;

typedef struct {
    float *norm_attn, *norm_ffn; // [n_state]
    ew_linear qkv, out;          // qkv: the rows of queries, then of keys, then of values
    ew_linear gate_up, down;     // gate_up: the rows of the gate, then of what it lets through
} ew_llama_layer;

typedef struct {
    ew_llama_dims dims;
    const ek_table *table;
    ew_pool *pool;
    float epsilon; // of the norms
    ew_linear embedding, head; // head: without weights where it is tied
    float *turns;              // [n_ctx][64]: rotary positions (rope.h)
    float *norm;               // [n_state]
    ew_llama_layer *layers;
} ew_llama;

// Largest sizes accepted: several times those of the largest model that a processor would run.
enum {
    EW_LLAMA_MAX_STATE = 16384,
    EW_LLAMA_MAX_FFN = 65536,
    EW_LLAMA_MAX_LAYERS = 256,
    EW_LLAMA_MAX_CTX = 1 << 18,
    EW_LLAMA_MAX_VOCAB = 1 << 20,
};

// Nonzero where sizes are within the limits, heads 64 wide and shared evenly, and widths multiples of 32.
int ew_llama_sound(const ew_llama_dims *dims);
// A model without weights; NULL without memory or threads. The sizes are sound.
ew_llama *ew_llama_new(const ew_llama_dims *dims, float epsilon, const ek_table *table, int n_threads);
void ew_llama_free(ew_llama *model);

// A linear ("embedding", "head", "qkv", "out", "gate_up", "down") or a float array ("turns", "norm", "norm_attn",
// "norm_ffn", "qkv.bias") by name and layer; NULL if there is none.
ew_linear *ew_llama_linear(ew_llama *model, const char *name, size_t layer);
float *ew_llama_floats(ew_llama *model, const char *name, size_t layer, size_t *n);

// The output projection.
static inline const ew_linear *ew_llama_head(const ew_llama *model) {
    return model->dims.is_tied ? &model->embedding : &model->head;
}

// Name of the first linear that has no weights yet, or NULL: the model is complete.
const char *ew_llama_missing(const ew_llama *model);

#endif
