// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <stddef.h>

#include "../../ops/attention/attention.h"
#include "../memory.h"

typedef enum { TOP, ENCODER, DECODER } part;

typedef struct {
    const char *name;
    part owner;
    size_t offset; // inside ew_model, ew_encoder_layer or ew_decoder_layer
} field;

static const field linear_fields[] = {
    {"enc.conv1", TOP, offsetof(ew_model, conv1)},
    {"enc.conv2", TOP, offsetof(ew_model, conv2)},
    {"enc.qkv", ENCODER, offsetof(ew_encoder_layer, qkv)},
    {"enc.out", ENCODER, offsetof(ew_encoder_layer, out)},
    {"enc.fc1", ENCODER, offsetof(ew_encoder_layer, fc1)},
    {"enc.fc2", ENCODER, offsetof(ew_encoder_layer, fc2)},
    {"dec.vocabulary", TOP, offsetof(ew_model, vocabulary)},
    {"dec.qkv", DECODER, offsetof(ew_decoder_layer, qkv)},
    {"dec.self_out", DECODER, offsetof(ew_decoder_layer, self_out)},
    {"dec.cross_q", DECODER, offsetof(ew_decoder_layer, cross_q)},
    {"dec.cross_kv", DECODER, offsetof(ew_decoder_layer, cross_kv)},
    {"dec.cross_out", DECODER, offsetof(ew_decoder_layer, cross_out)},
    {"dec.fc1", DECODER, offsetof(ew_decoder_layer, fc1)},
    {"dec.fc2", DECODER, offsetof(ew_decoder_layer, fc2)},
};

static const field norm_fields[] = {
    {"enc.norm_attn", ENCODER, offsetof(ew_encoder_layer, norm_attn)},
    {"enc.norm_ffn", ENCODER, offsetof(ew_encoder_layer, norm_ffn)},
    {"enc.norm", TOP, offsetof(ew_model, enc_norm)},
    {"dec.norm_self", DECODER, offsetof(ew_decoder_layer, norm_self)},
    {"dec.norm_cross", DECODER, offsetof(ew_decoder_layer, norm_cross)},
    {"dec.norm_ffn", DECODER, offsetof(ew_decoder_layer, norm_ffn)},
    {"dec.norm", TOP, offsetof(ew_model, dec_norm)},
};

enum {
    N_LINEARS = sizeof linear_fields / sizeof *linear_fields,
    N_NORMS = sizeof norm_fields / sizeof *norm_fields,
};

static size_t n_layers(const ew_model *model, part owner) {
    return owner == TOP ? 1 : owner == ENCODER ? model->dims.n_audio_layer : model->dims.n_text_layer;
}

static void *field_of(const ew_model *model, const field *f, size_t layer) {
    if (layer >= n_layers(model, f->owner))
        return NULL;
    char *base = f->owner == TOP       ? (char *)(uintptr_t)model
                 : f->owner == ENCODER ? (char *)(model->encoder + layer)
                                       : (char *)(model->decoder + layer);
    return base + f->offset;
}

int ew_dims_sound(const ew_dims *d) {
    return d->n_mels > 0 && d->n_mels <= EW_MAX_MELS && d->n_vocab > 0 && d->n_vocab <= EW_MAX_VOCAB &&
           d->n_audio_ctx > 0 && d->n_audio_ctx <= EW_MAX_CTX && d->n_text_ctx > 0 && d->n_text_ctx <= EW_MAX_CTX &&
           d->n_audio_layer > 0 && d->n_audio_layer <= EW_MAX_LAYERS && d->n_text_layer > 0 &&
           d->n_text_layer <= EW_MAX_LAYERS && d->n_audio_state > 0 && d->n_audio_state <= EW_MAX_STATE &&
           d->n_audio_state == d->n_text_state && d->n_audio_state == d->n_audio_head * EK_HEAD &&
           d->n_text_state == d->n_text_head * EK_HEAD;
}

static ew_status shape(ew_linear *linear, size_t n, size_t k) { return ew_linear_shape(linear, n, k, 0); }

static void free_layer_linears(ew_encoder_layer *layer) {
    ew_linear_free(&layer->qkv);
    ew_linear_free(&layer->out);
    ew_linear_free(&layer->fc1);
    ew_linear_free(&layer->fc2);
}

// EW_OK, or EW_NO_MEMORY.
static ew_status shape_layer(ew_encoder_layer *layer, size_t d, const ew_layer_shape *s) {
    ew_encoder_layer made = {.shape = *s, .norm_attn = layer->norm_attn, .norm_ffn = layer->norm_ffn};
    if (ew_linear_shape(&made.qkv, 2 * (d / EK_HEAD * s->key_width) + d, d, 0) != EW_OK ||
        ew_linear_shape(&made.out, d, d, s->out_rank) != EW_OK ||
        ew_linear_shape(&made.fc1, s->ffn_width, d, s->fc1_rank) != EW_OK ||
        ew_linear_shape(&made.fc2, d, s->ffn_width, s->fc2_rank) != EW_OK) {
        free_layer_linears(&made);
        return EW_NO_MEMORY;
    }
    free_layer_linears(layer);
    *layer = made;
    return EW_OK;
}

ew_status ew_model_shape_layer(ew_model *model, size_t layer, const ew_layer_shape *s) {
    const size_t d = model->dims.n_audio_state;
    if (layer >= model->dims.n_audio_layer || s->key_width < EK_TILE || s->key_width > EK_HEAD ||
        s->key_width % EK_TILE || s->ffn_width < EK_GROUP || s->ffn_width > 4 * d || s->ffn_width % EK_GROUP ||
        s->out_rank > d || s->fc1_rank > d || s->fc2_rank > d || s->out_rank % EK_GROUP || s->fc1_rank % EK_GROUP ||
        s->fc2_rank % EK_GROUP)
        return EW_BAD_SIZE;
    return shape_layer(&model->encoder[layer], d, s);
}

ew_status ew_model_split_vocabulary(ew_model *model, size_t first, size_t middle) {
    const size_t n = model->dims.n_vocab;
    if (!first || !middle || first % EK_TILE || middle % EK_TILE || first >= n || middle >= n - first)
        return EW_BAD_SIZE;
    ew_linear made = {0};
    if (shape(&made, first, model->dims.n_text_state) != EW_OK || ew_linear_append(&made, middle) != EW_OK ||
        ew_linear_append(made.next, n - first - middle) != EW_OK) {
        ew_linear_free(&made);
        return EW_NO_MEMORY;
    }
    ew_linear_free(&model->vocabulary);
    model->vocabulary = made;
    return EW_OK;
}

static ew_status shape_linears(ew_model *model) {
    const size_t d = model->dims.n_audio_state;
    int failed = shape(&model->conv1, d, 3 * model->dims.n_mels) | shape(&model->conv2, d, 3 * d) |
                 shape(&model->vocabulary, model->dims.n_vocab, d);
    for (size_t i = 0; i < model->dims.n_audio_layer; i++) {
        failed |= shape_layer(model->encoder + i, d, &(ew_layer_shape){.key_width = EK_HEAD, .ffn_width = 4 * d});
    }
    for (size_t i = 0; i < model->dims.n_text_layer; i++) {
        ew_decoder_layer *layer = model->decoder + i;
        failed |= shape(&layer->qkv, 3 * d, d) | shape(&layer->self_out, d, d) | shape(&layer->cross_q, d, d) |
                  shape(&layer->cross_kv, 2 * d, d) | shape(&layer->cross_out, d, d) |
                  shape(&layer->fc1, 4 * d, d) | shape(&layer->fc2, d, 4 * d);
    }
    return failed ? EW_NO_MEMORY : EW_OK;
}

static ew_status allocate(ew_model *model) {
    const size_t d = model->dims.n_audio_state;
    model->encoder = ew_alloc(model->dims.n_audio_layer * sizeof *model->encoder);
    model->decoder = ew_alloc(model->dims.n_text_layer * sizeof *model->decoder);
    model->enc_positions = ew_alloc(model->dims.n_audio_ctx * d * sizeof(float));
    model->dec_positions = ew_alloc(model->dims.n_text_ctx * d * sizeof(float));
    model->channels = ew_alloc(d * sizeof(float));
    if (!model->encoder || !model->decoder || !model->enc_positions || !model->dec_positions || !model->channels)
        return EW_NO_MEMORY;
    for (size_t c = 0; c < d; c++)
        model->channels[c] = 1.0F;
    for (size_t f = 0; f < N_NORMS; f++) {
        for (size_t layer = 0; layer < n_layers(model, norm_fields[f].owner); layer++) {
            ew_norm *norm = field_of(model, &norm_fields[f], layer);
            norm->weight = ew_alloc(d * sizeof(float));
            norm->bias = ew_alloc(d * sizeof(float));
            if (!norm->weight || !norm->bias)
                return EW_NO_MEMORY;
        }
    }
    return shape_linears(model);
}

ew_model *ew_model_new(const ew_dims *dims, const ek_table *table, int n_threads, int int8_attention) {
    ew_model *model = ew_alloc(sizeof *model);
    if (!model)
        return NULL;
    model->dims = *dims;
    model->table = table;
    model->int8_attention = int8_attention;
    model->pool = ew_pool_new(n_threads);
    if (!model->pool || allocate(model) != EW_OK) {
        ew_model_free(model);
        return NULL;
    }
    return model;
}

void ew_model_free(ew_model *model) {
    if (!model)
        return;
    for (size_t f = 0; f < N_LINEARS; f++)
        for (size_t layer = 0; layer < n_layers(model, linear_fields[f].owner); layer++)
            if (linear_fields[f].owner == TOP || (model->encoder && model->decoder))
                ew_linear_free(field_of(model, &linear_fields[f], layer));
    for (size_t f = 0; f < N_NORMS; f++)
        for (size_t layer = 0; layer < n_layers(model, norm_fields[f].owner); layer++)
            if (norm_fields[f].owner == TOP || (model->encoder && model->decoder)) {
                const ew_norm *norm = field_of(model, &norm_fields[f], layer);
                ew_free(norm->weight);
                ew_free(norm->bias);
            }
    ew_pool_free(model->pool);
    ew_free(model->encoder);
    ew_free(model->decoder);
    ew_free(model->enc_positions);
    ew_free(model->dec_positions);
    ew_free(model->channels);
    ew_free(model->alignment_heads);
    ew_tail_free(model->tail);
    ew_free(model);
}

// What a suffix leads to, step by step: ".down", ".next", ".next.next"; NULL if there is no such part.
static ew_linear *part_of(ew_linear *linear, const char *suffix) {
    while (linear && *suffix) {
        if (strncmp(suffix, ".down", 5) == 0)
            linear = linear->down;
        else if (strncmp(suffix, ".next", 5) == 0)
            linear = linear->next;
        else
            return NULL;
        suffix += 5;
    }
    return linear;
}

ew_linear *ew_model_linear(ew_model *model, const char *name, size_t layer) {
    for (size_t f = 0; f < N_LINEARS; f++) {
        const size_t stem = strlen(linear_fields[f].name);
        ew_linear *linear = field_of(model, &linear_fields[f], layer);
        if (linear && strncmp(linear_fields[f].name, name, stem) == 0 && (name[stem] == '.' || !name[stem]))
            return part_of(linear, name + stem);
    }
    return NULL;
}

float *ew_model_floats(ew_model *model, const char *name, size_t layer, size_t *n) {
    const char *dot = strrchr(name, '.');
    const size_t stem = dot ? (size_t)(dot - name) : 0;
    const int is_bias = dot && strcmp(dot, ".bias") == 0;
    if (strcmp(name, "enc.positions") == 0) {
        *n = model->dims.n_audio_ctx * model->dims.n_audio_state;
        return model->enc_positions;
    }
    if (strcmp(name, "dec.channels") == 0) {
        *n = model->dims.n_text_state;
        return model->channels;
    }
    if (strcmp(name, "dec.positions") == 0) {
        *n = model->dims.n_text_ctx * model->dims.n_text_state;
        return model->dec_positions;
    }
    for (size_t f = 0; f < N_NORMS; f++) {
        const ew_norm *norm = field_of(model, &norm_fields[f], layer);
        if (norm && strlen(norm_fields[f].name) == stem && strncmp(norm_fields[f].name, name, stem) == 0) {
            *n = model->dims.n_audio_state;
            return is_bias ? norm->bias : norm->weight;
        }
    }
    for (size_t f = 0; f < N_LINEARS && is_bias; f++) {
        const ew_linear *linear = field_of(model, &linear_fields[f], layer);
        if (linear && strlen(linear_fields[f].name) == stem && strncmp(linear_fields[f].name, name, stem) == 0) {
            *n = linear->n;
            return linear->bias;
        }
    }
    return NULL;
}

static void visit_parts(const ew_linear *linear, void (*visit)(void *, const ew_linear *), void *context) {
    for (; linear; linear = linear->next) {
        visit(context, linear);
        if (linear->down)
            visit_parts(linear->down, visit, context);
    }
}

void ew_model_each_linear(const ew_model *model, void (*visit)(void *context, const ew_linear *linear), void *context) {
    for (size_t f = 0; f < N_LINEARS; f++)
        for (size_t layer = 0; layer < n_layers(model, linear_fields[f].owner); layer++)
            visit_parts(field_of(model, &linear_fields[f], layer), visit, context);
}

static int is_empty(const ew_linear *linear) {
    return linear->type == EW_EMPTY || (linear->down && is_empty(linear->down)) ||
           (linear->next && is_empty(linear->next));
}

const char *ew_model_missing(const ew_model *model) {
    for (size_t f = 0; f < N_LINEARS; f++)
        for (size_t layer = 0; layer < n_layers(model, linear_fields[f].owner); layer++)
            if (is_empty(field_of(model, &linear_fields[f], layer)))
                return linear_fields[f].name;
    return NULL;
}
