// SPDX-License-Identifier: Apache-2.0
// Llama's arithmetic.
//
//   x = embedding(token)
//   per layer   x += out(attention(rope(qkv(norm(x))), cached keys and values))
//               x += down(silu(gate(norm(x))) * up(norm(x)))
//   logits = head(norm(x))
//
// All threads run run_thread. They share the columns of each linear (whole tiles) and the heads of keys; norms and
// quantization, which are cheap, each does alone.
#include "state.h"

#include <math.h>
#include <string.h>

typedef struct {
    ew_llama_state *state;
    const ew_llama_call *call;
    size_t first, n;              // the tokens of this run
    size_t first_target, n_targets; // the targets after them
} job;

typedef struct {
    ew_llama_state *s;
    const ew_llama *model;
    const ek_table *table;
    ew_llama_scratch *scratch;
    const job *job;
    size_t d, n; // width of a row, rows
    size_t thread, n_threads;
} runner;

typedef struct {
    size_t first, last;
} range;

static range share(const runner *r, size_t n) {
    return (range){n * r->thread / r->n_threads, n * (r->thread + 1) / r->n_threads};
}

static void meet(const runner *r) { ew_pool_barrier(r->model->pool); }

static range share_tiles(const runner *r, size_t n) {
    const range tiles = share(r, ek_div_up(n, EK_TILE));
    return (range){tiles.first * EK_TILE, ek_min(tiles.last * EK_TILE, n)};
}

static void load(runner *r, const ew_linear *linear, const float *x, size_t ldx, size_t m) {
    ew_operand_load(r->table, &r->scratch->operand, x, ldx, m, linear, EW_TWO_DIGITS);
}

// Columns of linear(x) for the rows that were loaded.
static void multiply(runner *r, const ew_linear *linear, range columns, float *out, size_t ldo, size_t m,
                     enum ek_mode mode) {
    if (columns.first >= columns.last)
        return;
    ew_linear_columns_fine(r->table, linear, &r->scratch->operand, out, ldo, m, columns.first, columns.last, mode,
                           r->scratch->work.at, r->scratch->work.n);
}

static void linear(runner *r, const ew_linear *linear, const float *x, size_t ldx, size_t m, float *out, size_t ldo,
                   enum ek_mode mode) {
    load(r, linear, x, ldx, m);
    multiply(r, linear, share_tiles(r, linear->n), out, ldo, m, mode);
}

static const float *norm_x(runner *r, const float *weight) {
    float *out = ew_rows(r->scratch->norm, 0, r->n, r->d);
    r->table->rms_norm(out, r->d, ew_rows(r->s->x, 0, r->n, r->d), r->d, weight, r->model->epsilon, r->n, r->d);
    return out;
}

static void embed(runner *r) {
    const range rows = share(r, r->n);
    for (size_t i = rows.first; i < rows.last; i++)
        ew_linear_weight_row(&r->model->embedding, (size_t)r->job->call->tokens[r->job->first + i],
                             ew_rows(r->s->x, i, 1, r->d));
    meet(r);
}

// One head of keys and the heads of queries that it serves, token by token: each sees what leads to it.
static void attend(runner *r, ew_cache *cache, size_t head, float *qkv, size_t ld) {
    const ew_llama_dims *dims = &r->model->dims;
    const size_t group = dims->n_head / dims->n_kv_head, width = dims->n_head * EK_HEAD;
    const int32_t *positions = r->job->call->positions + r->job->first;
    float *q = qkv + head * group * EK_HEAD, *k = qkv + width + head * EK_HEAD, *v = k + dims->n_kv_head * EK_HEAD;
    float *context = ew_rows(r->s->context, 0, r->n, width) + head * group * EK_HEAD;
    r->table->rope(q, ld, r->model->turns, positions, r->n, group, EK_HEAD);
    r->table->rope(k, ld, r->model->turns, positions, r->n, 1, EK_HEAD);
    for (size_t i = 0; i < r->n; i++) {
        const size_t position = (size_t)positions[i];
        ew_cache_store(r->table, cache, head, position, k + i * ld, v + i * ld);
        const ek_attention_call call = {.out = context + i * width,
                                        .ldo = EK_HEAD,
                                        .width = EK_HEAD,
                                        .n_queries = group,
                                        .n_keys = position + 1,
                                        .scratch = r->scratch->attention};
        ew_cache_attend(r->table, cache, head, call, q + i * ld, EK_HEAD);
    }
}

static void attention(runner *r, const ew_llama_layer *layer, ew_cache *cache) {
    const size_t ld = layer->qkv.n, width = r->model->dims.n_head * EK_HEAD;
    float *qkv = ew_rows(r->s->qkv, 0, r->n, ld);
    linear(r, &layer->qkv, norm_x(r, layer->norm_attn), r->d, r->n, qkv, ld, EK_STORE);
    meet(r);
    const range heads = share(r, r->model->dims.n_kv_head);
    for (size_t head = heads.first; head < heads.last; head++)
        attend(r, cache, head, qkv, ld);
    meet(r);
    linear(r, &layer->out, ew_rows(r->s->context, 0, r->n, width), width, r->n,
           ew_rows(r->s->x, 0, r->n, r->d), r->d, EK_ADD);
    meet(r);
}

static void feed_forward(runner *r, const ew_llama_layer *layer) {
    const size_t n_ffn = r->model->dims.n_ffn, ld = 2 * n_ffn;
    float *wide = ew_rows(r->s->wide, 0, r->n, ld);
    const range mine = share_tiles(r, n_ffn);
    load(r, &layer->gate_up, norm_x(r, layer->norm_ffn), r->d, r->n);
    multiply(r, &layer->gate_up, mine, wide, ld, r->n, EK_STORE);
    multiply(r, &layer->gate_up, (range){n_ffn + mine.first, n_ffn + mine.last}, wide, ld, r->n, EK_STORE);
    r->table->silu(wide + mine.first, ld, wide + n_ffn + mine.first, ld, r->n, mine.last - mine.first);
    meet(r);
    linear(r, &layer->down, wide, ld, r->n, ew_rows(r->s->x, 0, r->n, r->d), r->d, EK_ADD);
    meet(r);
}

// Logits of m normed rows, ldx apart.
static void project(runner *r, const float *x, size_t ldx, size_t m, float *logits) {
    linear(r, ew_llama_head(r->model), x, ldx, m, logits, r->model->dims.n_vocab, EK_STORE);
}

static float largest_of(const float *x, size_t n) {
    float lanes[EK_TILE], largest = x[0];
    for (size_t i = 0; i < EK_TILE; i++)
        lanes[i] = x[0];
    size_t j = 0;
    for (; j + EK_TILE <= n; j += EK_TILE)
        for (size_t i = 0; i < EK_TILE; i++)
            lanes[i] = x[j + i] > lanes[i] ? x[j + i] : lanes[i];
    for (size_t i = 0; i < EK_TILE; i++)
        largest = lanes[i] > largest ? lanes[i] : largest;
    for (; j < n; j++)
        largest = x[j] > largest ? x[j] : largest;
    return largest;
}

// Log-probabilities of the targets of this run: the logits of each row that has some, then this thread's rows of them.
static void score(runner *r, const float *normed) {
    const ew_llama_call *call = r->job->call;
    const size_t first = r->job->first_target, n_vocab = r->model->dims.n_vocab;
    float *own = ew_rows(r->s->picked, 0, r->n, r->d), *logits = ew_rows(r->s->logits, 0, r->n, n_vocab);
    size_t m = 0, row_of[EW_ROWS], targets_of[EW_ROWS + 1];
    for (size_t i = 0; i < r->job->n_targets; i++) {
        const size_t row = (size_t)call->rows[first + i] - r->job->first;
        if (m == 0 || row_of[m - 1] != row) {
            row_of[m] = row;
            targets_of[m++] = first + i;
        }
    }
    targets_of[m] = first + r->job->n_targets;
    const range copies = share(r, m);
    for (size_t i = copies.first; i < copies.last; i++)
        memcpy(own + i * r->d, normed + row_of[i] * r->d, r->d * sizeof *own);
    meet(r);
    if (m > 0)
        project(r, own, r->d, m, logits);
    meet(r);
    for (size_t i = copies.first; i < copies.last; i++) {
        const float *row = logits + i * n_vocab, largest = largest_of(row, n_vocab);
        const double total = log((double)r->table->sum_exp(row, n_vocab, largest));
        for (size_t t = targets_of[i]; t < targets_of[i + 1]; t++)
            call->log_probs[t] = (float)((double)row[call->targets[t]] - (double)largest - total);
    }
}

static void answer(runner *r) {
    const ew_llama_call *call = r->job->call;
    const float *normed = norm_x(r, r->model->norm);
    if (call->n_targets > 0)
        score(r, normed);
    else if (call->all_logits)
        project(r, normed, r->d, r->n, call->all_logits + r->job->first * r->model->dims.n_vocab);
    else if (r->job->first + r->n == call->n)
        project(r, normed + (r->n - 1) * r->d, r->d, 1, ew_rows(r->s->logits, 0, 1, r->model->dims.n_vocab));
}

static void run_thread(void *arg, int thread, int n_threads) {
    const job *work = arg;
    ew_llama_state *s = work->state;
    runner r = {.s = s,
                .model = s->model,
                .table = s->model->table,
                .scratch = s->scratch + thread,
                .job = work,
                .d = s->model->dims.n_state,
                .n = work->n,
                .thread = (size_t)thread,
                .n_threads = (size_t)n_threads};
    embed(&r);
    for (size_t layer = 0; layer < s->model->dims.n_layer; layer++) {
        attention(&r, &s->model->layers[layer], &s->caches[layer]);
        feed_forward(&r, &s->model->layers[layer]);
    }
    answer(&r);
}

void ew_llama_run(ew_llama_state *state, const ew_llama_call *call) {
    assert(call->n > 0 && (size_t)call->positions[call->n - 1] < state->capacity);
    size_t target = 0;
    for (size_t first = 0; first < call->n; first += EW_ROWS) {
        job work = {state, call, first, ek_min(call->n - first, EW_ROWS), target, 0};
        while (target < call->n_targets && (size_t)call->rows[target] < first + work.n)
            target++;
        work.n_targets = target - work.first_target;
        ew_pool_run(state->model->pool, run_thread, &work);
    }
    state->n_past = (size_t)call->positions[call->n - 1] + 1;
}
