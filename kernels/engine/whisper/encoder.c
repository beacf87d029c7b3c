// SPDX-License-Identifier: Apache-2.0
// The encoder: two convolutions, then per layer attention and feed-forward, then the keys and values that the
// decoder's cross-attention reads.
//
//   mel [n_frames][n_mels] -> conv1, GELU [n_frames][d] -> conv2 (stride 2), GELU, + positions: x [n_ctx][d]
//   per layer   x += out(attention(qkv(norm(x))));  x += fc2(GELU(fc1(norm(x))))
//   x = norm(x); per decoder layer: cross keys and values of x
//
// A clip shorter than the window is followed by the tail's landmarks (tail.h): rows n_ctx .. n_rows of x.
//
// All threads run encode_thread. Work is cut into blocks of up to EW_ROWS rows that threads take in turn; everything
// between two barriers touches only the block's own rows, so a block's intermediates never leave its core.
// A convolution is a product over overlapping rows: three frames lie side by side in time-major memory.
#include "state.h"

#include <string.h>

typedef struct {
    ew_state *state;
    const ew_tail *tail; // NULL: the clip fills the window, or is taken as it is
    float *hidden;
} encode_job;

enum { AFTER_CLIP = 2 }; // positions after the clip that the convolutions give too: the second sees padding alone

typedef struct {
    ew_state *s;
    const ew_model *model;
    const ek_table *table;
    ew_work *work;
    ew_scratch *scratch;
    const encode_job *job;
    size_t d, thread, n_threads;
    size_t n_rows, n_blocks; // rows of x, and the blocks they are in
    size_t phase; // whose pieces are being taken; threads go through the same ones
} encoder;

// Takes one of `n` pieces of the current phase: of the thread's own share, whose rows its cache may still hold, then of
// what others have not come to. Nonzero while there is one.
static int take(encoder *e, size_t n, size_t *piece) {
    assert((e->phase + 1) * e->n_threads <= e->s->sizes.shares);
    for (size_t i = 0; i < e->n_threads; i++) {
        const size_t owner = (e->thread + i) % e->n_threads, end = (owner + 1) * n / e->n_threads;
        *piece = owner * n / e->n_threads + atomic_fetch_add(&e->work->taken[e->phase * e->n_threads + owner], 1);
        if (*piece < end)
            return 1;
    }
    return 0;
}

// Nothing is taken yet, whatever a pass before this one left.
static void begin_phases(encoder *e) {
    for (size_t phase = e->thread; phase < e->s->sizes.shares; phase += e->n_threads)
        atomic_store(&e->work->taken[phase], 0);
    ew_pool_barrier(e->model->pool);
}

static void finish_phase(encoder *e) {
    e->phase++;
    ew_pool_barrier(e->model->pool);
}

static void norm_rows(const encoder *e, const ew_norm *norm, float *out, const float *x, size_t m) {
    e->table->layer_norm(out, e->d, x, e->d, norm->weight, norm->bias, m, e->d);
}

static const ew_linear *first_factor(const ew_linear *linear) { return linear->down ? linear->down : linear; }

// Of rows that were loaded for the first factor.
static void multiply_rows(encoder *e, const ew_linear *linear, float *out, size_t ldo, size_t m, enum ek_mode mode) {
    ew_operand *operand = &e->scratch->operand;
    if (linear->down) {
        float *factor = ew_rows(e->scratch->factor, 0, m, linear->k);
        ew_linear_rows(e->table, linear->down, operand, factor, linear->k, m, EK_STORE);
        ew_operand_load(e->table, operand, factor, linear->k, m, linear, EW_ONE_DIGIT);
    }
    ew_linear_rows(e->table, linear, operand, out, ldo, m, mode);
}

// rounding: EW_FROM_MIDDLE for what GELU gives, which is hardly ever below 0.
static void linear_rows(encoder *e, const ew_linear *linear, const float *x, size_t ldx, ew_rounding rounding,
                        float *out, size_t ldo, size_t m, enum ek_mode mode) {
    ew_operand_load(e->table, &e->scratch->operand, x, ldx, m, first_factor(linear), rounding);
    multiply_rows(e, linear, out, ldo, m, mode);
}

// Hands out the states of the clip's rows among t .. t + m, if somebody asked.
static void show_hidden(const encoder *e, size_t layer, size_t t, size_t m) {
    const size_t n_ctx = e->s->n_ctx, d = e->d;
    if (e->job->hidden && t < n_ctx)
        memcpy(e->job->hidden + (layer * n_ctx + t) * d, ew_rows(e->s->x, t, m, d),
               ek_min(m, n_ctx - t) * d * sizeof(float));
}

// As exact as what was multiplied.
static void gelu_rows(const encoder *e, const ew_linear *linear, float *x, size_t m) {
    (linear->type == EW_F32 ? e->table->gelu : e->table->near_gelu)(x, e->d, m, e->d);
}

static void convolutions(encoder *e) {
    ew_state *s = e->s;
    const size_t d = e->d, n_mels = e->model->dims.n_mels;
    const size_t n_positions = s->n_ctx + (e->job->tail ? AFTER_CLIP : 0), n_frames = 2 * n_positions;
    float *after = ew_rows(e->work->conv, n_frames + 1, 1, d); // as the row before the clip, which nobody ever writes
    if (e->thread == 0)
        memset(after, 0, d * sizeof *after);
    const size_t blocks1 = ew_n_blocks(n_frames, e->n_threads), blocks2 = ew_n_blocks(n_positions, e->n_threads);
    for (size_t piece; take(e, blocks1, &piece);) {
        const ew_block block = ew_block_of(n_frames, blocks1, piece);
        const size_t t = block.first, m = block.n;
        float *out = ew_rows(e->work->conv, t + 1, m, d);    // row 0 is padding
        const float *mel = ew_rows(s->mel, t, m + 2, n_mels); // three frames a row
        linear_rows(e, &e->model->conv1, mel, n_mels, EW_ONE_DIGIT, out, d, m, EK_STORE);
        gelu_rows(e, &e->model->conv1, out, m);
    }
    finish_phase(e);
    for (size_t piece; take(e, blocks2, &piece);) {
        const ew_block block = ew_block_of(n_positions, blocks2, piece);
        const size_t t = block.first, m = block.n;
        float *x = ew_rows(e->s->x, t, m, d);
        const float *positions = e->model->enc_positions + t * d, *conv = ew_rows(e->work->conv, 2 * t, 2 * m + 1, d);
        linear_rows(e, &e->model->conv2, conv, 2 * d, EW_FROM_MIDDLE, x, d, m, EK_STORE);
        gelu_rows(e, &e->model->conv2, x, m);
        for (size_t i = 0; i < m * d; i++)
            x[i] += positions[i];
        show_hidden(e, 0, t, m);
    }
    finish_phase(e);
}

// What the convolutions make of padding is the same everywhere; only the position is the landmark's own.
static void place_landmarks(encoder *e) {
    const size_t d = e->d, n_ctx = e->s->n_ctx, model_position = n_ctx + AFTER_CLIP - 1;
    const size_t n_landmarks = e->n_rows - n_ctx;
    const ew_tail *tail = e->job->tail;
    const float *positions = e->model->enc_positions;
    float *padding = ew_rows(e->scratch->norm, 0, 1, d);
    for (size_t turn; take(e, tail != NULL, &turn);) {
        const float *model_row = ew_rows(e->s->x, model_position, 1, d);
        float *x = ew_rows(e->s->x, n_ctx, n_landmarks, d);
        for (size_t c = 0; c < d; c++)
            padding[c] = model_row[c] - positions[model_position * d + c];
        const int32_t *landmark = tail->positions + ew_tail_first(tail, n_ctx);
        for (size_t i = 0; i < n_landmarks; i++)
            for (size_t c = 0; c < d; c++)
                x[i * d + c] = padding[c] + positions[(size_t)landmark[i] * d + c];
    }
    finish_phase(e);
}

static void store_queries(encoder *e, size_t t, size_t width, const float *q, size_t ldq, size_t m) {
    ew_queries *queries = &e->work->queries;
    const size_t capacity = e->work->keys.capacity, n_heads = e->model->dims.n_audio_head;
    if (queries->rows.at) {
        float *rows = ew_rows(queries->rows, t, m, e->d);
        for (size_t i = 0; i < m; i++)
            memcpy(rows + i * e->d, q + i * ldq, n_heads * width * sizeof *q);
        return;
    }
    assert(t + m <= capacity && n_heads * capacity <= e->s->sizes.queries);
    for (size_t head = 0; head < n_heads; head++) {
        const ek_q8_rows codes = ek_q8_rows_from(queries->codes, head * capacity + t, width);
        e->table->quantize(codes, q + head * width, ldq, m, width, 1);
    }
}

// Rows of a linear whose last d outputs are values: to scratch->wide, or values to `values`, where they wait until all
// are there (INT8 scales them by channel).
static void project(encoder *e, const ew_linear *linear, const float *x, ew_floats values, size_t t, size_t m) {
    const size_t d = e->d, n = linear->n;
    float *wide = ew_rows(e->scratch->wide, 0, m, n);
    ew_operand *operand = &e->scratch->operand;
    ew_operand_load(e->table, operand, x, d, m, linear, EW_ONE_DIGIT);
    ew_linear_columns(e->table, linear, operand, wide, n, m, 0, n - d, EK_STORE);
    float *out = values.at ? ew_rows(values, t, m, d) : wide + n - d;
    ew_linear_columns(e->table, linear, operand, out, values.at ? d : n, m, n - d, n, EK_STORE);
}

static void attend(encoder *e, size_t width, size_t t, size_t m) {
    const ew_state *s = e->s;
    float *context = ew_rows(e->scratch->context, 0, m, e->d);
    assert(e->n_rows <= s->sizes.attention_keys);
    for (size_t head = 0; head < e->model->dims.n_audio_head; head++) {
        const size_t start = ew_keys_head(&e->work->keys, head);
        const ek_attention_call call = {.out = context + head * EK_HEAD,
                                        .ldo = e->d,
                                        .width = width,
                                        .n_queries = m,
                                        .n_keys = e->n_rows,
                                        .digits = 1,
                                        .bias = ew_rows(s->key_bias, 0, e->n_rows, 1),
                                        .scratch = e->scratch->attention};
        if (e->work->queries.rows.at)
            ek_attention_f32(e->table, call,
                             (ek_attention_f32_operands){.q = ew_rows(e->work->queries.rows, t, m, e->d) + head * width,
                                                         .ldq = e->d,
                                                         .k = e->work->keys.k + start,
                                                         .v = e->work->keys.v + start});
        else
            ek_attention_q8(
                e->table, call,
                (ek_attention_q8_operands){
                    .q = ek_q8_rows_from(e->work->queries.codes, head * e->work->keys.capacity + t, width),
                    .k = ew_keys_of_head(&e->work->keys, head),
                    .v = ew_values_of_head(&e->work->keys, head)});
    }
}

// Landmarks among rows t .. t + m: heads that look at neighbours get what these would have told them.
static void restore_local_heads(encoder *e, size_t t, size_t m) {
    const ew_tail *tail = e->job->tail;
    const size_t n_ctx = e->s->n_ctx, first = tail ? ew_tail_first(tail, n_ctx) : 0;
    float *context = ew_rows(e->scratch->context, 0, m, e->d);
    for (size_t i = 0; tail && i < tail->n_local; i++) {
        const size_t head = (size_t)tail->local_heads[i];
        for (size_t row = ek_max(t, n_ctx); row < t + m; row++)
            memcpy(context + (row - t) * e->d + head * EK_HEAD,
                   tail->contexts + ((first + row - n_ctx) * tail->n_local + i) * EK_HEAD, EK_HEAD * sizeof(float));
    }
}

static void encoder_layer(encoder *e, size_t index) {
    const ew_encoder_layer *layer = &e->model->encoder[index];
    const size_t d = e->d;
    const size_t width = layer->shape.key_width, queries = e->model->dims.n_audio_head * width;
    const size_t qkv = 2 * queries + d, ffn = layer->shape.ffn_width;
    ew_scratch *scratch = e->scratch;
    for (size_t piece; take(e, e->n_blocks, &piece);) {
        const ew_block block = ew_block_of(e->n_rows, e->n_blocks, piece);
        const size_t t = block.first, m = block.n;
        float *norm = ew_rows(scratch->norm, 0, m, d);
        norm_rows(e, &layer->norm_attn, norm, ew_rows(e->s->x, t, m, d), m);
        project(e, &layer->qkv, norm, e->work->values, t, m);
        const float *wide = ew_rows(scratch->wide, 0, m, qkv);
        store_queries(e, t, width, wide, qkv, m);
        ew_keys_store(e->table, &e->work->keys, t, width, wide + queries, wide + 2 * queries, qkv, m, &scratch->head);
    }
    finish_phase(e);
    for (size_t head; take(e, e->work->values.at ? e->work->keys.n_heads : 0, &head);)
        ew_keys_quantize_values(e->table, &e->work->keys, head, ew_rows(e->work->values, 0, e->n_rows, d), d,
                                e->n_rows);
    finish_phase(e);
    for (size_t piece; take(e, e->n_blocks, &piece);) {
        const ew_block block = ew_block_of(e->n_rows, e->n_blocks, piece);
        const size_t t = block.first, m = block.n;
        float *x = ew_rows(e->s->x, t, m, d), *norm = ew_rows(scratch->norm, 0, m, d);
        float *wide = ew_rows(scratch->wide, 0, m, ffn);
        attend(e, width, t, m);
        if (index == 0)
            restore_local_heads(e, t, m);
        linear_rows(e, &layer->out, ew_rows(scratch->context, 0, m, d), d, EW_ONE_DIGIT, x, d, m, EK_ADD);
        norm_rows(e, &layer->norm_ffn, norm, x, m);
        linear_rows(e, &layer->fc1, norm, d, EW_ONE_DIGIT, wide, ffn, m, EK_STORE);
        ew_operand_load_gelu(e->table, &scratch->operand, wide, ffn, m, first_factor(&layer->fc2));
        multiply_rows(e, &layer->fc2, x, d, m, EK_ADD);
        show_hidden(e, index + 1, t, m);
        if (index + 1 == e->model->dims.n_audio_layer)
            norm_rows(e, &e->model->enc_norm, x, x, m);
    }
    finish_phase(e);
}

// Values of a layer are quantized while the next one's are made: they lie in two places by turns.
static void cross_keys_values(encoder *e) {
    const size_t d = e->d, n_layers = e->model->dims.n_text_layer;
    const ew_floats values[2] = {e->work->values, e->work->more_values};
    for (size_t layer = 0; layer <= n_layers; layer++) {
        const size_t blocks = layer < n_layers ? e->n_blocks : 0;
        const size_t heads = layer && values->at ? e->s->cross->n_heads : 0;
        for (size_t piece; take(e, blocks, &piece);) {
            const ew_block block = ew_block_of(e->n_rows, e->n_blocks, piece);
            const size_t t = block.first, m = block.n;
            project(e, &e->model->decoder[layer].cross_kv, ew_rows(e->s->x, t, m, d), values[layer % 2], t, m);
            const float *kv = ew_rows(e->scratch->wide, 0, m, 2 * d);
            ew_keys_store(e->table, &e->s->cross[layer], t, EK_HEAD, kv, kv + d, 2 * d, m, &e->scratch->head);
        }
        e->phase++; // no barrier: these values were there before it
        for (size_t head; take(e, heads, &head);)
            ew_keys_quantize_values(e->table, &e->s->cross[layer - 1], head,
                                    ew_rows(values[(layer - 1) % 2], 0, e->n_rows, d), d, e->n_rows);
        finish_phase(e);
    }
}

static void encode_thread(void *arg, int thread, int n_threads) {
    const encode_job *job = arg;
    ew_state *s = job->state;
    encoder e = {.s = s,
                 .model = s->model,
                 .table = s->model->table,
                 .work = &s->model->work,
                 .scratch = s->model->work.scratch + thread,
                 .job = job,
                 .d = s->model->dims.n_audio_state,
                 .thread = (size_t)thread,
                 .n_threads = (size_t)n_threads,
                 .n_rows = s->n_keys,
                 .n_blocks = ew_n_blocks(s->n_keys, (size_t)n_threads)};
    begin_phases(&e);
    convolutions(&e);
    place_landmarks(&e);
    for (size_t layer = 0; layer < s->model->dims.n_audio_layer; layer++)
        encoder_layer(&e, layer);
    cross_keys_values(&e);
}

// How much each key counts: the clip's positions once, then the landmarks behind it.
static void count_keys(ew_state *state, const ew_tail *tail) {
    const size_t first = tail ? ew_tail_first(tail, state->n_ctx) : 0;
    const size_t n_landmarks = tail ? tail->n_landmarks - first : 0;
    memset(ew_rows(state->key_bias, 0, state->n_ctx, 1), 0, state->n_ctx * sizeof(float));
    if (n_landmarks > 0)
        memcpy(ew_rows(state->key_bias, state->n_ctx, n_landmarks, 1), tail->log_counts + first,
               n_landmarks * sizeof(float));
    state->n_keys = state->n_ctx + n_landmarks;
}

// The mel frames, and what the convolutions see beyond them: zeros, or more of the padding.
static void load_frames(ew_state *state, const float *mel, size_t n_frames, const ew_tail *tail) {
    const size_t n_mels = state->model->dims.n_mels;
    const size_t n_after = tail ? 2 * AFTER_CLIP : 0;
    memcpy(ew_rows(state->mel, 1, n_frames, n_mels), mel, n_frames * n_mels * sizeof *mel);
    for (size_t i = 1; i <= n_after + 1; i++) {
        float *after = ew_rows(state->mel, n_frames + i, 1, n_mels);
        if (tail)
            memcpy(after, mel + (n_frames - 1) * n_mels, n_mels * sizeof *mel);
        else
            memset(after, 0, n_mels * sizeof *mel);
    }
}

// The tail that stands behind a clip of so many positions, or NULL.
static const ew_tail *tail_of(const ew_state *state, size_t n_ctx) {
    return n_ctx + AFTER_CLIP > state->model->dims.n_audio_ctx ? NULL : state->model->tail;
}

void ew_encode_load(ew_state *state, const float *mel, size_t n_frames) {
    const ew_tail *tail = tail_of(state, n_frames / 2);
    state->n_ctx = n_frames / 2;
    ew_rewind(state, 0);
    count_keys(state, tail);
    load_frames(state, mel, n_frames, tail);
}

void ew_encode_loaded(ew_state *state, float *hidden) {
    encode_job job = {state, tail_of(state, state->n_ctx), hidden};
    ew_pool_run(state->model->pool, encode_thread, &job);
}

void ew_encode(ew_state *state, const float *mel, size_t n_frames, float *hidden) {
    ew_encode_load(state, mel, n_frames);
    ew_encode_loaded(state, hidden);
}
