// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include "../memory.h"

enum { WORK_COLUMNS = 256 }; // of a product in two digits at once

// These return nonzero without memory.
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
        failed |= (memory == NULL) | ew_floats_allocate(&scratch->norm, EW_ROWS * d->n_state) |
                  ew_floats_allocate(&scratch->work, 2 * EW_ROWS * WORK_COLUMNS);
        scratch->attention = ew_alloc(ek_attention_scratch(state->capacity));
        failed |= !scratch->attention;
    }
    return failed;
}

static int allocate(ew_llama_state *state, int is_q8) {
    const ew_llama_dims *d = &state->model->dims;
    int failed = ew_floats_allocate(&state->x, EW_ROWS * d->n_state) |
                 ew_floats_allocate(&state->qkv, EW_ROWS * (d->n_head + 2 * d->n_kv_head) * EK_HEAD) |
                 ew_floats_allocate(&state->context, EW_ROWS * d->n_head * EK_HEAD) |
                 ew_floats_allocate(&state->wide, EW_ROWS * 2 * d->n_ffn) |
                 ew_floats_allocate(&state->picked, EW_ROWS * d->n_state) |
                 ew_floats_allocate(&state->logits, EW_ROWS * d->n_vocab);
    state->caches = ew_alloc(d->n_layer * sizeof *state->caches);
    failed |= !state->caches;
    for (size_t i = 0; !failed && i < d->n_layer; i++)
        failed |= ew_cache_allocate(&state->caches[i], d->n_kv_head, state->capacity, is_q8) != EW_OK;
    return failed;
}

ew_llama_state *ew_llama_state_new(const ew_llama *model, size_t capacity, int is_q8) {
    ew_llama_state *state = ew_alloc(sizeof *state);
    if (!state)
        return NULL;
    state->model = model;
    state->capacity = capacity;
    if (allocate_scratch(state) || allocate(state, is_q8)) {
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
    for (size_t i = 0; state->caches && i < state->model->dims.n_layer; i++)
        ew_cache_free(&state->caches[i]);
    void *buffers[] = {state->scratch, state->caches,    state->x.at,      state->qkv.at, state->context.at,
                       state->wide.at, state->picked.at, state->logits.at, state};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ew_free(buffers[i]);
}

void ew_llama_rewind(ew_llama_state *state, size_t n_past) {
    assert(n_past <= state->n_past);
    state->n_past = n_past;
}

void ew_llama_drop(ew_llama_state *state, size_t first, size_t n) {
    assert(first <= state->n_past && n <= state->n_past - first);
    for (size_t layer = 0; n > 0 && layer < state->model->dims.n_layer; layer++)
        ew_cache_drop(state->model->table, &state->caches[layer], first, n, state->n_past, state->model->turns + n * EK_HEAD);
    state->n_past -= n;
}
