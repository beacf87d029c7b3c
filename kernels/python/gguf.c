// SPDX-License-Identifier: Apache-2.0
// GGUF directories as Python objects. Glue only: kernels/gguf proves the file, this builds tuples of it.
#include "gguf.h"

#include "../gguf/gguf.h"
#include "buffers.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    PyObject *entries, *tensors;
    const uint8_t *start;
} builder;

// Appends and takes over `item`; -1 where it is NULL or does not fit.
static int append(PyObject *list, PyObject *item) {
    const int failed = !item || PyList_Append(list, item) != 0;
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

// (key, type, element type, count, offset, bytes): the value stays in the file until somebody asks for it.
static int add_entry(void *context, const ew_gguf_entry *entry) {
    const builder *b = context;
    return append(b->entries, Py_BuildValue("(y#IIKnn)", entry->key.bytes, (Py_ssize_t)entry->key.length, entry->type,
                                            entry->element_type, (unsigned long long)entry->count,
                                            (Py_ssize_t)(entry->payload - b->start), (Py_ssize_t)entry->payload_bytes));
}

// (name, type, (ne0, ne1, …), offset, bytes)
static int add_tensor(void *context, const ew_gguf_tensor *tensor) {
    const builder *b = context;
    PyObject *shape = PyTuple_New((Py_ssize_t)tensor->n_dims);
    for (uint32_t i = 0; shape && i < tensor->n_dims; i++) {
        PyObject *ne = PyLong_FromUnsignedLongLong(tensor->ne[i]);
        if (!ne || PyTuple_SetItem(shape, (Py_ssize_t)i, ne) != 0)
            Py_CLEAR(shape);
    }
    if (!shape)
        return -1;
    return append(b->tensors, Py_BuildValue("(y#INKK)", tensor->name.bytes, (Py_ssize_t)tensor->name.length, tensor->type,
                                            shape, (unsigned long long)tensor->data_start,
                                            (unsigned long long)tensor->data_bytes));
}

enum { MOST_SHOWN = 80 };

// ValueError: where, in which key or tensor, what was expected and what stands there.
static void raise(const ew_gguf_error *error) {
    char subject[MOST_SHOWN + 5] = "", found[32] = "";
    size_t n = 0;
    for (; n < error->subject.length && n < MOST_SHOWN; n++) { // bytes from the file: nothing a terminal obeys
        const char byte = error->subject.bytes[n];
        subject[n + 1] = byte >= ' ' && byte < 127 ? byte : '?';
    }
    if (n > 0) {
        subject[0] = '\'';
        memcpy(subject + n + 1, "': ", 4);
    }
    if (error->has_found)
        snprintf(found, sizeof found, ", found %llu", (unsigned long long)error->found);
    PyErr_Format(PyExc_ValueError, "at byte %zu: %sexpected %s%s", error->offset, subject, error->problem, found);
}

PyObject *ew_py_gguf_parse(PyObject *module, PyObject *data) {
    (void)module;
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0)
        return NULL;
    ew_gguf_info info;
    ew_gguf_error error;
    PyObject *result = NULL;
    builder b = {PyList_New(0), PyList_New(0), view.buf};
    if (ew_gguf_check(view.buf, (size_t)view.len, &info, &error) != 0) {
        raise(&error);
    } else if (b.entries && b.tensors) {
        const ew_gguf_visitor visitor = {&b, add_entry, add_tensor};
        if (ew_gguf_walk(view.buf, (size_t)view.len, &visitor) == 0)
            result = Py_BuildValue("(IIKOO)", info.version, info.alignment, (unsigned long long)info.data_start,
                                   b.entries, b.tensors);
    }
    Py_XDECREF(b.entries);
    Py_XDECREF(b.tensors);
    PyBuffer_Release(&view);
    return result;
}

// Walks over `count` strings; where `bytes` is not NULL it gets them, one after the other, and `ends` where each ends, as
// int32. Their length in all, or -1 where one runs past `end` or int32 does not hold it.
static Py_ssize_t join(const uint8_t *at, const uint8_t *end, Py_ssize_t count, char *bytes, char *ends) {
    size_t total = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        ew_gguf_string string;
        if (ew_gguf_next_string(&at, end, &string) != 0 || string.length > INT32_MAX - total)
            return -1;
        if (bytes)
            memcpy(bytes + total, string.bytes, string.length);
        total += string.length;
        const int32_t so_far = (int32_t)total;
        if (bytes)
            memcpy(ends + (size_t)i * sizeof so_far, &so_far, sizeof so_far);
    }
    return (Py_ssize_t)total;
}

// (strings, ends). Nothing is allocated before all strings have been found in the file, where each takes 8 bytes.
static PyObject *joined(const uint8_t *at, const uint8_t *end, Py_ssize_t count) {
    const Py_ssize_t total = join(at, end, count, NULL, NULL);
    if (total < 0) {
        PyErr_SetString(PyExc_ValueError, "gguf_strings: a string runs past its array");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, total);
    PyObject *ends = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(int32_t));
    PyObject *result = NULL;
    if (bytes && ends) {
        join(at, end, count, PyBytes_AsString(bytes), PyBytes_AsString(ends));
        result = PyTuple_Pack(2, bytes, ends);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(ends);
    return result;
}

// The strings of an array whose payload gguf_parse has named. Checked again: offsets come from Python.
PyObject *ew_py_gguf_strings(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer view;
    Py_ssize_t offset, n_bytes, count;
    if (!PyArg_ParseTuple(args, "y*nnn:gguf_strings", &view, &offset, &n_bytes, &count))
        return NULL;
    PyObject *strings = NULL;
    if (offset < 0 || n_bytes < 0 || count < 0 || offset > view.len || n_bytes > view.len - offset) {
        PyErr_SetString(PyExc_ValueError, "gguf_strings: outside the file");
    } else {
        const uint8_t *at = (const uint8_t *)view.buf + offset;
        strings = joined(at, at + n_bytes, count);
    }
    PyBuffer_Release(&view);
    return strings;
}
