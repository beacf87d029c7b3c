// SPDX-License-Identifier: Apache-2.0
// Arguments that are arrays.
//
// Getting a buffer or giving it back may run Python code, which may change, resize or free what another buffer shows
// and call into this module again; so may any thread while the GIL is given up. Hence: of a call's buffers only one is
// held at a time, from the last line that may run Python code to the next; what is checked is a copy, or is used before
// the GIL is given up; what comes out is computed into memory of our own and copied out at the end.
#ifndef EW_BUFFERS_H
#define EW_BUFFERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>

// What the elements may be. Raw bytes (bytes, bytearray, a mapped file, uint8) pass for each.
typedef enum { EW_RAW, EW_INT8, EW_INT32, EW_FLOAT32 } ew_kind;

// Gets a C-contiguous, aligned buffer of native elements of a kind. 0, or -1 with an exception naming `what`.
int ew_get_buffer(PyObject *object, Py_buffer *view, ew_kind kind, int writable, const char *what);
// Whether a buffer has exactly so many bytes; ValueError where not. SIZE_MAX, an overflow (ew_times), is never there.
int ew_has_bytes(const Py_buffer *view, size_t bytes, const char *what);
// Both. On failure nothing is held.
int ew_get_exactly(PyObject *object, Py_buffer *view, size_t bytes, ew_kind kind, int writable, const char *what);
void ew_release(Py_buffer *view); // harmless on a view that was never filled, or released before

// A copy of exactly `bytes` bytes, aligned, for ew_free(); NULL with an exception.
void *ew_copy_in(PyObject *object, size_t bytes, ew_kind kind, const char *what);
// Whether `object` can take a result, so that a mistake is told before the work. 0, or -1 with an exception.
int ew_can_take(PyObject *object, size_t bytes, ew_kind kind, const char *what);
// Copies a result out; 0, or -1 with an exception where the object has changed since.
int ew_copy_out(PyObject *object, const void *from, size_t bytes, ew_kind kind, const char *what);

#endif
