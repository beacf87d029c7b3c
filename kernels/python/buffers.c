// SPDX-License-Identifier: Apache-2.0
#include "buffers.h"

#include <string.h>

#include "../engine/memory.h"

static const struct {
    const char *name, *formats; // of struct: 'l' has 4 bytes on Windows
    Py_ssize_t bytes;
} kinds[] = {
    [EW_RAW] = {"raw bytes", "Bc", 1},
    [EW_INT8] = {"int8", "b", 1},
    [EW_INT32] = {"int32", "il", 4},
    [EW_FLOAT32] = {"float32", "f", 4},
};

// The format without what says that its byte order is this machine's.
static const char *native(const char *format) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return *format == '@' || *format == '=' || *format == (first ? '<' : '>') ? format + 1 : format;
}

static int is_of_kind(const Py_buffer *view, ew_kind kind) {
    const char *format = native(view->format ? view->format : "B");
    if (!format[0] || format[1])
        return 0;
    const int is_raw = view->itemsize == 1 && strchr(kinds[EW_RAW].formats, *format);
    return is_raw || (view->itemsize == kinds[kind].bytes && strchr(kinds[kind].formats, *format));
}

int ew_get_buffer(PyObject *object, Py_buffer *view, ew_kind kind, int writable, const char *what) {
    view->obj = NULL;
    if (PyObject_GetBuffer(object, view, PyBUF_ND | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) != 0) {
        view->obj = NULL;
        return -1;
    }
    if (!is_of_kind(view, kind))
        PyErr_Format(PyExc_ValueError, "%s: expected %s in native byte order, or raw bytes; got format '%.20s'", what,
                     kinds[kind].name, view->format ? view->format : "B");
    else if ((uintptr_t)view->buf % (uintptr_t)kinds[kind].bytes)
        PyErr_Format(PyExc_ValueError, "%s: expected %s on a multiple of %zd bytes; the buffer is misaligned", what,
                     kinds[kind].name, kinds[kind].bytes);
    else
        return 0;
    ew_release(view);
    return -1;
}

int ew_has_bytes(const Py_buffer *view, size_t bytes, const char *what) {
    const int has = (size_t)view->len == bytes;
    if (!has)
        PyErr_Format(PyExc_ValueError, "%s: expected %zu bytes, got %zd", what, bytes, view->len);
    return has;
}

int ew_get_exactly(PyObject *object, Py_buffer *view, size_t bytes, ew_kind kind, int writable, const char *what) {
    if (ew_get_buffer(object, view, kind, writable, what) != 0)
        return -1;
    if (ew_has_bytes(view, bytes, what))
        return 0;
    ew_release(view);
    return -1;
}

void ew_release(Py_buffer *view) {
    if (view->obj)
        PyBuffer_Release(view);
    view->obj = NULL;
}

void *ew_copy_in(PyObject *object, size_t bytes, ew_kind kind, const char *what) {
    Py_buffer view;
    if (ew_get_exactly(object, &view, bytes, kind, 0, what) != 0)
        return NULL;
    void *copy = ew_alloc(bytes);
    if (!copy)
        PyErr_NoMemory();
    else if (bytes)
        memcpy(copy, view.buf, bytes);
    ew_release(&view);
    return copy;
}

int ew_can_take(PyObject *object, size_t bytes, ew_kind kind, const char *what) {
    Py_buffer view;
    const int status = ew_get_exactly(object, &view, bytes, kind, 1, what);
    if (status == 0)
        ew_release(&view);
    return status;
}

int ew_copy_out(PyObject *object, const void *from, size_t bytes, ew_kind kind, const char *what) {
    Py_buffer view;
    if (ew_get_exactly(object, &view, bytes, kind, 1, what) != 0)
        return -1;
    if (bytes)
        memcpy(view.buf, from, bytes);
    ew_release(&view);
    return 0;
}
