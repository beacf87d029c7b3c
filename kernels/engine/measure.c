// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <time.h>

#include "../ops/attention/attention.h"
#include "../ops/pack/pack.h"
#include "blocks.h"
#include "memory.h"
#include "status.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    ew_pool *pool;
    const ek_table *table;
    ew_peak what;
    size_t rounds;
    const char *buffer;
    size_t bytes;
    double done[1024]; // by each thread
} peak_job;

static void peak_thread(void *arg, int thread, int n_threads) {
    peak_job *job = arg;
    if (job->what == EW_PEAK_Q8)
        job->done[thread] = job->table->peak_q8(job->rounds);
    else if (job->what == EW_PEAK_F32)
        job->done[thread] = job->table->peak_f32(job->rounds);
    else {
        const size_t words = job->bytes / sizeof(uint64_t) / (size_t)n_threads / 8 * 8;
        const uint64_t *p = (const uint64_t *)(const void *)job->buffer + words * (size_t)thread;
        uint64_t sums[8] = {0};
        for (size_t round = 0; round < job->rounds; round++)
            for (size_t i = 0; i < words; i += 8)
                for (size_t j = 0; j < 8; j++)
                    sums[j] += p[i + j];
        volatile uint64_t sink = sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
        (void)sink;
        job->done[thread] = (double)words * sizeof(uint64_t) * (double)job->rounds;
    }
}

double ew_measure_peak(ew_pool *pool, const ek_table *table, ew_peak what, double seconds, const char *buffer,
                       size_t bytes) {
    static const size_t first_rounds[] = {1 << 16, 1 << 16, 1};
    peak_job job = {.pool = pool, .table = table, .what = what, .buffer = buffer, .bytes = bytes};
    double best = 0.0;
    const double deadline = now() + seconds;
    for (job.rounds = first_rounds[what]; now() < deadline;) {
        const double start = now();
        ew_pool_run(pool, peak_thread, &job);
        const double elapsed = now() - start;
        double done = 0.0;
        for (int i = 0; i < ew_pool_threads(pool); i++)
            done += job.done[i];
        best = done / elapsed > best ? done / elapsed : best;
        if (elapsed < seconds / 20)
            job.rounds *= 2;
    }
    return best;
}

// One product and its operands, in the shapes of the engine.
typedef struct {
    const ek_table *table;
    ew_product what;
    size_t m, n, k;
    float *x, *out, *w_f32, *scale;
    ek_q8_rows codes;
    int8_t *w;
    void *scratch[64];
} product;

static void run_rows(product *p, size_t first, size_t m, size_t first_column, size_t n, int thread) {
    const size_t k = p->k;
    float *out = p->out + first * p->n + first_column;
    const ek_q8_rows codes = ek_q8_rows_from(p->codes, first, k);
    const ek_q8_weights q8 = {.tiles = p->w, .scale = p->scale};
    const ek_q4_weights q4 = {.tiles = (const uint8_t *)p->w, .scale = p->scale};
    const ek_attention_call call = {.out = p->out + first * EK_HEAD,
                                    .ldo = EK_HEAD,
                                    .width = EK_HEAD,
                                    .n_queries = m,
                                    .n_keys = p->n,
                                    .digits = p->m >= EW_ROWS ? 1 : 2, // the encoder's, the decoder's
                                    .scratch = p->scratch[thread]};
    switch (p->what) {
    case EW_GEMM_Q8:
        p->table->gemm_q8(out, p->n, codes, ek_q8_columns_from(q8, first_column, k), NULL, m, n, k, EK_STORE);
        break;
    case EW_GEMM_Q4:
        p->table->gemm_q4(out, p->n, codes, ek_q4_columns_from(q4, first_column, k), NULL, m, n, k, 1, EK_STORE);
        break;
    case EW_GEMM_F32:
        p->table->gemm_f32(out, p->n, p->x + first * k, k, p->w_f32 + first_column * k, k * EK_TILE, EK_TILE, NULL, m,
                           n, k, EK_STORE);
        break;
    case EW_ATTENTION_Q8:
        ek_attention_q8(p->table, call, (ek_attention_q8_operands){.q = codes, .k = q8, .v = q8});
        break;
    case EW_ATTENTION_F32:
        ek_attention_f32(p->table, call, (ek_attention_f32_operands){p->x + first * k, k, p->w_f32, p->w_f32});
        break;
    }
}

static void product_thread(void *arg, int thread, int n_threads) {
    product *p = arg;
    const size_t t = (size_t)thread, threads = (size_t)n_threads;
    if (p->m >= EW_ROWS) { // the encoder's way: blocks of rows
        const size_t n_blocks = ew_n_blocks(p->m, threads);
        for (size_t b = t; b < n_blocks; b += threads) {
            const ew_block block = ew_block_of(p->m, n_blocks, b);
            run_rows(p, block.first, block.n, 0, p->n, thread);
        }
    } else if (p->what == EW_ATTENTION_Q8 || p->what == EW_ATTENTION_F32) {
        if (thread == 0)
            run_rows(p, 0, p->m, 0, p->n, thread);
    } else { // the decoder's way: tiles of columns
        const size_t tiles = ek_div_up(p->n, EK_TILE), first = tiles * t / threads * EK_TILE;
        const size_t last = ek_min(tiles * (t + 1) / threads * EK_TILE, p->n);
        run_rows(p, 0, p->m, first, last - first, thread);
    }
}

static void *floats(size_t rows, size_t columns) { return ew_alloc(ew_times(ew_times(rows, columns), sizeof(float))); }

static ew_status make_operands(product *p, int n_threads) {
    const size_t columns = ek_round_up(p->n, EK_ALIGN), k = ek_round_up(p->k, EK_ALIGN);
    p->x = floats(p->m, k);
    p->out = floats(p->m, p->n + EK_HEAD);
    p->codes = (ek_q8_rows){.codes = ew_alloc(ew_times(p->m, ek_q8_stride(p->k))),
                            .stride = ek_q8_stride(p->k),
                            .scale = floats(p->m, 1),
                            .sum = floats(p->m, 1), // int32: four bytes too
                            .group_sum = floats(p->m, ek_div_up(p->k, EK_GROUP))};
    const int is_float = p->what == EW_GEMM_F32 || p->what == EW_ATTENTION_F32;
    p->w_f32 = is_float ? floats(columns, k) : NULL;
    p->w = is_float ? NULL : ew_alloc(ew_times(columns, k));
    p->scale = floats(columns, ek_div_up(k, EK_GROUP));
    if (!p->x || !p->out || !p->codes.codes || !p->codes.scale || !p->codes.sum || !p->codes.group_sum || !p->scale ||
        !(is_float ? (void *)p->w_f32 : (void *)p->w))
        return EW_NO_MEMORY;
    for (int i = 0; i < n_threads; i++)
        if (!(p->scratch[i] = ew_alloc(ek_attention_scratch(p->n))))
            return EW_NO_MEMORY;
    for (size_t i = 0; i < p->m * p->k; i++)
        p->x[i] = (float)(i % 251) - 125.0f;
    for (size_t i = 0; !is_float && i < columns * k; i++)
        p->w[i] = (int8_t)(i % 251 - 125);
    for (size_t i = 0; i < columns; i++)
        p->scale[i] = 1e-3f;
    p->table->quantize(p->codes, p->x, p->k, p->m, p->k, 1);
    return EW_OK;
}

static void free_operands(product *p) {
    void *buffers[] = {p->x,         p->out, p->codes.codes, p->codes.scale, p->codes.sum, p->codes.group_sum,
                       p->w_f32, p->w,   p->scale};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ew_free(buffers[i]);
    for (size_t i = 0; i < 64; i++)
        ew_free(p->scratch[i]);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double ew_measure_product(ew_pool *pool, const ek_table *table, ew_product what, size_t m, size_t n, size_t k,
                          double seconds) {
    product p = {.table = table, .what = what, .m = m, .n = n, .k = k};
    double times[512], median = -1.0;
    int count = 0;
    if (make_operands(&p, ew_pool_threads(pool)) == EW_OK) {
        ew_pool_run(pool, product_thread, &p); // warm-up
        const double deadline = now() + seconds;
        do {
            const double start = now();
            ew_pool_run(pool, product_thread, &p);
            times[count++] = now() - start;
        } while (count < 512 && now() < deadline);
        qsort(times, (size_t)count, sizeof *times, ascending);
        median = times[count / 2];
    }
    free_operands(&p);
    return median;
}
