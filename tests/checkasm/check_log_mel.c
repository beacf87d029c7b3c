// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_FRAMES = 9, N_MELS = 80 };

// Overlapping triangles, as real filters are, with an empty one.
static ek_mel_filters any_filters(size_t n_mels) {
    int32_t *first = CA_NEW(int32_t, n_mels), *end = CA_NEW(int32_t, n_mels);
    float *weights = CA_NEW(float, n_mels * EK_FOURIER_BINS);
    for (size_t j = 0; j < n_mels; j++) {
        first[j] = (int32_t)ca_below(EK_FOURIER_BINS);
        end[j] = first[j] + (int32_t)ca_below(EK_FOURIER_BINS - (size_t)first[j] + 1);
        if (j == 0)
            end[j] = first[j];
        for (size_t bin = 0; bin < EK_FOURIER_BINS; bin++)
            weights[j * EK_FOURIER_BINS + bin] = (float)ca_below(1000) * 1e-5f;
    }
    return (ek_mel_filters){.first = first, .end = end, .weights = weights, .n_mels = n_mels};
}

static void check(const ek_table *ref, const ek_table *level) {
    for (size_t n_frames = 0; n_frames <= MOST_FRAMES; n_frames++)
        for (size_t round = 0; round < 8; round++) {
            const size_t n_mels = round == 0 ? 0 : 1 + ca_below(N_MELS);
            const enum ca_values values = ca_any_values();
            ca_case("%zu frames, %zu mels, values %d", n_frames, n_mels, values);
            const size_t n_samples = n_frames ? (n_frames - 1) * EK_MEL_HOP + EK_FOURIER : 0;
            float *samples = CA_NEW(float, n_samples);
            ca_floats(samples, n_samples, values);
            const ek_mel_filters filters = any_filters(n_mels);
            float *expected = CA_NEW(float, n_frames * n_mels), *got = CA_NEW(float, n_frames * n_mels);
            ref->log_mel(expected, samples, n_frames, filters);
            level->log_mel(got, samples, n_frames, filters);
            ca_same_floats("frames", expected, got, n_frames * n_mels, n_mels);
            ca_done();
        }
}

// log10 of one mel, by the formula of the transform in double precision.
static double exact_mel(const float *samples, ek_mel_filters filters, size_t j) {
    const double turn = 2.0 * acos(-1.0) / EK_FOURIER;
    double mel = 0.0;
    for (int32_t bin = filters.first[j]; bin < filters.end[j]; bin++) {
        double re = 0.0, im = 0.0;
        for (size_t i = 0; i < EK_FOURIER; i++) {
            const double x = (double)samples[i] * (0.5 - 0.5 * cos(turn * (double)i));
            re += x * cos(turn * (double)((size_t)bin * i % EK_FOURIER));
            im -= x * sin(turn * (double)((size_t)bin * i % EK_FOURIER));
        }
        mel += (re * re + im * im) * (double)filters.weights[j * EK_FOURIER_BINS + (size_t)bin];
    }
    return fmax(-10.0, log10(fmax(mel, 1e-10)));
}

static void accuracy(const ek_table *ref) {
    for (size_t round = 0; round < 4; round++) {
        const float loudness = round == 3 ? 0.0f : powf(10.0f, -2.0f * (float)round);
        ca_case("accuracy, loudness %g", (double)loudness);
        float *samples = CA_NEW(float, EK_FOURIER), *out = CA_NEW(float, N_MELS);
        ca_floats(samples, EK_FOURIER, CA_PLAIN);
        for (size_t i = 0; i < EK_FOURIER; i++)
            samples[i] *= loudness;
        const ek_mel_filters filters = any_filters(N_MELS);
        ref->log_mel(out, samples, 1, filters);
        for (size_t j = 0; j < N_MELS; j += 7)
            ca_near("log mel", exact_mel(samples, filters, j), (double)out[j], 1e-6, j);
        ca_done();
    }
}

typedef struct {
    const ek_table *table;
    const float *samples;
    float *out;
    size_t n_frames;
    ek_mel_filters filters;
} operands;

static void run(void *context) {
    operands *o = context;
    o->table->log_mel(o->out, o->samples, o->n_frames, o->filters);
}

static void bench(const ek_table *table, size_t max_rows) {
    (void)max_rows;
    operands o = {.table = table, .n_frames = 128};
    int32_t first[N_MELS], end[N_MELS];
    for (int32_t j = 0; j < N_MELS; j++) {
        first[j] = 2 * j;
        end[j] = first[j] + 5;
    }
    float *samples = ca_bench_alloc((o.n_frames * EK_MEL_HOP + EK_FOURIER) * sizeof(float));
    float *weights = ca_bench_alloc(N_MELS * EK_FOURIER_BINS * sizeof(float));
    o.samples = samples;
    o.out = ca_bench_alloc(o.n_frames * N_MELS * sizeof(float));
    o.filters = (ek_mel_filters){.first = first, .end = end, .weights = weights, .n_mels = N_MELS};
    ca_bench("128 frames", CA_NS, (double)o.n_frames, run, &o);
    free(samples);
    free(weights);
    free(o.out);
}

const ca_kernel ca_log_mel = {"log_mel", offsetof(ek_table, log_mel), check, accuracy, bench};
