// SPDX-License-Identifier: Apache-2.0
#include "sizes.h"

#include "../../ops/attention/attention.h"
#include "../blocks.h"
#include "../memory.h"

// Per row: what any linear takes, and what is between the two factors of one.
static void widen(void *sizes_of_a_row, const ew_linear *linear) {
    ew_sizes *sizes = sizes_of_a_row;
    sizes->operand_inputs = ek_max(sizes->operand_inputs, linear->k);
    if (linear->down)
        sizes->factor = ek_max(sizes->factor, linear->k);
}

// Most floats a row that the encoder's products leave in scratch, and that the decoder works in.
static size_t widest(const ew_model *model) {
    size_t wide = 4 * model->dims.n_text_state;
    for (size_t i = 0; i < model->dims.n_audio_layer; i++)
        wide = ek_max(wide, ek_max(model->encoder[i].qkv.n, model->encoder[i].fc1.n));
    for (size_t i = 0; i < model->dims.n_text_layer; i++)
        wide = ek_max(wide, model->decoder[i].cross_kv.n);
    return wide;
}

static void size_scratch(ew_sizes *sizes, const ew_model *model) {
    const ew_dims *dims = &model->dims;
    ew_model_each_linear(model, widen, sizes);
    sizes->factor = ew_times(EW_ROWS, sizes->factor);
    sizes->operand_rows = 2 * EW_ROWS; // two digits
    sizes->norm = sizes->context = ew_times(EW_ROWS, ek_max(dims->n_audio_state, dims->n_text_state));
    sizes->wide = ew_times(EW_ROWS, widest(model));
    sizes->attention_keys = ek_max(dims->n_audio_ctx, dims->n_text_ctx);
}

static void size_encoder(ew_sizes *sizes, const ew_model *model) {
    const ew_dims *dims = &model->dims;
    const size_t ctx = dims->n_audio_ctx, padded = ek_round_up(ctx, EK_TILE), d = dims->n_audio_state;
    sizes->mel = ew_times(2 * ctx + 2, dims->n_mels);
    sizes->conv = ew_times(2 * ctx + 2, d);
    sizes->x = ew_times(ctx, d);
    sizes->key_bias = ctx;
    sizes->values = model->int8_attention ? ew_times(ctx, d) : 0;
    sizes->query_rows = model->int8_attention ? 0 : ew_times(ctx, d);
    sizes->queries = model->int8_attention ? ew_times(padded, dims->n_audio_head) : 0;
    sizes->query_codes = ew_times(sizes->queries, EK_HEAD);
    // Phases: convolutions and landmarks, three; an encoder layer, three; a decoder layer's keys, and the values of the
    // one before it, two, and two more for the last one's values.
    sizes->shares = (5 + 3 * dims->n_audio_layer + 2 * dims->n_text_layer) * (size_t)ew_pool_threads(model->pool);
    sizes->cross_keys = ctx;
}

static void size_decoder(ew_sizes *sizes, const ew_model *model, size_t n_beams) {
    const ew_dims *dims = &model->dims;
    const size_t d = dims->n_text_state;
    size_t qkv = d, wide = 0; // dec_qkv also holds the queries of cross-attention
    for (size_t i = 0; i < dims->n_text_layer; i++) {
        qkv = ek_max(qkv, model->decoder[i].qkv.n);
        wide = ek_max(wide, model->decoder[i].fc1.n);
    }
    sizes->dec_x = sizes->dec_context = ew_times(EW_ROWS, d);
    sizes->dec_qkv = ew_times(EW_ROWS, qkv);
    sizes->dec_wide = ew_times(EW_ROWS, wide);
    sizes->caches = ew_times(dims->n_text_layer, n_beams);
    sizes->self_keys = dims->n_text_ctx;
    sizes->history = ew_times(n_beams, dims->n_text_ctx);
}

ew_sizes ew_sizes_of(const ew_model *model, size_t n_beams) {
    ew_sizes sizes = {0};
    size_scratch(&sizes, model);
    size_encoder(&sizes, model);
    size_decoder(&sizes, model, n_beams);
    return sizes;
}
