// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include "memory.h"

static int allocate_scratch(ew_state *state) {
    const size_t d = state->model->dims.n_audio_state, ctx = state->model->dims.n_audio_ctx;
    const size_t most_keys = ctx > state->model->dims.n_text_ctx ? ctx : state->model->dims.n_text_ctx;
    const int n_threads = ew_pool_threads(state->model->pool);
    state->scratch = ew_alloc((size_t)n_threads * sizeof *state->scratch);
    for (int i = 0; state->scratch && i < n_threads; i++) {
        ew_scratch *scratch = state->scratch + i;
        void *operand = ew_alloc(ew_operand_bytes(2 * EW_ROWS, 4 * d));
        void *head = ew_alloc(ew_operand_bytes(EW_ROWS, EK_HEAD));
        scratch->operand = operand ? ew_operand_in(operand, 2 * EW_ROWS, 4 * d) : (ew_operand){0};
        scratch->head = head ? ew_operand_in(head, EW_ROWS, EK_HEAD) : (ew_operand){0};
        scratch->norm = ew_alloc(EW_ROWS * d * sizeof(float));
        scratch->wide = ew_alloc(EW_ROWS * 4 * d * sizeof(float));
        scratch->context = ew_alloc(EW_ROWS * d * sizeof(float));
        scratch->factor = ew_alloc(EW_ROWS * d * sizeof(float));
        scratch->attention = ew_alloc(ek_attention_scratch(most_keys));
        if (!operand || !head || !scratch->norm || !scratch->wide || !scratch->context || !scratch->factor ||
            !scratch->attention)
            return -1;
    }
    return state->scratch ? 0 : -1;
}

static int allocate_encoder(ew_state *state) {
    const ew_dims *dims = &state->model->dims;
    const size_t d = dims->n_audio_state, ctx = dims->n_audio_ctx, padded = ek_round_up(ctx, EK_TILE);
    state->mel = ew_alloc((2 * ctx + 2) * dims->n_mels * sizeof(float));
    state->conv = ew_alloc((2 * ctx + 2) * d * sizeof(float));
    state->x = ew_alloc(ctx * d * sizeof(float));
    state->key_bias = ew_alloc(ctx * sizeof(float));
    state->taken = ew_alloc(ew_n_shares(state->model) * sizeof *state->taken);
    state->cross = ew_alloc(dims->n_text_layer * sizeof *state->cross);
    if (!state->mel || !state->conv || !state->x || !state->key_bias || !state->taken || !state->cross)
        return -1;
    if (state->model->int8_attention) {
        state->values = ew_alloc(ctx * d * sizeof(float));
        state->more_values = ew_alloc(ctx * d * sizeof(float));
        state->queries.codes = ew_alloc(padded * d);
        state->queries.scale = ew_alloc(padded * dims->n_audio_head * sizeof(float));
        state->queries.sum = ew_alloc(padded * dims->n_audio_head * sizeof(int32_t));
        if (!state->values || !state->more_values || !state->queries.codes || !state->queries.scale ||
            !state->queries.sum)
            return -1;
    } else {
        state->queries.rows = ew_alloc(ctx * d * sizeof(float));
        if (!state->queries.rows)
            return -1;
    }
    int failed = ew_keys_allocate(&state->keys, dims->n_audio_head, ctx, state->model->int8_attention);
    for (size_t layer = 0; layer < dims->n_text_layer; layer++)
        failed |= ew_keys_allocate(&state->cross[layer], dims->n_text_head, ctx, state->model->int8_attention);
    return failed;
}

static int allocate_decoder(ew_state *state) {
    const ew_dims *dims = &state->model->dims;
    const size_t d = dims->n_text_state, caches = dims->n_text_layer * state->n_beams;
    state->dec_x = ew_alloc(EW_ROWS * d * sizeof(float));
    state->dec_qkv = ew_alloc(EW_ROWS * 3 * d * sizeof(float));
    state->dec_context = ew_alloc(EW_ROWS * d * sizeof(float));
    state->dec_wide = ew_alloc(EW_ROWS * 4 * d * sizeof(float));
    if (!state->dec_x || !state->dec_qkv || !state->dec_context || !state->dec_wide)
        return -1;
    state->self = ew_alloc(caches * sizeof *state->self);
    state->slot = ew_alloc(state->n_beams * sizeof *state->slot);
    state->history = ew_alloc(state->n_beams * dims->n_text_ctx * sizeof *state->history);
    state->n_held = ew_alloc(state->n_beams * sizeof *state->n_held);
    if (!state->self || !state->slot || !state->history || !state->n_held)
        return -1;
    for (size_t beam = 0; beam < state->n_beams; beam++)
        state->slot[beam] = beam;
    for (size_t i = 0; i < caches; i++)
        if (ew_keys_allocate(&state->self[i], dims->n_text_head, dims->n_text_ctx, 0) != 0)
            return -1;
    return 0;
}

ew_state *ew_state_new(const ew_model *model, size_t n_beams) {
    ew_state *state = ew_alloc(sizeof *state);
    if (!state)
        return NULL;
    state->model = model;
    state->n_beams = n_beams;
    if (allocate_scratch(state) != 0 || allocate_encoder(state) != 0 || allocate_decoder(state) != 0) {
        ew_state_free(state);
        return NULL;
    }
    return state;
}

void ew_state_free(ew_state *state) {
    if (!state)
        return;
    for (int i = 0; state->scratch && i < ew_pool_threads(state->model->pool); i++) {
        ew_free(state->scratch[i].operand.codes); // an operand starts with its codes
        ew_free(state->scratch[i].head.codes);
        ew_free(state->scratch[i].norm);
        ew_free(state->scratch[i].wide);
        ew_free(state->scratch[i].context);
        ew_free(state->scratch[i].factor);
        ew_free(state->scratch[i].attention);
    }
    for (size_t layer = 0; state->cross && layer < state->model->dims.n_text_layer; layer++)
        ew_keys_free(&state->cross[layer]);
    for (size_t i = 0; state->self && i < state->model->dims.n_text_layer * state->n_beams; i++)
        ew_keys_free(&state->self[i]);
    ew_keys_free(&state->keys);
    void *buffers[] = {state->scratch,       state->mel,           state->conv,  state->x,     state->key_bias,
                       state->values,        state->more_values,   state->queries.rows,  state->queries.codes,
                       state->queries.scale, state->queries.sum,   state->cross, state->taken,
                       state->dec_x,         state->dec_qkv,       state->dec_context,
                       state->dec_wide,      state->self,          state->slot,  state->history,
                       state->n_held,        state};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ew_free(buffers[i]);
}

void ew_rewind(ew_state *state, size_t n_past) {
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
