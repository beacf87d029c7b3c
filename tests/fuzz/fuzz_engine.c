// SPDX-License-Identifier: Apache-2.0
// Fuzzes the engine with whole models: fuzz_engine SEED RUNS [SECONDS]
// Each run is a small model file of random sizes and types, or one of which a size or any bytes were changed: it is
// opened, and where it is sound, loaded; then a state encodes, decodes, rewinds and reorders, within what
// kernels/python lets a caller ask. Every array has exactly its length, so the sanitizers see the first byte past it.
// The same seed does the same.
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../kernels/ops/attention/attention.h"
#include "../../kernels/engine/whisper/state.h"
#include "mutate_gguf.h"
#include "small_model.h"

enum { MOST_BYTES = 4 << 20, MOST_STEPS = 4, HANG_S = 60 };

const char *__asan_default_options(void); // ended models need no long memory, and a large claim may be refused
const char *__asan_default_options(void) { return "quarantine_size_mb=8:allocator_may_return_null=1:abort_on_error=1"; }

static void *exactly(size_t n, size_t bytes) {
    void *memory = calloc(n ? n : 1, bytes); // no size is 0 but that of an empty array that nobody reads
    if (!memory)
        exit(3);
    return memory;
}

static float *random_mel(size_t n, uint64_t *random) {
    static const float oddities[] = {0.0f, -0.0f, 1e30f, -1e30f, 1e-45f, NAN, INFINITY, -INFINITY};
    float *mel = exactly(n, sizeof *mel);
    const size_t first = (size_t)next_random(random);
    for (size_t i = 0; i < n; i++)
        mel[i] = (float)((i + first) * 2654435761u % 512) / 256.0f - 1.0f;
    for (size_t odd = below(random, 8) ? 0 : below(random, 4); odd > 0; odd--)
        mel[below(random, n)] = oddities[below(random, sizeof oddities / sizeof *oddities)];
    return mel;
}

static void encode(ew_state *state, uint64_t *random) {
    const ew_dims *dims = &state->model->dims;
    const size_t n_ctx = below(random, 3) ? 1 + below(random, dims->n_audio_ctx) : dims->n_audio_ctx;
    float *mel = random_mel(2 * n_ctx * dims->n_mels, random);
    float *hidden = NULL;
    if (below(random, 4) == 0)
        hidden = exactly((dims->n_audio_layer + 1) * n_ctx * dims->n_audio_state, sizeof *hidden);
    ew_encode(state, mel, 2 * n_ctx, hidden);
    free(mel);
    free(hidden);
    float *output = exactly(n_ctx * dims->n_audio_state, sizeof *output);
    memcpy(output, state->x.at, n_ctx * dims->n_audio_state * sizeof *output);
    free(output);
}

// All beams go on from beams that hold every token; beam 0 of the last decode does.
static void reorder(ew_state *state, uint64_t *random) {
    int32_t held[EW_MAX_BEAMS];
    size_t n_held = 0;
    for (size_t beam = 0; beam < state->n_beams; beam++)
        if (ew_held(state, beam) == state->n_past)
            held[n_held++] = (int32_t)beam;
    const size_t n = 1 + below(random, state->n_beams);
    int32_t *parents = exactly(n, sizeof *parents);
    for (size_t i = 0; i < n; i++)
        parents[i] = held[below(random, n_held)];
    ew_reorder(state, parents, n);
    free(parents);
}

static size_t n_whole_beams(const ew_state *state) {
    size_t n = 0;
    while (n < state->n_beams && ew_held(state, n) == state->n_past)
        n++;
    return n;
}

// A call of random tokens, which `free_call` frees; 0 where the state cannot decode.
static int make_call(ew_decode_call *call, const ew_state *state, uint64_t *random) {
    const ew_model *model = state->model;
    const size_t room = model->dims.n_text_ctx - state->n_past, whole = n_whole_beams(state);
    if (state->n_ctx == 0 || room == 0 || whole == 0)
        return 0;
    const size_t n_beams = 1 + below(random, whole);
    const size_t n_tokens = 1 + below(random, below(random, 4) ? ek_min(room, 3) : room);
    const int last_only = below(random, 2) == 0;
    int32_t *tokens = exactly(n_beams * n_tokens, sizeof *tokens);
    for (size_t i = 0; i < n_beams * n_tokens; i++)
        tokens[i] = (int32_t)(below(random, 4) ? below(random, model->dims.n_vocab) : model->dims.n_vocab - 1);
    float *logits = exactly(n_beams * (last_only ? 1 : n_tokens) * model->dims.n_vocab, sizeof *logits);
    float *alignment = NULL;
    if (model->n_alignment_heads && below(random, 2))
        alignment = exactly(n_beams * model->n_alignment_heads * n_tokens * state->n_keys, sizeof *alignment);
    *call = (ew_decode_call){n_beams, tokens, n_tokens, logits, last_only, alignment};
    return 1;
}

static void free_call(const ew_decode_call *call) {
    free((void *)(uintptr_t)call->tokens);
    free(call->logits);
    free(call->alignment);
}

static void decode(ew_state *state, uint64_t *random) {
    ew_decode_call call;
    if (!make_call(&call, state, random))
        return;
    ew_decode(state, &call);
    free_call(&call);
}

// Some of the states decode together, in a random order.
static void decode_together(ew_state **states, size_t n, uint64_t *random) {
    ew_decode_together *calls = exactly(n, sizeof *calls);
    size_t n_calls = 0;
    const size_t first = below(random, n);
    for (size_t i = 0; i < n; i++) {
        ew_decode_together *one = &calls[n_calls];
        one->state = states[(first + i) % n];
        n_calls += below(random, 4) != 0 && make_call(&one->call, one->state, random);
    }
    if (n_calls > 0)
        ew_decode_all(calls, n_calls);
    for (size_t i = 0; i < n_calls; i++)
        free_call(&calls[i].call);
    free(calls);
}

enum { MOST_STATES = 4 };

static void exercise(ew_model *model, uint64_t *random) {
    static const size_t beams[] = {1, 1, 1, 2, 3, 5, 8, 32};
    ew_state *states[MOST_STATES];
    const size_t wanted = below(random, 3) ? 1 : 1 + below(random, MOST_STATES);
    size_t n = 0;
    while (n < wanted && (states[n] = ew_state_new(model, beams[below(random, sizeof beams / sizeof *beams)])) != NULL)
        n++;
    for (size_t clip = 0; n > 0 && clip < n + (below(random, 3) == 0); clip++) {
        encode(states[clip % n], random);
        for (size_t step = 1 + below(random, MOST_STEPS); step > 0; step--) {
            ew_state *state = states[clip % n];
            const size_t what = below(random, 8);
            if (what == 0)
                ew_rewind(state, below(random, state->n_past + 1));
            else if (what == 1)
                reorder(state, random);
            else if (what < 5)
                decode(state, random);
            else
                decode_together(states, n, random);
        }
    }
    while (n > 0)
        ew_state_free(states[--n]);
}

static uint64_t *generic_random; // the mutator's callback has no argument for it

static size_t change_bytes(uint8_t *data, size_t size, size_t most) {
    (void)most;
    if (size == 0 || below(generic_random, 16) == 0)
        return size ? below(generic_random, size) : 0;
    data[below(generic_random, size)] = (uint8_t)next_random(generic_random);
    return size;
}

static unsigned long run_number;
static uint64_t seed;

static void tell(int signal_number) { // the sanitizer's report, or the assertion, is above it
    char line[96];
    const int n = snprintf(line, sizeof line, "finding: seed %llu, run %lu\n", (unsigned long long)seed, run_number);
    if (write(STDERR_FILENO, line, (size_t)n) > 0)
        signal(signal_number, SIG_DFL);
    raise(signal_number);
}

// Half of the files are new and sound, the others differ from the one before in a size or in bytes.
static size_t next_file(uint8_t *data, size_t size, model_sizes *sizes, uint64_t *random) {
    const size_t choice = run_number ? below(random, 8) : 0;
    generic_random = random;
    if (choice < 2 && size > 0)
        return mutate_gguf(data, size, MOST_BYTES, next_random(random), change_bytes);
    if (choice < 4 && run_number)
        change_a_size(sizes, random);
    else
        *sizes = random_sizes(random);
    return write_small_model(data, MOST_BYTES, sizes, random);
}

int main(int n_arguments, char **arguments) {
    if (n_arguments < 3 || n_arguments > 4) {
        fprintf(stderr, "usage: fuzz_engine SEED RUNS [SECONDS]\n");
        return 2;
    }
    seed = strtoull(arguments[1], NULL, 10);
    const unsigned long n_runs = strtoul(arguments[2], NULL, 10);
    const time_t last = n_arguments == 4 ? time(NULL) + strtol(arguments[3], NULL, 10) : 0;
    static uint8_t data[MOST_BYTES];
    unsigned long ends[N_ENDS] = {0}, too_large = 0;
    size_t size = 0;
    model_sizes sizes = {0};
    uint64_t random = seed * 0x9E3779B97F4A7C15ULL + 1;
    signal(SIGABRT, tell);
    signal(SIGALRM, tell);
    for (run_number = 0; run_number < n_runs && (!last || time(NULL) < last); run_number++) {
        size = next_file(data, size, &sizes, &random);
        too_large += size == 0;
        alarm(HANG_S);
        load_end end;
        const int n_threads = below(&random, 32) ? 1 : 2 + (int)below(&random, 2);
        ew_model *model = load_small_model(data, size, n_threads, &random, &end);
        ends[end]++;
        if (model)
            exercise(model, &random);
        ew_model_free(model);
    }
    printf("{\"executions\": %lu, \"ran\": %lu, \"refused\": %lu, \"no gguf\": %lu, \"too large\": %lu}\n", run_number,
           ends[LOADED], ends[REFUSED], ends[NO_GGUF] - too_large, too_large);
    return 0;
}
