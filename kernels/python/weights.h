// SPDX-License-Identifier: Apache-2.0
// How Python code fills in the weights of a model, whatever family it is of.
#ifndef EW_WEIGHTS_H
#define EW_WEIGHTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../engine/linear.h"

// A model's linear or array by name and layer, looked up again after each call of Python code. NULL where there is none,
// or, with an exception, where the model takes no weights any more.
typedef ew_linear *ew_find_linear(PyObject *model, const char *name, size_t layer);
typedef float *ew_find_floats(PyObject *model, const char *name, size_t layer, size_t *n);

// The methods set_linear and set_floats (edge/_kernels.pyi): None, or NULL with an exception.
PyObject *ew_set_linear(PyObject *model, PyObject *args, ew_find_linear *find);
PyObject *ew_set_floats(PyObject *model, PyObject *args, ew_find_floats *find);

#endif
