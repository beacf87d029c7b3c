// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <stddef.h>

#include "../../ops/attention/attention.h"
#include "../memory.h"

typedef struct {
    const char *name;
    int is_in_layer;
    size_t offset; // inside ew_llama or ew_llama_layer
} field;

static const field linear_fields[] = {
    {"embedding", 0, offsetof(ew_llama, embedding)}, {"head", 0, offsetof(ew_llama, head)},
    {"qkv", 1, offsetof(ew_llama_layer, qkv)},       {"out", 1, offsetof(ew_llama_layer, out)},
    {"gate_up", 1, offsetof(ew_llama_layer, gate_up)}, {"down", 1, offsetof(ew_llama_layer, down)},
};

enum { N_LINEARS = sizeof linear_fields / sizeof *linear_fields };

static size_t n_layers(const ew_llama *model, const field *f) {
    return !f->is_in_layer ? 1 : model->layers ? model->dims.n_layer : 0;
}

static ew_linear *linear_at(const ew_llama *model, const field *f, size_t layer) {
    char *base = f->is_in_layer ? (char *)(model->layers + layer) : (char *)(uintptr_t)model;
    return (ew_linear *)(void *)(base + f->offset);
}

static int within(size_t size, size_t most) { return size > 0 && size <= most; }

int ew_llama_sound(const ew_llama_dims *d) {
    return within(d->n_vocab, EW_LLAMA_MAX_VOCAB) && within(d->n_ctx, EW_LLAMA_MAX_CTX) &&
           within(d->n_state, EW_LLAMA_MAX_STATE) && within(d->n_ffn, EW_LLAMA_MAX_FFN) &&
           within(d->n_layer, EW_LLAMA_MAX_LAYERS) && within(d->n_head, EW_LLAMA_MAX_STATE / EK_HEAD) &&
           within(d->n_kv_head, d->n_head) && d->n_head % d->n_kv_head == 0 && d->n_state % EK_GROUP == 0 &&
           d->n_ffn % EK_GROUP == 0;
}

static int allocate_layer(ew_llama_layer *layer, const ew_llama_dims *d) {
    const size_t q = d->n_head * EK_HEAD, kv = d->n_kv_head * EK_HEAD;
    layer->norm_attn = ew_alloc(d->n_state * sizeof(float));
    layer->norm_ffn = ew_alloc(d->n_state * sizeof(float));
    return !layer->norm_attn || !layer->norm_ffn ||
           ew_linear_shape(&layer->qkv, q + 2 * kv, d->n_state, 0) != EW_OK ||
           ew_linear_shape(&layer->out, d->n_state, q, 0) != EW_OK ||
           ew_linear_shape(&layer->gate_up, 2 * d->n_ffn, d->n_state, 0) != EW_OK ||
           ew_linear_shape(&layer->down, d->n_state, d->n_ffn, 0) != EW_OK;
}

static int allocate(ew_llama *model) {
    const ew_llama_dims *d = &model->dims;
    model->layers = ew_alloc(d->n_layer * sizeof *model->layers);
    model->turns = ew_alloc(ew_times(d->n_ctx, EK_HEAD * sizeof(float)));
    model->norm = ew_alloc(d->n_state * sizeof(float));
    int failed = !model->layers || !model->turns || !model->norm ||
                 ew_linear_shape(&model->embedding, d->n_vocab, d->n_state, 0) != EW_OK ||
                 (!d->is_tied && ew_linear_shape(&model->head, d->n_vocab, d->n_state, 0) != EW_OK);
    for (size_t i = 0; !failed && i < d->n_layer; i++)
        failed = allocate_layer(&model->layers[i], d);
    return failed;
}

ew_llama *ew_llama_new(const ew_llama_dims *dims, float epsilon, const ek_table *table, int n_threads) {
    ew_llama *model = ew_alloc(sizeof *model);
    if (!model)
        return NULL;
    model->dims = *dims;
    model->epsilon = epsilon;
    model->table = table;
    model->pool = ew_pool_new(n_threads);
    if (!model->pool || allocate(model)) {
        ew_llama_free(model);
        return NULL;
    }
    return model;
}

void ew_llama_free(ew_llama *model) {
    if (!model)
        return;
    for (size_t f = 0; f < N_LINEARS; f++)
        for (size_t layer = 0; layer < n_layers(model, &linear_fields[f]); layer++)
            ew_linear_free(linear_at(model, &linear_fields[f], layer));
    for (size_t layer = 0; model->layers && layer < model->dims.n_layer; layer++) {
        ew_free(model->layers[layer].norm_attn);
        ew_free(model->layers[layer].norm_ffn);
    }
    ew_pool_free(model->pool);
    ew_free(model->layers);
    ew_free(model->turns);
    ew_free(model->norm);
    ew_free(model);
}

ew_linear *ew_llama_linear(ew_llama *model, const char *name, size_t layer) {
    for (size_t f = 0; f < N_LINEARS; f++)
        if (strcmp(linear_fields[f].name, name) == 0 && layer < n_layers(model, &linear_fields[f])) {
            ew_linear *linear = linear_at(model, &linear_fields[f], layer);
            return linear->bias ? linear : NULL; // a tied model has no head
        }
    return NULL;
}

float *ew_llama_floats(ew_llama *model, const char *name, size_t layer, size_t *n) {
    if (layer >= model->dims.n_layer)
        return NULL;
    ew_llama_layer *at = &model->layers[layer];
    *n = model->dims.n_state;
    if (strcmp(name, "norm_attn") == 0)
        return at->norm_attn;
    if (strcmp(name, "norm_ffn") == 0)
        return at->norm_ffn;
    if (strcmp(name, "norm") == 0)
        return layer == 0 ? model->norm : NULL;
    if (strcmp(name, "qkv.bias") == 0) {
        *n = at->qkv.n;
        return at->qkv.bias;
    }
    *n = model->dims.n_ctx * EK_HEAD;
    return strcmp(name, "turns") == 0 && layer == 0 ? model->turns : NULL;
}

const char *ew_llama_missing(const ew_llama *model) {
    for (size_t f = 0; f < N_LINEARS; f++)
        for (size_t layer = 0; layer < n_layers(model, &linear_fields[f]); layer++) {
            const ew_linear *linear = linear_at(model, &linear_fields[f], layer);
            if (linear->bias && linear->type == EW_EMPTY)
                return linear_fields[f].name;
        }
    return NULL;
}
