// SPDX-License-Identifier: Apache-2.0
#include "small_model.h"

#include <stdio.h>
#include <string.h>

#include "../../kernels/ops/attention/attention.h"

#define PREFIX "stt.whisper."
const char *const dim_keys[N_DIMS] = {
    PREFIX "encoder.num_mel_bins", PREFIX "decoder.vocab_size", PREFIX "encoder.max_source_positions",
    PREFIX "encoder.d_model",      PREFIX "encoder.n_heads",    PREFIX "encoder.n_layers",
    PREFIX "decoder.max_target_positions", PREFIX "decoder.d_model", PREFIX "decoder.n_heads",
    PREFIX "decoder.n_layers"};
const char *const shape_keys[N_SHAPES] = {"edgewise.layers.key_width", "edgewise.layers.ffn_width",
                                          "edgewise.layers.out_rank", "edgewise.layers.fc1_rank",
                                          "edgewise.layers.fc2_rank"};

size_t *dim_of(model_sizes *sizes, size_t which) {
    ew_dims *d = &sizes->dims;
    size_t *all[N_DIMS] = {&d->n_mels,        &d->n_vocab,    &d->n_audio_ctx,  &d->n_audio_state, &d->n_audio_head,
                           &d->n_audio_layer, &d->n_text_ctx, &d->n_text_state, &d->n_text_head,   &d->n_text_layer};
    return all[which];
}

size_t *shape_of(ew_layer_shape *s, size_t which) {
    size_t *all[N_SHAPES] = {&s->key_width, &s->ffn_width, &s->out_rank, &s->fc1_rank, &s->fc2_rank};
    return all[which];
}

static size_t one_of(uint64_t *random, const size_t *values, size_t n) { return values[below(random, n)]; }

static void choose_heads(model_sizes *sizes, uint64_t *random) {
    static const size_t heads[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3};
    ew_dims *d = &sizes->dims;
    d->n_audio_head = d->n_text_head = one_of(random, heads, sizeof heads / sizeof *heads);
    d->n_audio_state = d->n_text_state = d->n_audio_head * EK_HEAD;
}

static void choose_shape(model_sizes *sizes, ew_layer_shape *shape, uint64_t *random) {
    const size_t d = sizes->dims.n_audio_state;
    *shape = (ew_layer_shape){.key_width = EK_TILE * (1 + below(random, 4)),
                              .ffn_width = EK_GROUP * (1 + below(random, 4 * d / EK_GROUP))};
    for (size_t i = 2; i < N_SHAPES; i++)
        *shape_of(shape, i) = below(random, 2) * EK_GROUP * (1 + below(random, d / EK_GROUP));
}

static void choose_bands(model_sizes *sizes, uint64_t *random) {
    const size_t n = sizes->dims.n_vocab, tiles = n / EK_TILE;
    sizes->n_bands = tiles > 2 && below(random, 2) ? 3 : 1;
    sizes->band_rows[0] = sizes->n_bands == 3 ? EK_TILE * (1 + below(random, tiles - 2)) : n;
    sizes->band_rows[1] = sizes->n_bands == 3 ? EK_TILE : 0;
    sizes->band_rows[2] = sizes->n_bands == 3 ? n - sizes->band_rows[0] - EK_TILE : 0;
    if (sizes->n_bands == 3 && !sizes->band_rows[2])
        sizes->n_bands = 1, sizes->band_rows[0] = n;
}

model_sizes random_sizes(uint64_t *random) {
    static const size_t mels[] = {1, 2, 3, 7, 16, 33, 80, 80, 85, 86, 87, 128, 200, 511, 512};
    static const size_t contexts[] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 9, 15, 16, 17, 24, 33, 49, 65, 130};
    static const size_t layers[] = {1, 1, 1, 1, 1, 1, 1, 1, 2, 3};
    model_sizes sizes = {0};
    ew_dims *d = &sizes.dims;
    choose_heads(&sizes, random);
    d->n_mels = one_of(random, mels, sizeof mels / sizeof *mels);
    d->n_vocab = 1 + below(random, below(random, 4) ? 80 : 300);
    d->n_audio_ctx = one_of(random, contexts, sizeof contexts / sizeof *contexts);
    d->n_text_ctx = one_of(random, contexts, sizeof contexts / sizeof *contexts);
    d->n_audio_layer = one_of(random, layers, sizeof layers / sizeof *layers);
    d->n_text_layer = one_of(random, layers, sizeof layers / sizeof *layers);
    sizes.is_compressed = below(random, 2) == 0;
    for (size_t i = 0; i < MOST_LAYERS; i++)
        choose_shape(&sizes, &sizes.layers[i], random);
    choose_bands(&sizes, random);
    sizes.n_alignment_heads = below(random, d->n_text_layer * d->n_text_head + 1);
    sizes.n_landmarks = below(random, 2) * below(random, d->n_audio_ctx + 1);
    sizes.n_local = below(random, d->n_audio_head + 1);
    return sizes;
}

// Any one size: near what it was, extreme, or not what the others need.
void change_a_size(model_sizes *sizes, uint64_t *random) {
    static const size_t values[] = {0,  1,  2,  15, 16,  17,  31,  32,  33,  48, 63,
                                    64, 65, 96, 127, 128, 129, 192, 255, 256, 320};
    const size_t which = below(random, N_DIMS + N_SHAPES + 5);
    size_t *others[] = {&sizes->n_bands, &sizes->band_rows[0], &sizes->n_alignment_heads, &sizes->n_landmarks,
                        &sizes->n_local};
    size_t *size = which < N_DIMS              ? dim_of(sizes, which)
                   : which < N_DIMS + N_SHAPES ? shape_of(&sizes->layers[below(random, MOST_LAYERS)], which - N_DIMS)
                                               : others[which - N_DIMS - N_SHAPES];
    *size = below(random, 2) ? one_of(random, values, sizeof values / sizeof *values) : *size + below(random, 5) - 2;
    sizes->is_compressed |= which >= N_DIMS && which < N_DIMS + N_SHAPES;
    if (below(random, 2) && *dim_of(sizes, 4) < 6) { // widths that follow from the heads
        sizes->dims.n_text_head = sizes->dims.n_audio_head;
        sizes->dims.n_audio_state = sizes->dims.n_text_state = sizes->dims.n_audio_head * EK_HEAD;
    }
}

static void add(model_plan *plan, const char *tensor, const char *suffix, const char *name, const char *name_suffix,
                model_part part) {
    if (plan->n == MOST_PARTS)
        return;
    snprintf(part.tensor, sizeof part.tensor, "%s%s", tensor, suffix);
    snprintf(part.name, sizeof part.name, "%s%s", name, name_suffix);
    plan->parts[plan->n++] = part;
}

static void add_rows(model_plan *plan, const char *tensor, const char *name, size_t layer, size_t first, size_t n,
                     size_t k) {
    add(plan, tensor, ".weight", name, "", (model_part){.layer = layer, .first = first, .n = n, .k = k});
    if (!strstr(name, ".down") && !strstr(name, ".next"))
        add(plan, tensor, ".bias", name, ".bias",
            (model_part){.layer = layer, .first = first, .n = n, .is_optional = 1});
}

static void add_factors(model_plan *plan, const char *tensor, const char *name, size_t layer, size_t n, size_t k,
                        size_t rank) {
    char down[56], down_name[24];
    snprintf(down, sizeof down, "%s.down", tensor);
    snprintf(down_name, sizeof down_name, "%s.down", name);
    if (rank)
        add_rows(plan, down, down_name, layer, 0, rank, k);
    add_rows(plan, tensor, name, layer, 0, n, rank ? rank : k);
}

static void add_norm(model_plan *plan, const char *tensor, const char *name, size_t layer, size_t d) {
    add(plan, tensor, ".weight", name, ".weight", (model_part){.layer = layer, .n = d});
    add(plan, tensor, ".bias", name, ".bias", (model_part){.layer = layer, .n = d});
}

static void add_projections(model_plan *plan, const char *block, const char *parts, const char *name, size_t layer,
                            size_t keys, size_t d) {
    for (size_t first = 0; *parts; parts++) {
        char tensor[52];
        snprintf(tensor, sizeof tensor, "%s.%c", block, *parts);
        add_rows(plan, tensor, name, layer, first, *parts == 'v' ? d : keys, d);
        first += *parts == 'v' ? d : keys;
    }
}

static void plan_encoder(model_plan *plan, const model_sizes *sizes) {
    const size_t d = sizes->dims.n_audio_state;
    add_rows(plan, "enc.conv.0", "enc.conv1", 0, 0, d, 3 * sizes->dims.n_mels);
    add_rows(plan, "enc.conv.1", "enc.conv2", 0, 0, d, 3 * d);
    add(plan, "enc.pos_emb", ".weight", "enc.positions", "", (model_part){.n = sizes->dims.n_audio_ctx * d});
    for (size_t i = 0; i < sizes->dims.n_audio_layer; i++) {
        const ew_layer_shape whole = {.key_width = EK_HEAD, .ffn_width = 4 * d};
        const ew_layer_shape *s = sizes->is_compressed ? &sizes->layers[i] : &whole;
        char block[32], stem[48];
        snprintf(block, sizeof block, "enc.blocks.%zu", i);
        snprintf(stem, sizeof stem, "%s.norm_attn", block);
        add_norm(plan, stem, "enc.norm_attn", i, d);
        snprintf(stem, sizeof stem, "%s.attn", block);
        add_projections(plan, stem, "qkv", "enc.qkv", i, sizes->dims.n_audio_head * s->key_width, d);
        snprintf(stem, sizeof stem, "%s.attn.out", block);
        add_factors(plan, stem, "enc.out", i, d, d, s->out_rank);
        snprintf(stem, sizeof stem, "%s.norm_ffn", block);
        add_norm(plan, stem, "enc.norm_ffn", i, d);
        snprintf(stem, sizeof stem, "%s.ffn.fc1", block);
        add_factors(plan, stem, "enc.fc1", i, s->ffn_width, d, s->fc1_rank);
        snprintf(stem, sizeof stem, "%s.ffn.fc2", block);
        add_factors(plan, stem, "enc.fc2", i, d, s->ffn_width, s->fc2_rank);
    }
    add_norm(plan, "enc.final_norm", "enc.norm", 0, d);
}

static void plan_decoder(model_plan *plan, const model_sizes *sizes) {
    static const struct {
        const char *tensor, *name;
        size_t outputs, inputs; // times the width
    } linears[] = {{"self_attn.out", "dec.self_out", 1, 1},
                   {"cross_attn.q", "dec.cross_q", 1, 1},
                   {"cross_attn.out", "dec.cross_out", 1, 1},
                   {"ffn.fc1", "dec.fc1", 4, 1},
                   {"ffn.fc2", "dec.fc2", 1, 4}};
    static const char *const norms[] = {"norm_self", "norm_cross", "norm_ffn"};
    static const char *const bands[] = {"dec.token_embd", "dec.token_embd.rare", "dec.token_embd.special"};
    static const char *const band_names[] = {"dec.vocabulary", "dec.vocabulary.next", "dec.vocabulary.next.next"};
    const size_t d = sizes->dims.n_text_state;
    for (size_t i = 0; i < sizes->n_bands && i < 3; i++) {
        const size_t n = sizes->n_bands == 1 ? sizes->dims.n_vocab : sizes->band_rows[i];
        add_rows(plan, bands[i], band_names[i], 0, 0, n, d);
    }
    add(plan, "dec.token_embd", ".channel_scale", "dec.channels", "", (model_part){.n = d, .is_optional = 1});
    add(plan, "dec.pos_emb", ".weight", "dec.positions", "", (model_part){.n = sizes->dims.n_text_ctx * d});
    for (size_t i = 0; i < sizes->dims.n_text_layer; i++) {
        char block[32], stem[48], name[24];
        snprintf(block, sizeof block, "dec.blocks.%zu", i);
        for (size_t j = 0; j < 3; j++) {
            snprintf(stem, sizeof stem, "%s.%s", block, norms[j]);
            snprintf(name, sizeof name, "dec.%s", norms[j]);
            add_norm(plan, stem, name, i, d);
        }
        snprintf(stem, sizeof stem, "%s.self_attn", block);
        add_projections(plan, stem, "qkv", "dec.qkv", i, d, d);
        snprintf(stem, sizeof stem, "%s.cross_attn", block);
        add_projections(plan, stem, "kv", "dec.cross_kv", i, d, d);
        for (size_t j = 0; j < sizeof linears / sizeof *linears; j++) {
            snprintf(stem, sizeof stem, "%s.%s", block, linears[j].tensor);
            add_rows(plan, stem, linears[j].name, i, 0, linears[j].outputs * d, linears[j].inputs * d);
        }
    }
    add_norm(plan, "dec.final_norm", "dec.norm", 0, d);
}

void plan_model(model_plan *plan, const model_sizes *sizes) {
    plan->n = 0;
    if (sizes->dims.n_audio_layer > MOST_LAYERS || sizes->dims.n_text_layer > MOST_LAYERS)
        return;
    plan_encoder(plan, sizes);
    plan_decoder(plan, sizes);
}
