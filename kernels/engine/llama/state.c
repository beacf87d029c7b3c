// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include "../../ops/attention/attention.h"
#include "../memory.h"

enum { WORK_COLUMNS = 256 }; // of a product in two digits at once

// These return nonzero without memory.
static int allocate_floats(ew_floats *buffer, size_t n) {
    *buffer = (ew_floats){ew_alloc(ew_times(n, sizeof(float))), n};
    return !buffer->at;
}

static int allocate_scratch(ew_llama_state *state) {
    const ew_llama_dims *d = &state->model->dims;
    const int n_threads = ew_pool_threads(state->model->pool);
    const size_t inputs = ek_max(ek_max(d->n_state, d->n_ffn), d->n_head * EK_HEAD);
    state->scratch = ew_alloc((size_t)n_threads * sizeof *state->scratch);
    int failed = !state->scratch;
    for (int i = 0; !failed && i < n_threads; i++) {
        ew_llama_scratch *scratch = state->scratch + i;
        void *memory = ew_alloc(ew_operand_bytes(2 * EW_ROWS, inputs));
        scratch->operand = memory ? ew_operand_in(memory, 2 * EW_ROWS, inputs) : (ew_operand){0};
        failed |= (memory == NULL) | allocate_floats(&scratch->norm, EW_ROWS * d->n_state) |
                  allocate_floats(&scratch->work, 2 * EW_ROWS * WORK_COLUMNS);
        scratch->attention = ew_alloc(ek_attention_scratch(state->capacity));
        failed |= !scratch->attention;
    }
    return failed;
}

static int allocate(ew_llama_state *state) {
    const ew_llama_dims *d = &state->model->dims;
    int failed = allocate_floats(&state->x, EW_ROWS * d->n_state) |
                 allocate_floats(&state->qkv, EW_ROWS * (d->n_head + 2 * d->n_kv_head) * EK_HEAD) |
                 allocate_floats(&state->context, EW_ROWS * d->n_head * EK_HEAD) |
                 allocate_floats(&state->wide, EW_ROWS * 2 * d->n_ffn) |
                 allocate_floats(&state->picked, EW_ROWS * d->n_state) |
                 allocate_floats(&state->logits, EW_ROWS * d->n_vocab);
    state->keys = ew_alloc(d->n_layer * sizeof *state->keys);
    failed |= !state->keys;
    for (size_t i = 0; !failed && i < d->n_layer; i++)
        failed |= ew_keys_allocate(&state->keys[i], d->n_kv_head, state->capacity, 0) != EW_OK;
    return failed;
}

ew_llama_state *ew_llama_state_new(const ew_llama *model, size_t capacity) {
    ew_llama_state *state = ew_alloc(sizeof *state);
    if (!state)
        return NULL;
    state->model = model;
    state->capacity = capacity;
    if (allocate_scratch(state) || allocate(state)) {
        ew_llama_state_free(state);
        return NULL;
    }
    return state;
}

void ew_llama_state_free(ew_llama_state *state) {
    if (!state)
        return;
    for (int i = 0; state->scratch && i < ew_pool_threads(state->model->pool); i++) {
        ew_free(state->scratch[i].operand.buffers.codes); // an operand's memory starts with them
        ew_free(state->scratch[i].norm.at);
        ew_free(state->scratch[i].work.at);
        ew_free(state->scratch[i].attention);
    }
    for (size_t i = 0; state->keys && i < state->model->dims.n_layer; i++)
        ew_keys_free(&state->keys[i]);
    void *buffers[] = {state->scratch, state->keys,      state->x.at,      state->qkv.at, state->context.at,
                       state->wide.at, state->picked.at, state->logits.at, state};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ew_free(buffers[i]);
}

void ew_llama_rewind(ew_llama_state *state, size_t n_past) {
    assert(n_past <= state->n_past);
    state->n_past = n_past;
}

// Copies key `from` of a head to `to`, turned back by n positions.
static void move_key(float *head, size_t from, size_t to, const float *turns) {
    enum { HALF = EK_HEAD / 2 };
    const float *source = head + from / EK_TILE * EK_TILE * EK_HEAD + from % EK_TILE;
    float *target = head + to / EK_TILE * EK_TILE * EK_HEAD + to % EK_TILE;
    for (size_t c = 0; c < HALF; c++) {
        const float a = source[c * EK_TILE], b = source[(c + HALF) * EK_TILE];
        target[c * EK_TILE] = a * turns[c] + b * turns[HALF + c];
        target[(c + HALF) * EK_TILE] = b * turns[c] - a * turns[HALF + c];
    }
}

void ew_llama_drop(ew_llama_state *state, size_t first, size_t n) {
    assert(first <= state->n_past && n <= state->n_past - first);
    const float *turns = state->model->turns + n * EK_HEAD;
    for (size_t layer = 0; n > 0 && layer < state->model->dims.n_layer; layer++) {
        const ew_keys *keys = &state->keys[layer];
        for (size_t head = 0; head < keys->n_heads; head++) {
            const size_t start = ew_keys_head(keys, head);
            for (size_t from = first + n; from < state->n_past; from++)
                move_key(keys->k + start, from, from - n, turns);
            float *values = keys->v + start + first * EK_HEAD;
            memmove(values, values + n * EK_HEAD, (state->n_past - first - n) * EK_HEAD * sizeof *values);
        }
    }
    state->n_past -= n;
}
