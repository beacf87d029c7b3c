// SPDX-License-Identifier: Apache-2.0
// The types Model and State of edge._kernels.
#ifndef EW_MODEL_TYPE_H
#define EW_MODEL_TYPE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../engine/whisper/model.h"

typedef struct {
    PyObject_HEAD
    ew_model *model;
    int sealed; // a state exists: the weights stay as they are
} model_object;

PyObject *ew_make_model_type(void);
PyObject *ew_largest_sizes(void); // what ew_make_model_type's type takes at most, in the same order
PyObject *ew_make_state_type(PyObject *model_type);

#endif
