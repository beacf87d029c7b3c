// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include "../memory.h"

// These return nonzero without memory.
static int allocate_encoder(ew_state *state) {
    const ew_sizes *sizes = &state->sizes;
    const ew_dims *dims = &state->model->dims;
    int failed = ew_floats_allocate(&state->mel, sizes->mel) | ew_floats_allocate(&state->x, sizes->x) |
                 ew_floats_allocate(&state->key_bias, sizes->key_bias);
    state->cross = ew_alloc(dims->n_text_layer * sizeof *state->cross);
    failed |= !state->cross;
    for (size_t layer = 0; !failed && layer < dims->n_text_layer; layer++)
        failed |= ew_keys_allocate(&state->cross[layer], dims->n_text_head, sizes->cross_keys,
                                   state->model->int8_attention) != EW_OK;
    return failed;
}

static int allocate_decoder(ew_state *state) {
    const ew_sizes *sizes = &state->sizes;
    state->self = ew_alloc(ew_times(sizes->caches, sizeof *state->self));
    state->slot = ew_alloc(state->n_beams * sizeof *state->slot);
    state->history = ew_alloc(ew_times(sizes->history, sizeof *state->history));
    state->n_held = ew_alloc(state->n_beams * sizeof *state->n_held);
    int failed = !state->self || !state->slot || !state->history || !state->n_held;
    for (size_t beam = 0; !failed && beam < state->n_beams; beam++)
        state->slot[beam] = beam;
    for (size_t i = 0; !failed && i < sizes->caches; i++)
        failed |= ew_keys_allocate(&state->self[i], state->model->dims.n_text_head, sizes->self_keys, 0) != EW_OK;
    return failed;
}

ew_state *ew_state_new(ew_model *model, size_t n_beams) {
    const ew_sizes sizes = ew_sizes_of(model, n_beams);
    ew_state *state = ew_alloc(sizeof *state);
    if (!state || ew_work_join(model, &sizes) != EW_OK) {
        ew_free(state);
        return NULL;
    }
    state->model = model;
    state->n_beams = n_beams;
    state->sizes = sizes;
    if (allocate_encoder(state) || allocate_decoder(state)) {
        ew_state_free(state);
        return NULL;
    }
    return state;
}

void ew_state_free(ew_state *state) {
    if (!state)
        return;
    ew_work_leave(state->model);
    for (size_t layer = 0; state->cross && layer < state->model->dims.n_text_layer; layer++)
        ew_keys_free(&state->cross[layer]);
    for (size_t i = 0; state->self && i < state->sizes.caches; i++)
        ew_keys_free(&state->self[i]);
    void *buffers[] = {state->mel.at, state->x.at,   state->key_bias.at, state->cross, state->self,
                       state->slot,   state->history, state->n_held,     state};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ew_free(buffers[i]);
}

void ew_rewind(ew_state *state, size_t n_past) {
    assert(n_past <= state->sizes.self_keys);
    state->n_past = n_past;
    for (size_t slot = 0; slot < state->n_beams; slot++)
        state->n_held[slot] = ek_min(state->n_held[slot], n_past);
}

// Slot `to` becomes a copy of slot `from`. What their tokens have in common from the start is there already: keys and
// values follow from the clip and the tokens up to them.
static void copy_slot(ew_state *state, size_t from, size_t to) {
    const size_t n_text_ctx = state->model->dims.n_text_ctx;
    const int32_t *source_tokens = state->history + from * n_text_ctx;
    int32_t *target_tokens = state->history + to * n_text_ctx;
    size_t first = 0;
    while (first < state->n_held[to] && first < state->n_past && source_tokens[first] == target_tokens[first])
        first++;
    const size_t tile = first / EK_TILE * EK_TILE, end = ek_round_up(state->n_past, EK_TILE);
    for (size_t layer = 0; layer < state->model->dims.n_text_layer; layer++) {
        const ew_keys *source = state->self + layer * state->n_beams + from;
        const ew_keys *target = state->self + layer * state->n_beams + to;
        for (size_t head = 0; head < source->n_heads; head++) {
            const size_t start = ew_keys_head(source, head), keys = start + tile * EK_HEAD;
            const size_t values = start + first * EK_HEAD;
            memcpy(target->k + keys, source->k + keys, (end - tile) * EK_HEAD * sizeof(float));
            memcpy(target->v + values, source->v + values, (state->n_past - first) * EK_HEAD * sizeof(float));
        }
    }
    memcpy(target_tokens + first, source_tokens + first, (state->n_past - first) * sizeof *target_tokens);
    state->n_held[to] = state->n_past;
}

void ew_reorder(ew_state *state, const int32_t *parents, size_t n) {
    size_t slot[EW_MAX_BEAMS];
    int is_taken[EW_MAX_BEAMS] = {0}, is_first[EW_MAX_BEAMS] = {0};
    for (size_t beam = 0; beam < n; beam++) { // the first child of a parent takes over its slot
        slot[beam] = state->slot[parents[beam]];
        is_first[beam] = !is_taken[slot[beam]];
        is_taken[slot[beam]] = 1;
    }
    size_t free_slot = 0;
    for (size_t beam = 0; beam < state->n_beams; beam++) { // the others get one that nobody continues
        if (beam < n && is_first[beam])
            continue;
        while (is_taken[free_slot])
            free_slot++;
        if (beam < n)
            copy_slot(state, slot[beam], free_slot);
        slot[beam] = free_slot++;
    }
    memcpy(state->slot, slot, state->n_beams * sizeof *slot);
}
