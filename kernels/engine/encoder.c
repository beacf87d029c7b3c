// SPDX-License-Identifier: Apache-2.0
// The encoder: two convolutions, then per layer attention and feed-forward, then the keys and values that the
// decoder's cross-attention reads.
//
//   mel [n_frames][n_mels] -> conv1, GELU [n_frames][d] -> conv2 (stride 2), GELU, + positions: x [n_ctx][d]
//   per layer   x += out(attention(qkv(norm(x))));  x += fc2(GELU(fc1(norm(x))))
//   x = norm(x); per decoder layer: cross keys and values of x
//
// All threads run encode_thread. Work is cut into blocks of EW_ROWS rows that threads take in turn; everything
// between two barriers touches only the block's own rows, so a block's intermediates never leave its core.
// A convolution is a product over overlapping rows: three frames lie side by side in time-major memory.
#include "state.h"

#include <string.h>

typedef struct {
    ew_state *state;
    size_t n_frames;
} encode_job;

typedef struct {
    ew_state *s;
    const ew_model *model;
    const ek_table *table;
    ew_scratch *scratch;
    size_t d, n_ctx;
    size_t phase; // counts barriers' phases; the same on every thread
} encoder;

// Takes the next of `n` pieces of the current phase; nonzero while there is one.
static int take(encoder *e, size_t n, size_t *piece) {
    *piece = atomic_fetch_add(&e->s->next_block[e->phase], 1);
    return *piece < n;
}

static void finish_phase(encoder *e) {
    e->phase++;
    ew_pool_barrier(e->model->pool);
}

static void norm_rows(const encoder *e, const ew_norm *norm, float *out, const float *x, size_t m) {
    e->table->layer_norm(out, e->d, x, e->d, norm->weight, norm->bias, m, e->d);
}

static void linear_rows(encoder *e, const ew_linear *linear, const float *x, size_t ldx, float *out, size_t ldo,
                        size_t m, enum ek_mode mode) {
    ew_operand_load(e->table, &e->scratch->operand, x, ldx, m, linear);
    ew_linear_rows(e->table, linear, &e->scratch->operand, out, ldo, m, mode);
}

static void convolutions(encoder *e, size_t n_frames) {
    ew_state *s = e->s;
    const size_t d = e->d, n_mels = e->model->dims.n_mels;
    for (size_t block; take(e, ek_div_up(n_frames, EW_ROWS), &block);) {
        const size_t t = block * EW_ROWS, m = ek_min(n_frames - t, EW_ROWS);
        float *out = s->conv + (t + 1) * d; // row 0 is padding
        linear_rows(e, &e->model->conv1, s->mel + t * n_mels, n_mels, out, d, m, EK_STORE);
        e->table->gelu(out, d, m, d);
    }
    finish_phase(e);
    for (size_t block; take(e, ek_div_up(e->n_ctx, EW_ROWS), &block);) {
        const size_t t = block * EW_ROWS, m = ek_min(e->n_ctx - t, EW_ROWS);
        float *x = s->x + t * d;
        const float *positions = e->model->enc_positions + t * d;
        linear_rows(e, &e->model->conv2, s->conv + 2 * t * d, 2 * d, x, d, m, EK_STORE);
        e->table->gelu(x, d, m, d);
        for (size_t i = 0; i < m * d; i++)
            x[i] += positions[i];
    }
    finish_phase(e);
}

static void store_queries(encoder *e, size_t t, const float *q, size_t ldq, size_t m) {
    ew_queries *queries = &e->s->queries;
    const size_t capacity = e->s->keys.capacity;
    if (queries->rows) {
        for (size_t i = 0; i < m; i++)
            memcpy(queries->rows + (t + i) * e->d, q + i * ldq, e->d * sizeof *q);
        return;
    }
    for (size_t head = 0; head < e->model->dims.n_audio_head; head++) {
        const size_t at = head * capacity + t;
        e->table->quantize(queries->codes + at * EK_HEAD, queries->scale + at, queries->sum + at, NULL,
                           q + head * EK_HEAD, ldq, m, EK_HEAD);
    }
}

// Keys into their layout; values too, or aside until all are there (INT8 scales them by channel).
static void store_keys_values(encoder *e, ew_keys *keys, size_t t, const float *k, const float *v, size_t ld,
                              size_t m) {
    ew_keys_store(e->table, keys, t, k, v, ld, m, &e->scratch->head);
    for (size_t i = 0; e->s->values && i < m; i++)
        memcpy(e->s->values + (t + i) * e->d, v + i * ld, e->d * sizeof *v);
}

static void quantize_values(encoder *e, ew_keys *keys) {
    for (size_t head; take(e, e->s->values ? keys->n_heads : 0, &head);)
        ew_keys_quantize_values(e->table, keys, head, e->s->values, e->d, e->n_ctx);
    finish_phase(e);
}

static void attend(encoder *e, size_t t, size_t m) {
    const ew_state *s = e->s;
    for (size_t head = 0; head < e->model->dims.n_audio_head; head++) {
        const size_t at = head * s->keys.capacity, start = ew_keys_head(&s->keys, head);
        const ek_attention_call call = {.out = e->scratch->context + head * EK_HEAD,
                                        .ldo = e->d,
                                        .n_queries = m,
                                        .n_keys = e->n_ctx,
                                        .scratch = e->scratch->attention};
        if (s->queries.rows)
            ek_attention_f32(e->table, call,
                             (ek_attention_f32_operands){.q = s->queries.rows + t * e->d + head * EK_HEAD,
                                                         .ldq = e->d,
                                                         .k = s->keys.k + start,
                                                         .v = s->keys.v + start});
        else
            ek_attention_q8(e->table, call,
                            (ek_attention_q8_operands){.q = s->queries.codes + (at + t) * EK_HEAD,
                                                       .q_scale = s->queries.scale + at + t,
                                                       .q_sum = s->queries.sum + at + t,
                                                       .k = s->keys.k_codes + start,
                                                       .k_scale = s->keys.k_scale + at,
                                                       .v = s->keys.v_codes + start,
                                                       .v_scale = s->keys.v_scale + head * EK_HEAD});
    }
}

static void encoder_layer(encoder *e, const ew_encoder_layer *layer) {
    const size_t d = e->d, n_blocks = ek_div_up(e->n_ctx, EW_ROWS);
    ew_scratch *scratch = e->scratch;
    for (size_t block; take(e, n_blocks, &block);) {
        const size_t t = block * EW_ROWS, m = ek_min(e->n_ctx - t, EW_ROWS);
        norm_rows(e, &layer->norm_attn, scratch->norm, e->s->x + t * d, m);
        linear_rows(e, &layer->qkv, scratch->norm, d, scratch->wide, 3 * d, m, EK_STORE);
        store_queries(e, t, scratch->wide, 3 * d, m);
        store_keys_values(e, &e->s->keys, t, scratch->wide + d, scratch->wide + 2 * d, 3 * d, m);
    }
    finish_phase(e);
    quantize_values(e, &e->s->keys);
    for (size_t block; take(e, n_blocks, &block);) {
        const size_t t = block * EW_ROWS, m = ek_min(e->n_ctx - t, EW_ROWS);
        float *x = e->s->x + t * d;
        attend(e, t, m);
        linear_rows(e, &layer->out, scratch->context, d, x, d, m, EK_ADD);
        norm_rows(e, &layer->norm_ffn, scratch->norm, x, m);
        linear_rows(e, &layer->fc1, scratch->norm, d, scratch->wide, 4 * d, m, EK_STORE);
        e->table->gelu(scratch->wide, 4 * d, m, 4 * d);
        linear_rows(e, &layer->fc2, scratch->wide, 4 * d, x, d, m, EK_ADD);
    }
    finish_phase(e);
}

static void cross_keys_values(encoder *e) {
    const size_t d = e->d, n_blocks = ek_div_up(e->n_ctx, EW_ROWS);
    for (size_t block; take(e, n_blocks, &block);) {
        const size_t t = block * EW_ROWS, m = ek_min(e->n_ctx - t, EW_ROWS);
        norm_rows(e, &e->model->enc_norm, e->s->x + t * d, e->s->x + t * d, m);
    }
    finish_phase(e);
    for (size_t layer = 0; layer < e->model->dims.n_text_layer; layer++) {
        for (size_t block; take(e, n_blocks, &block);) {
            const size_t t = block * EW_ROWS, m = ek_min(e->n_ctx - t, EW_ROWS);
            float *kv = e->scratch->wide;
            linear_rows(e, &e->model->decoder[layer].cross_kv, e->s->x + t * d, d, kv, 2 * d, m, EK_STORE);
            store_keys_values(e, &e->s->cross[layer], t, kv, kv + d, 2 * d, m);
        }
        finish_phase(e);
        quantize_values(e, &e->s->cross[layer]);
    }
}

static void encode_thread(void *arg, int thread, int n_threads) {
    (void)n_threads;
    const encode_job *job = arg;
    ew_state *s = job->state;
    encoder e = {.s = s,
                 .model = s->model,
                 .table = s->model->table,
                 .scratch = s->scratch + thread,
                 .d = s->model->dims.n_audio_state,
                 .n_ctx = job->n_frames / 2};
    convolutions(&e, job->n_frames);
    for (size_t layer = 0; layer < s->model->dims.n_audio_layer; layer++)
        encoder_layer(&e, &s->model->encoder[layer]);
    cross_keys_values(&e);
}

void ew_encode(ew_state *state, const float *mel, size_t n_frames) {
    const ew_dims *dims = &state->model->dims;
    memcpy(state->mel + dims->n_mels, mel, n_frames * dims->n_mels * sizeof *mel);
    memset(state->mel + (n_frames + 1) * dims->n_mels, 0, dims->n_mels * sizeof *mel);
    memset(state->conv + (n_frames + 1) * dims->n_audio_state, 0, dims->n_audio_state * sizeof *mel);
    for (size_t phase = 0; phase < ew_n_encoder_phases(state->model); phase++)
        atomic_store(&state->next_block[phase], 0);
    encode_job job = {state, n_frames};
    ew_pool_run(state->model->pool, encode_thread, &job);
    state->n_ctx = n_frames / 2;
    state->n_past = 0;
}
