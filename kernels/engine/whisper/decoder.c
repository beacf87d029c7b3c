// SPDX-License-Identifier: Apache-2.0
// The decoder: appends tokens to the beams of one or several states, returns the logits of what comes next.
//
//   x = embedding(token) * channels + position
//   per layer   x += self_out(attention(qkv(norm(x)), cached keys and values))
//               x += cross_out(attention(cross_q(norm(x)), the clip's keys and values))
//               x += fc2(GELU(fc1(norm(x))))
//   logits = vocabulary(norm(x))
//
// All threads run decode_thread. With few rows the weights are what costs, so the rows of all states go through each
// linear side by side, and threads share its columns (whole tiles); of attention, which each state does over its own
// keys, they share the heads. Norms and quantization, which are cheap, each thread does alone. No row depends on the
// others, so a state gets the bits that it would get alone.
#include "state.h"

#include <string.h>

// What one state has done in a run: tokens call->tokens[beam][first .. first + n_tokens) of its call.
typedef struct {
    ew_state *state;
    const ew_decode_call *call;
    size_t first, n_tokens;
    size_t row; // its first row; its beams follow each other, a beam's tokens one below the other
} decode_part;

typedef struct {
    const decode_part *parts;
    size_t n_parts, n_rows;
    ew_model *model;
} decode_job;

typedef struct {
    ew_work *work;
    const ew_model *model;
    const ek_table *table;
    ew_scratch *scratch;
    const decode_job *job;
    size_t d, n_rows;
    size_t thread, n_threads;
} decoder;

typedef struct {
    size_t first, last;
} range;

static range share(const decoder *e, size_t n) {
    return (range){n * e->thread / e->n_threads, n * (e->thread + 1) / e->n_threads};
}

static void meet(const decoder *e) { ew_pool_barrier(e->model->pool); }

// This thread's columns of a linear.
static range tiles_of(const decoder *e, const ew_linear *linear) {
    const range tiles = share(e, ek_div_up(linear->n, EK_TILE));
    return (range){tiles.first * EK_TILE, ek_min(tiles.last * EK_TILE, linear->n)};
}

// Computes this thread's columns of linear(x). Every thread quantizes x for itself, in two digits: with one, rounding
// activations would cost more than rounding weights does.
static range linear_columns(decoder *e, const ew_linear *linear, const float *x, size_t ldx, size_t m, float *out,
                            size_t ldo, enum ek_mode mode) {
    const range columns = tiles_of(e, linear);
    ew_operand_load(e->table, &e->scratch->operand, x, ldx, m, linear, EW_TWO_DIGITS);
    ew_linear_columns_fine(e->table, linear, &e->scratch->operand, out, ldo, m, columns.first, columns.last, mode,
                           e->scratch->wide.at, e->scratch->wide.n);
    return columns;
}

static float *norm_x(decoder *e, const ew_norm *norm) {
    float *out = ew_rows(e->scratch->norm, 0, e->n_rows, e->d);
    const float *x = ew_rows(e->work->dec_x, 0, e->n_rows, e->d);
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

static void embed_part(decoder *e, const decode_part *part, range rows) {
    const size_t n = part->n_tokens, end = part->row + part->call->n_beams * n;
    for (size_t row = ek_max(rows.first, part->row); row < ek_min(rows.last, end); row++) {
        const size_t beam = (row - part->row) / n, i = (row - part->row) % n;
        const size_t token = (size_t)part->call->tokens[beam * part->call->n_tokens + part->first + i];
        const float *position = e->model->dec_positions + (part->state->n_past + i) * e->d;
        float *x = ew_rows(e->work->dec_x, row, 1, e->d);
        embedding(e->model, token, x);
        for (size_t c = 0; c < e->d; c++)
            x[c] += position[c];
    }
}

static void embed(decoder *e) {
    const range rows = share(e, e->n_rows);
    for (size_t i = 0; i < e->job->n_parts; i++)
        embed_part(e, &e->job->parts[i], rows);
    meet(e);
}

static void append_key_value(ew_keys *cache, size_t head, size_t t, const float *k, const float *v) {
    assert(head < cache->n_heads && t < cache->capacity);
    float *lane = cache->k + ew_keys_head(cache, head) + t / EK_TILE * EK_TILE * EK_HEAD + t % EK_TILE;
    for (size_t c = 0; c < EK_HEAD; c++)
        lane[c * EK_TILE] = k[c];
    memcpy(cache->v + ew_keys_head(cache, head) + t * EK_HEAD, v, EK_HEAD * sizeof *v);
}

typedef void attend_fn(decoder *e, const decode_part *part, size_t layer, size_t head);

// Does this thread's share of the heads of all parts.
static void attend(decoder *e, size_t layer, attend_fn *fn) {
    const size_t n_parts = e->job->n_parts;
    const range shared = share(e, e->model->dims.n_text_head * n_parts);
    for (size_t i = shared.first; i < shared.last; i++)
        fn(e, &e->job->parts[i % n_parts], layer, i / n_parts);
}

static void self_attend(decoder *e, const decode_part *part, size_t layer, size_t head) {
    const size_t d = e->d, n = part->n_tokens;
    ew_state *s = part->state;
    assert(s->n_past + n <= s->sizes.attention_keys);
    for (size_t beam = 0; beam < part->call->n_beams; beam++) {
        const size_t row = part->row + beam * n;
        const float *q = ew_rows(e->work->dec_qkv, row, n, 3 * d) + head * EK_HEAD;
        ew_keys *cache = &s->self[layer * s->n_beams + s->slot[beam]];
        for (size_t i = 0; i < n; i++)
            append_key_value(cache, head, s->n_past + i, q + d + i * 3 * d, q + 2 * d + i * 3 * d);
        ek_attention_f32(e->table,
                         (ek_attention_call){.out = ew_rows(e->work->dec_context, row, n, d) + head * EK_HEAD,
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

static void self_attention(decoder *e, const ew_decoder_layer *layer, size_t layer_index) {
    const size_t d = e->d;
    linear_columns(e, &layer->qkv, norm_x(e, &layer->norm_self), d, e->n_rows,
                   ew_rows(e->work->dec_qkv, 0, e->n_rows, 3 * d), 3 * d, EK_STORE);
    meet(e);
    attend(e, layer_index, self_attend);
    meet(e);
    linear_columns(e, &layer->self_out, ew_rows(e->work->dec_context, 0, e->n_rows, d), d, e->n_rows,
                   ew_rows(e->work->dec_x, 0, e->n_rows, d), d, EK_ADD);
    meet(e);
}

// Where the attention weights of a head go, for the tokens of one beam; NULL where nobody asked.
static float *alignment_rows(const decoder *e, const decode_part *part, size_t layer, size_t head, size_t beam) {
    const ew_decode_call *call = part->call;
    for (size_t i = 0; call->alignment && i < e->model->n_alignment_heads; i++)
        if ((size_t)e->model->alignment_heads[2 * i] == layer && (size_t)e->model->alignment_heads[2 * i + 1] == head)
            return call->alignment +
                   ((beam * e->model->n_alignment_heads + i) * call->n_tokens + part->first) * part->state->n_keys;
    return NULL;
}

// The attention of m rows, from `first` on, over the clip of a state.
static void look_at_clip(decoder *e, const ew_state *s, const ew_keys *keys, size_t head, size_t first, size_t m,
                         float *weights) {
    const size_t d = e->d, start = ew_keys_head(keys, head);
    const float *q = ew_rows(e->work->dec_qkv, first, m, d) + head * EK_HEAD;
    assert(s->n_keys <= s->sizes.attention_keys && m <= e->scratch->head.rows);
    const ek_attention_call call = {.out = ew_rows(e->work->dec_context, first, m, d) + head * EK_HEAD,
                                    .ldo = d,
                                    .width = EK_HEAD,
                                    .n_queries = m,
                                    .n_keys = s->n_keys,
                                    .digits = 2,
                                    .bias = ew_rows(s->key_bias, 0, s->n_keys, 1),
                                    .weights = weights,
                                    .ldw = s->n_keys,
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

static void cross_attend(decoder *e, const decode_part *part, size_t layer, size_t head) {
    const size_t n = part->n_tokens, n_beams = part->call->n_beams;
    const ew_keys *keys = &part->state->cross[layer];
    if (!alignment_rows(e, part, layer, head, 0)) {
        look_at_clip(e, part->state, keys, head, part->row, n_beams * n, NULL);
        return;
    }
    for (size_t beam = 0; beam < n_beams; beam++)
        look_at_clip(e, part->state, keys, head, part->row + beam * n, n, alignment_rows(e, part, layer, head, beam));
}

static void cross_attention(decoder *e, const ew_decoder_layer *layer, size_t layer_index) {
    const size_t d = e->d;
    linear_columns(e, &layer->cross_q, norm_x(e, &layer->norm_cross), d, e->n_rows,
                   ew_rows(e->work->dec_qkv, 0, e->n_rows, d), d, EK_STORE);
    meet(e);
    attend(e, layer_index, cross_attend);
    meet(e);
    linear_columns(e, &layer->cross_out, ew_rows(e->work->dec_context, 0, e->n_rows, d), d, e->n_rows,
                   ew_rows(e->work->dec_x, 0, e->n_rows, d), d, EK_ADD);
    meet(e);
}

static void feed_forward(decoder *e, const ew_decoder_layer *layer) {
    const size_t d = e->d;
    float *wide = ew_rows(e->work->dec_wide, 0, e->n_rows, 4 * d);
    const range mine =
        linear_columns(e, &layer->fc1, norm_x(e, &layer->norm_ffn), d, e->n_rows, wide, 4 * d, EK_STORE);
    e->table->gelu(wide + mine.first, 4 * d, e->n_rows, mine.last - mine.first);
    meet(e);
    linear_columns(e, &layer->fc2, wide, 4 * d, e->n_rows, ew_rows(e->work->dec_x, 0, e->n_rows, d), d, EK_ADD);
    meet(e);
}

// This thread's logits of m rows of x, each of which goes to a place of its own.
static void vocabulary(decoder *e, const float *x, size_t m, float **logits) {
    for (const ew_linear *band = &e->model->vocabulary; band; band = band->next) {
        const range columns = tiles_of(e, band);
        ew_operand_load(e->table, &e->scratch->operand, x, e->d, m, band, EW_TWO_DIGITS);
        ew_linear_columns_apart(e->table, band, &e->scratch->operand, logits, m, columns.first, columns.last,
                                e->scratch->wide.at, e->scratch->wide.n);
        for (size_t i = 0; i < m; i++)
            logits[i] += band->n;
    }
}

// Moves the rows of a part whose logits are asked for up behind the `m` that are there; gives how many there are then.
static size_t gather(decoder *e, const decode_part *part, float *x, float **logits, size_t m) {
    const ew_decode_call *call = part->call;
    const size_t n = part->n_tokens, n_vocab = e->model->dims.n_vocab;
    for (size_t beam = 0; beam < call->n_beams; beam++)
        for (size_t i = 0; i < n; i++) {
            const size_t token = part->first + i;
            if (call->last_only && token + 1 < call->n_tokens)
                continue;
            const size_t row = part->row + beam * n + i;
            if (row != m)
                memcpy(x + m * e->d, x + row * e->d, e->d * sizeof *x);
            logits[m++] = call->logits + (call->last_only ? beam : beam * call->n_tokens + token) * n_vocab;
        }
    return m;
}

static void project(decoder *e) {
    float *logits[EW_ROWS];
    float *x = norm_x(e, &e->model->dec_norm);
    size_t m = 0;
    for (size_t i = 0; i < e->job->n_parts; i++)
        m = gather(e, &e->job->parts[i], x, logits, m);
    if (m)
        vocabulary(e, x, m, logits);
}

static void decode_thread(void *arg, int thread, int n_threads) {
    const decode_job *job = arg;
    ew_model *model = job->model;
    decoder e = {.work = &model->work,
                 .model = model,
                 .table = model->table,
                 .scratch = model->work.scratch + thread,
                 .job = job,
                 .d = model->dims.n_text_state,
                 .n_rows = job->n_rows,
                 .thread = (size_t)thread,
                 .n_threads = (size_t)n_threads};
    embed(&e);
    for (size_t layer = 0; layer < model->dims.n_text_layer; layer++) {
        self_attention(&e, &model->decoder[layer], layer);
        cross_attention(&e, &model->decoder[layer], layer);
        feed_forward(&e, &model->decoder[layer]);
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

// The next run: of each call in turn as many tokens as there is room for. Gives how many rows it has.
static size_t next_run(ew_decode_together *calls, size_t n_calls, decode_part parts[EW_ROWS], size_t *n_parts) {
    size_t n_rows = 0;
    *n_parts = 0;
    for (size_t i = 0; i < n_calls && n_rows < EW_ROWS; i++) {
        const ew_decode_call *call = &calls[i].call;
        const size_t n = ek_min(call->n_tokens - calls[i].done, (EW_ROWS - n_rows) / call->n_beams);
        if (!n)
            continue;
        parts[(*n_parts)++] = (decode_part){calls[i].state, call, calls[i].done, n, n_rows};
        n_rows += call->n_beams * n;
        calls[i].done += n;
    }
    return n_rows;
}

void ew_decode_all(ew_decode_together *calls, size_t n_calls) {
    decode_part parts[EW_ROWS];
    decode_job job = {.parts = parts, .model = calls[0].state->model};
    for (size_t i = 0; i < n_calls; i++) {
        const ew_state *state = calls[i].state;
        assert(state->model == job.model && calls[i].call.n_beams <= state->n_beams);
        assert(calls[i].call.n_tokens <= state->sizes.self_keys - state->n_past);
        calls[i].done = 0;
    }
    while ((job.n_rows = next_run(calls, n_calls, parts, &job.n_parts)) > 0) {
        ew_pool_run(job.model->pool, decode_thread, &job);
        for (size_t i = 0; i < job.n_parts; i++)
            parts[i].state->n_past += parts[i].n_tokens;
    }
    for (size_t i = 0; i < n_calls; i++)
        remember(calls[i].state, &calls[i].call);
}

void ew_decode(ew_state *state, const ew_decode_call *call) {
    ew_decode_all(&(ew_decode_together){.state = state, .call = *call}, 1);
}
