// SPDX-License-Identifier: Apache-2.0
// One call at a time on an object that Python code, or another thread, may reach while a call on it runs.
#ifndef EW_CLAIM_H
#define EW_CLAIM_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../engine/pool.h"

typedef struct {
    int busy;       // a call runs
    unsigned forks; // ew_pool_forks() when it began
} ew_claim;

// Claims a state for a call, before anything of it is read: buffers of Python code may call again. 0 with an exception
// where a call runs.
static inline int ew_claim_state(ew_claim *claim) {
    if (!claim->busy) {
        claim->forks = ew_pool_forks();
        return claim->busy = 1;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    claim->forks == ew_pool_forks()
                        ? "this state is running in another thread, or in a call around this one: use one state a thread"
                        : "this state was running when the process forked: make a new one");
    return 0;
}

// Ends a call: None, or NULL where it failed.
static inline PyObject *ew_leave_state(ew_claim *claim, int status) {
    claim->busy = 0;
    return status == 0 ? Py_NewRef(Py_None) : NULL;
}

#endif
