// SPDX-License-Identifier: Apache-2.0
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "placement.h"

// About a tenth of a millisecond. Longer than the gap between two decoder steps, short enough for a machine that
// has other work: whoever waits longer sleeps, and leaves its core to the thread it waits for.
enum { SPINS_BEFORE_SLEEP = 4000 };

struct ew_pool {
    int n_threads;   // the caller is thread 0
    int n_running;   // as many as were to be had
    atomic_uint born; // ew_pool_forks() of the process whose threads these are
    pthread_t *threads;
    atomic_int *processors; // where each thread was last seen
    pthread_mutex_t run_lock, sleep_lock;
    pthread_cond_t changed;
    ew_pool_fn *fn;
    void *arg;
    atomic_uint begun, finished; // runs; workers wait for the first to move, the caller for the second
    atomic_uint phase;           // of the barrier
    atomic_int arrived;          // at the barrier
    atomic_int remaining;        // workers still in the run
    atomic_int sleepers, stop;
};

typedef struct {
    ew_pool *pool;
    int thread;
} worker_start;

static atomic_uint n_forks;
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER; // held by who starts a pool's threads anew
static pthread_once_t watching = PTHREAD_ONCE_INIT;
static int cannot_watch;

static void in_child(void) {
    atomic_fetch_add(&n_forks, 1);
    pthread_mutex_init(&starting, NULL); // who held it is not in this process
}

static void watch_forks(void) { cannot_watch = pthread_atfork(NULL, NULL, in_child); }

unsigned ew_pool_forks(void) { return atomic_load(&n_forks); }

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Waits until *word is no longer `old`.
static void wait_for_change(ew_pool *pool, atomic_uint *word, unsigned old) {
    for (int spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
        if (atomic_load(word) != old)
            return;
        relax();
    }
    pthread_mutex_lock(&pool->sleep_lock);
    atomic_fetch_add(&pool->sleepers, 1); // before the check: `change` moves the word, then looks here
    while (atomic_load(word) == old)
        pthread_cond_wait(&pool->changed, &pool->sleep_lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->sleep_lock);
}

static void change(ew_pool *pool, atomic_uint *word) {
    atomic_fetch_add(word, 1);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->sleep_lock);
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->sleep_lock);
    }
}

static void *work(void *start) {
    ew_pool *pool = ((worker_start *)start)->pool;
    const int thread = ((worker_start *)start)->thread;
    free(start);
    for (unsigned seen = 0;; seen++) {
        wait_for_change(pool, &pool->begun, seen);
        if (atomic_load(&pool->stop))
            return NULL;
        ew_keep_apart(pool->processors, thread, pool->n_running);
        pool->fn(pool->arg, thread, pool->n_running);
        if (atomic_fetch_sub(&pool->remaining, 1) == 1)
            change(pool, &pool->finished);
    }
}

static void stop_threads(ew_pool *pool, int n_started) {
    atomic_store(&pool->stop, 1);
    change(pool, &pool->begun);
    for (int i = 1; i < n_started; i++)
        pthread_join(pool->threads[i], NULL);
}

// 0; or -1 with no thread but the caller's in the pool.
static int start_threads(ew_pool *pool) {
    for (int i = 0; i < pool->n_threads; i++)
        atomic_store(&pool->processors[i], -1);
    pthread_mutex_init(&pool->run_lock, NULL);
    pthread_mutex_init(&pool->sleep_lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    atomic_store(&pool->begun, 0);
    atomic_store(&pool->finished, 0);
    atomic_store(&pool->sleepers, 0);
    atomic_store(&pool->stop, 0);
    atomic_store(&pool->arrived, 0);
    pool->n_running = pool->n_threads;
    int n_started = 1;
    for (; n_started < pool->n_threads; n_started++) {
        worker_start *start = malloc(sizeof *start);
        if (start)
            *start = (worker_start){pool, n_started};
        if (!start || pthread_create(&pool->threads[n_started], NULL, work, start) != 0) {
            free(start);
            break;
        }
    }
    const int failed = n_started < pool->n_threads;
    if (failed) {
        stop_threads(pool, n_started);
        pool->n_running = 1;
    }
    atomic_store(&pool->born, ew_pool_forks()); // last: from here on others may run
    return failed ? -1 : 0;
}

ew_pool *ew_pool_new(int n_threads) {
    pthread_once(&watching, watch_forks);
    ew_pool *pool = cannot_watch ? NULL : calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->n_threads = n_threads;
    pool->threads = calloc((size_t)n_threads, sizeof *pool->threads);
    pool->processors = calloc((size_t)n_threads, sizeof *pool->processors);
    if (!pool->threads || !pool->processors || start_threads(pool) != 0) {
        free(pool->threads);
        free(pool->processors);
        free(pool);
        return NULL;
    }
    return pool;
}

void ew_pool_free(ew_pool *pool) {
    if (!pool)
        return;
    if (atomic_load(&pool->born) == ew_pool_forks()) // a forked child has no threads to stop
        stop_threads(pool, pool->n_running);
    free(pool->threads);
    free(pool->processors);
    free(pool);
}

int ew_pool_threads(const ew_pool *pool) { return pool->n_threads; }

// In a forked child, whose callers may come several at once.
static void start_anew(ew_pool *pool) {
    pthread_mutex_lock(&starting);
    if (atomic_load(&pool->born) != ew_pool_forks())
        start_threads(pool); // a child that may not have threads still gets its answer
    pthread_mutex_unlock(&starting);
}

void ew_pool_run(ew_pool *pool, ew_pool_fn *fn, void *arg) {
    if (atomic_load(&pool->born) != ew_pool_forks())
        start_anew(pool);
    pthread_mutex_lock(&pool->run_lock);
    pool->fn = fn;
    pool->arg = arg;
    const unsigned finished = atomic_load(&pool->finished);
    ew_keep_apart(pool->processors, 0, pool->n_running);
    atomic_store(&pool->remaining, pool->n_running - 1);
    if (pool->n_running > 1)
        change(pool, &pool->begun);
    fn(arg, 0, pool->n_running);
    if (pool->n_running > 1)
        wait_for_change(pool, &pool->finished, finished);
    pthread_mutex_unlock(&pool->run_lock);
}

void ew_pool_barrier(ew_pool *pool) {
    if (pool->n_running == 1)
        return;
    const unsigned phase = atomic_load(&pool->phase);
    if (atomic_fetch_add(&pool->arrived, 1) + 1 == pool->n_running) {
        atomic_store(&pool->arrived, 0);
        change(pool, &pool->phase);
    } else {
        wait_for_change(pool, &pool->phase, phase);
    }
}
