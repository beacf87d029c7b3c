// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE // sched_getcpu, sched_setaffinity
#include "placement.h"

#if defined(__linux__)
#include <sched.h>

static int is_shared(atomic_int *processors, int thread, int here) {
    for (int other = 0; other < thread; other++)
        if (atomic_load(&processors[other]) == here)
            return 1;
    return 0;
}

void ew_keep_apart(atomic_int *processors, int thread, int n_threads) {
    int here = sched_getcpu();
    cpu_set_t allowed, free_ones;
    if (thread > 0 && is_shared(processors, thread, here) && sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        free_ones = allowed;
        for (int other = 0; other < n_threads; other++) {
            const int taken = atomic_load(&processors[other]);
            if (taken >= 0 && taken < CPU_SETSIZE)
                CPU_CLR(taken, &free_ones);
        }
        if (CPU_COUNT(&free_ones) > 0 && sched_setaffinity(0, sizeof free_ones, &free_ones) == 0) {
            here = sched_getcpu();
            sched_setaffinity(0, sizeof allowed, &allowed);
        }
    }
    atomic_store(&processors[thread], here);
}

#else
void ew_keep_apart(atomic_int *processors, int thread, int n_threads) {
    (void)processors;
    (void)thread;
    (void)n_threads;
}
#endif
