// SPDX-License-Identifier: Apache-2.0
// A pool of threads that all run the same function (single program, many threads) and meet at barriers.
//
// Workers spin for about a tenth of a millisecond after a run, so that the next decoder step finds them awake,
// then sleep: an idle pool costs nothing. One run at a time; a second caller waits. After fork() the child's
// pool starts its threads anew on first use, whoever comes first; where it may not, the caller runs alone.
#ifndef EW_POOL_H
#define EW_POOL_H

typedef struct ew_pool ew_pool;
typedef void ew_pool_fn(void *arg, int thread, int n_threads);

// A pool of n_threads threads, the caller of each run among them; NULL where memory or threads are not to be had.
ew_pool *ew_pool_new(int n_threads);
void ew_pool_free(ew_pool *pool);
// How many threads a run has at most.
int ew_pool_threads(const ew_pool *pool);

// How often this process and its ancestors have forked since the first pool: another number is another process.
unsigned ew_pool_forks(void);

// Calls fn(arg, thread, n_threads) on every thread, and returns when all calls have.
void ew_pool_run(ew_pool *pool, ew_pool_fn *fn, void *arg);
// Waits until every thread of the run has come here. The running function calls it on all of them.
void ew_pool_barrier(ew_pool *pool);

#endif
