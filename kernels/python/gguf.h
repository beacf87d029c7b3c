// SPDX-License-Identifier: Apache-2.0
// gguf_parse and gguf_strings of edge._kernels.
#ifndef EW_PY_GGUF_H
#define EW_PY_GGUF_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *ew_py_gguf_parse(PyObject *module, PyObject *data);
PyObject *ew_py_gguf_strings(PyObject *module, PyObject *args);

#endif
