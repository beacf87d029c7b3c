// SPDX-License-Identifier: Apache-2.0
// Arguments that are arrays: contiguous buffers whose size is checked before anything reads them.
#ifndef EW_BUFFERS_H
#define EW_BUFFERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>

// Gets a contiguous buffer of exactly `bytes` bytes. 0, or -1 with ValueError naming `what`.
int ew_get_buffer(PyObject *object, Py_buffer *view, size_t bytes, int writable, const char *what);
// The same, for an argument that may be None: view->obj is NULL then.
int ew_get_optional_buffer(PyObject *object, Py_buffer *view, size_t bytes, int writable, const char *what);
void ew_release(Py_buffer *view); // harmless on a view that was never filled

#endif
