// SPDX-License-Identifier: Apache-2.0
// Keeps the threads of a pool on different processors.
//
// A scheduler may leave a worker on the processor of the caller that woke it while another one idles (seen on
// virtual machines of two processors: two threads took as long as one). A worker that finds itself there moves
// once, and is then free again: nothing stays pinned. Linux only; elsewhere the scheduler is trusted.
#ifndef EW_PLACEMENT_H
#define EW_PLACEMENT_H

#include <stdatomic.h>

// Notes where `thread` runs. If one of lower number was noted there and a processor is free, moves away first.
void ew_keep_apart(atomic_int *processors, int thread, int n_threads);

#endif
