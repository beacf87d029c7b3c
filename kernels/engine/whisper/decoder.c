// SPDX-License-Identifier: Apache-2.0
// The decoder: appends tokens to beams, returns the logits of what comes next.
//
//   x = embedding(token) * channels + position
//   per layer   x += self_out(attention(qkv(norm(x)), cached keys and values))
//               x += cross_out(attention(cross_q(norm(x)), the clip's keys and values))
//               x += fc2(GELU(fc1(norm(x))))
//   logits = vocabulary(norm(x))
//
// All threads run decode_thread. With few rows the weights are what costs, so threads share the columns of each
// linear (whole tiles) and the heads of each attention; norms and quantization, which are cheap, each does alone.
#include "state.h"

#include <string.h>

typedef struct {
    ew_state *state;
    const ew_decode_call *call;
    size_t first, n_tokens; // the tokens of this run: call->tokens[beam][first .. first + n_tokens)
} decode_job;

typedef struct {
    ew_state *s;
    const ew_model *model;
    const ek_table *table;
    ew_scratch *scratch;
    const decode_job *job;
    size_t d, n_rows; // rows: beams * tokens, a beam's tokens one below the other
    size_t thread, n_threads;
} decoder;

typedef struct {
    size_t first, last;
} range;

static range share(const decoder *e, size_t n) {
    return (range){n * e->thread / e->n_threads, n * (e->thread + 1) / e->n_threads};
}

static void meet(const decoder *e) { ew_pool_barrier(e->model->pool); }

// This thread's columns of linear(x). Every thread quantizes x for itself, in two digits: with one, rounding
// activations would cost more than rounding weights does.
static range linear_columns(decoder *e, const ew_linear *linear, const float *x, size_t ldx, size_t m, float *out,
                            size_t ldo, enum ek_mode mode) {
    range columns = share(e, ek_div_up(linear->n, EK_TILE));
    columns.first *= EK_TILE;
    columns.last = ek_min(columns.last * EK_TILE, linear->n);
    ew_operand_load(e->table, &e->scratch->operand, x, ldx, m, linear, EW_TWO_DIGITS);
    ew_linear_columns_fine(e->table, linear, &e->scratch->operand, out, ldo, m, columns.first, columns.last, mode,
                           e->scratch->wide.at, e->scratch->wide.n);
    return columns;
}

static const float *norm_x(decoder *e, const ew_norm *norm) {
    float *out = ew_rows(e->scratch->norm, 0, e->n_rows, e->d);
    const float *x = ew_rows(e->s->dec_x, 0, e->n_rows, e->d);
    e->table->layer_norm(out, e->d, x, e->d, norm->weight, norm->bias, e->n_rows, e->d);
    return out;
}

static void embedding(const ew_model *model, size_t token, float *x) {
    const ew_linear *band = &model->vocabulary;
    for (; token >= band->n && band->next; band = band->next)
        token -= band->n;
    ew_linear_weight_row(band, token, x);
    for (size_t c = 0; c < band->k; c++)
        x[c] *= model->channels[c];
}

static void embed(decoder *e) {
    const size_t n = e->job->n_tokens;
    const range rows = share(e, e->n_rows);
    for (size_t row = rows.first; row < rows.last; row++) {
        const size_t beam = row / n, i = row % n;
        const size_t token = (size_t)e->job->call->tokens[beam * e->job->call->n_tokens + e->job->first + i];
        const float *position = e->model->dec_positions + (e->s->n_past + i) * e->d;
        float *x = ew_rows(e->s->dec_x, row, 1, e->d);
        embedding(e->model, token, x);
        for (size_t c = 0; c < e->d; c++)
            x[c] += position[c];
    }
    meet(e);
}

static void append_key_value(ew_keys *cache, size_t head, size_t t, const float *k, const float *v) {
    assert(head < cache->n_heads && t < cache->capacity);
    float *lane = cache->k + ew_keys_head(cache, head) + t / EK_TILE * EK_TILE * EK_HEAD + t % EK_TILE;
    for (size_t c = 0; c < EK_HEAD; c++)
        lane[c * EK_TILE] = k[c];
    memcpy(cache->v + ew_keys_head(cache, head) + t * EK_HEAD, v, EK_HEAD * sizeof *v);
}

static void self_attention(decoder *e, const ew_decoder_layer *layer, size_t layer_index) {
    const size_t d = e->d, n = e->job->n_tokens;
    ew_state *s = e->s;
    float *qkv = ew_rows(s->dec_qkv, 0, e->n_rows, 3 * d), *context = ew_rows(s->dec_context, 0, e->n_rows, d);
    assert(s->n_past + n <= s->sizes.attention_keys);
    linear_columns(e, &layer->qkv, norm_x(e, &layer->norm_self), d, e->n_rows, qkv, 3 * d, EK_STORE);
    meet(e);
    const range heads = share(e, e->model->dims.n_text_head);
    for (size_t beam = 0; beam < e->job->call->n_beams; beam++) {
        ew_keys *cache = &s->self[layer_index * s->n_beams + s->slot[beam]];
        for (size_t head = heads.first; head < heads.last; head++) {
            const float *q = qkv + beam * n * 3 * d + head * EK_HEAD;
            for (size_t i = 0; i < n; i++)
                append_key_value(cache, head, s->n_past + i, q + d + i * 3 * d, q + 2 * d + i * 3 * d);
            ek_attention_f32(e->table,
                             (ek_attention_call){.out = context + beam * n * d + head * EK_HEAD,
                                                 .ldo = d,
                                                 .width = EK_HEAD,
                                                 .n_queries = n,
                                                 .n_keys = s->n_past + 1,
                                                 .step = 1,
                                                 .scratch = e->scratch->attention},
                             (ek_attention_f32_operands){.q = q,
                                                         .ldq = 3 * d,
                                                         .k = cache->k + ew_keys_head(cache, head),
                                                         .v = cache->v + ew_keys_head(cache, head)});
        }
    }
    meet(e);
    linear_columns(e, &layer->self_out, context, d, e->n_rows, ew_rows(s->dec_x, 0, e->n_rows, d), d, EK_ADD);
    meet(e);
}

// Where the attention weights of a head go, for the tokens of one beam; NULL where nobody asked.
static float *alignment_rows(const decoder *e, size_t layer, size_t head, size_t beam) {
    const ew_decode_call *call = e->job->call;
    for (size_t i = 0; call->alignment && i < e->model->n_alignment_heads; i++)
        if ((size_t)e->model->alignment_heads[2 * i] == layer && (size_t)e->model->alignment_heads[2 * i + 1] == head)
            return call->alignment +
                   ((beam * e->model->n_alignment_heads + i) * call->n_tokens + e->job->first) * e->s->n_keys;
    return NULL;
}

static void cross_attend(decoder *e, const ew_keys *keys, size_t head, size_t first, size_t m, float *weights) {
    const size_t d = e->d, start = ew_keys_head(keys, head);
    const float *q = ew_rows(e->s->dec_qkv, first, m, d) + head * EK_HEAD;
    assert(e->s->n_keys <= e->s->sizes.attention_keys && m <= e->scratch->head.rows);
    const ek_attention_call call = {.out = ew_rows(e->s->dec_context, first, m, d) + head * EK_HEAD,
                                    .ldo = d,
                                    .width = EK_HEAD,
                                    .n_queries = m,
                                    .n_keys = e->s->n_keys,
                                    .digits = 2,
                                    .bias = ew_rows(e->s->key_bias, 0, e->s->n_keys, 1),
                                    .weights = weights,
                                    .ldw = e->s->n_keys,
                                    .scratch = e->scratch->attention};
    if (!keys->k_codes) {
        ek_attention_f32(e->table, call,
                         (ek_attention_f32_operands){.q = q, .ldq = d, .k = keys->k + start, .v = keys->v + start});
        return;
    }
    const ek_q8_rows buffers = e->scratch->head.buffers;
    const ek_q8_rows queries = {
        .codes = buffers.codes, .stride = EK_HEAD, .scale = buffers.scale, .sum = buffers.sum};
    e->table->quantize(queries, q, d, m, EK_HEAD, 1);
    ek_attention_q8(e->table, call,
                    (ek_attention_q8_operands){
                        .q = queries, .k = ew_keys_of_head(keys, head), .v = ew_values_of_head(keys, head)});
}

static void cross_attention(decoder *e, const ew_decoder_layer *layer, size_t layer_index) {
    const size_t d = e->d, n = e->job->n_tokens;
    ew_state *s = e->s;
    linear_columns(e, &layer->cross_q, norm_x(e, &layer->norm_cross), d, e->n_rows,
                   ew_rows(s->dec_qkv, 0, e->n_rows, d), d, EK_STORE);
    meet(e);
    const range heads = share(e, e->model->dims.n_text_head);
    for (size_t head = heads.first; head < heads.last; head++) {
        if (!alignment_rows(e, layer_index, head, 0)) {
            cross_attend(e, &s->cross[layer_index], head, 0, e->n_rows, NULL);
            continue;
        }
        for (size_t beam = 0; beam < e->job->call->n_beams; beam++)
            cross_attend(e, &s->cross[layer_index], head, beam * n, n, alignment_rows(e, layer_index, head, beam));
    }
    meet(e);
    linear_columns(e, &layer->cross_out, ew_rows(s->dec_context, 0, e->n_rows, d), d, e->n_rows,
                   ew_rows(s->dec_x, 0, e->n_rows, d), d, EK_ADD);
    meet(e);
}

static void feed_forward(decoder *e, const ew_decoder_layer *layer) {
    const size_t d = e->d;
    float *wide = ew_rows(e->s->dec_wide, 0, e->n_rows, 4 * d);
    const range mine =
        linear_columns(e, &layer->fc1, norm_x(e, &layer->norm_ffn), d, e->n_rows, wide, 4 * d, EK_STORE);
    e->table->gelu(wide + mine.first, 4 * d, e->n_rows, mine.last - mine.first);
    meet(e);
    linear_columns(e, &layer->fc2, wide, 4 * d, e->n_rows, ew_rows(e->s->dec_x, 0, e->n_rows, d), d, EK_ADD);
    meet(e);
}

// This thread's logits of m rows.
static void vocabulary(decoder *e, const float *x, size_t ldx, size_t m, float *logits) {
    for (const ew_linear *band = &e->model->vocabulary; band; logits += band->n, band = band->next)
        linear_columns(e, band, x, ldx, m, logits, e->model->dims.n_vocab, EK_STORE);
}

static void project(decoder *e) {
    const ew_decode_call *call = e->job->call;
    const size_t d = e->d, n = e->job->n_tokens, n_vocab = e->model->dims.n_vocab;
    const int is_last = e->job->first + n == call->n_tokens;
    const float *x = norm_x(e, &e->model->dec_norm);
    if (!call->last_only) {
        for (size_t beam = 0; beam < call->n_beams; beam++)
            vocabulary(e, x + beam * n * d, d, n, call->logits + (beam * call->n_tokens + e->job->first) * n_vocab);
    } else if (is_last) { // every n-th row, from the last token of the first beam
        vocabulary(e, x + (n - 1) * d, n * d, call->n_beams, call->logits);
    }
}

static void decode_thread(void *arg, int thread, int n_threads) {
    const decode_job *job = arg;
    ew_state *s = job->state;
    decoder e = {.s = s,
                 .model = s->model,
                 .table = s->model->table,
                 .scratch = s->scratch + thread,
                 .job = job,
                 .d = s->model->dims.n_text_state,
                 .n_rows = job->call->n_beams * job->n_tokens,
                 .thread = (size_t)thread,
                 .n_threads = (size_t)n_threads};
    embed(&e);
    for (size_t layer = 0; layer < s->model->dims.n_text_layer; layer++) {
        self_attention(&e, &s->model->decoder[layer], layer);
        cross_attention(&e, &s->model->decoder[layer], layer);
        feed_forward(&e, &s->model->decoder[layer]);
    }
    project(&e);
}

// What the beams hold from now on.
static void remember(ew_state *state, const ew_decode_call *call) {
    const size_t before = state->n_past - call->n_tokens;
    assert(state->n_past <= state->sizes.self_keys);
    for (size_t beam = 0; beam < call->n_beams; beam++) {
        const size_t slot = state->slot[beam];
        memcpy(state->history + slot * state->model->dims.n_text_ctx + before, call->tokens + beam * call->n_tokens,
               call->n_tokens * sizeof *call->tokens);
        state->n_held[slot] = state->n_past;
    }
}

void ew_decode(ew_state *state, const ew_decode_call *call) {
    const size_t most = EW_ROWS / call->n_beams; // EW_MAX_BEAMS <= EW_ROWS, so at least one
    assert(call->n_beams <= state->n_beams && call->n_tokens <= state->sizes.self_keys - state->n_past);
    for (size_t first = 0; first < call->n_tokens; first += most) {
        decode_job job = {state, call, first, ek_min(call->n_tokens - first, most)};
        ew_pool_run(state->model->pool, decode_thread, &job);
        state->n_past += job.n_tokens;
    }
    remember(state, call);
}
