// SPDX-License-Identifier: Apache-2.0
// The types Llama and LlamaState of edge._kernels.
#ifndef EW_LLAMA_TYPE_H
#define EW_LLAMA_TYPE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../engine/llama/model.h"

typedef struct {
    PyObject_HEAD
    ew_llama *model;
    int sealed; // a state exists: the weights stay as they are
} llama_object;

PyObject *ew_make_llama_type(void);
PyObject *ew_make_llama_state_type(PyObject *llama_type);
PyObject *ew_llama_largest_sizes(void); // a tuple in the order of Llama's `dims`, without is_tied

#endif
