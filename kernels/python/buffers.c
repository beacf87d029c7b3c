// SPDX-License-Identifier: Apache-2.0
#include "buffers.h"

int ew_get_buffer(PyObject *object, Py_buffer *view, size_t bytes, int writable, const char *what) {
    view->obj = NULL;
    if (PyObject_GetBuffer(object, view, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE) != 0) {
        view->obj = NULL;
        return -1;
    }
    if ((size_t)view->len != bytes) {
        PyErr_Format(PyExc_ValueError, "%s: expected %zu bytes, got %zd", what, bytes, view->len);
        ew_release(view);
        return -1;
    }
    return 0;
}

int ew_get_optional_buffer(PyObject *object, Py_buffer *view, size_t bytes, int writable, const char *what) {
    view->obj = NULL;
    view->buf = NULL;
    return object == Py_None ? 0 : ew_get_buffer(object, view, bytes, writable, what);
}

void ew_release(Py_buffer *view) {
    if (view->obj)
        PyBuffer_Release(view);
    view->obj = NULL;
}
