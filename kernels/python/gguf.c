// SPDX-License-Identifier: Apache-2.0
// GGUF directories as Python objects. Glue only: kernels/gguf proves the file, this builds tuples of it.
#include "gguf.h"

#include "../engine/memory.h"
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

// A copy of a checked file's header, so that building objects, which may run Python code, reads nothing that code can
// change; NULL with an exception.
static uint8_t *copy_header(PyObject *data, size_t *header_bytes, size_t *file_bytes) {
    Py_buffer view;
    if (ew_get_buffer(data, &view, EW_RAW, 0, "gguf_parse") != 0)
        return NULL;
    ew_gguf_info info;
    ew_gguf_error error;
    uint8_t *copy = NULL;
    *file_bytes = (size_t)view.len;
    if (ew_gguf_check(view.buf, *file_bytes, &info, &error) != 0) {
        raise(&error);
    } else {
        *header_bytes = info.data_start < *file_bytes ? (size_t)info.data_start : *file_bytes;
        copy = ew_alloc(*header_bytes);
        if (copy)
            memcpy(copy, view.buf, *header_bytes);
        else
            PyErr_NoMemory();
    }
    ew_release(&view);
    return copy;
}

PyObject *ew_py_gguf_parse(PyObject *module, PyObject *data) {
    (void)module;
    size_t header_bytes, file_bytes;
    uint8_t *header = copy_header(data, &header_bytes, &file_bytes);
    if (!header)
        return NULL;
    ew_gguf_info info;
    ew_gguf_error error;
    PyObject *result = NULL;
    builder b = {PyList_New(0), PyList_New(0), header};
    const ew_gguf_visitor visitor = {&b, add_entry, add_tensor};
    if (b.entries && b.tensors) {
        if (ew_gguf_walk_header(header, header_bytes, file_bytes, &visitor, &info, &error) == 0)
            result = Py_BuildValue("(IIKOO)", info.version, info.alignment, (unsigned long long)info.data_start,
                                   b.entries, b.tensors);
        else if (!PyErr_Occurred())
            raise(&error);
    }
    Py_XDECREF(b.entries);
    Py_XDECREF(b.tensors);
    ew_free(header);
    return result;
}

// Walks over `count` strings; where `bytes` is not NULL it gets them, one after the other, and `ends` where each ends, as
// int32. Their length in all; or -1 where one runs past `end`, or they are longer than `most`.
static Py_ssize_t join(const uint8_t *at, const uint8_t *end, Py_ssize_t count, size_t most, char *bytes, char *ends) {
    size_t total = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        ew_gguf_string string;
        if (ew_gguf_next_string(&at, end, &string) != 0 || string.length > most - total)
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

// (strings, ends). Nothing is allocated before all strings have been found in the file, where each takes 8 bytes; the
// second look, at a file that another process may have changed since, gives as many bytes or none.
static PyObject *joined(const uint8_t *at, const uint8_t *end, Py_ssize_t count) {
    const Py_ssize_t total = join(at, end, count, INT32_MAX, NULL, NULL);
    PyObject *bytes = NULL, *ends = NULL, *result = NULL;
    if (total >= 0) {
        bytes = PyBytes_FromStringAndSize(NULL, total);
        ends = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(int32_t));
    }
    if (total < 0 || (bytes && ends && join(at, end, count, (size_t)total, PyBytes_AsString(bytes),
                                            PyBytes_AsString(ends)) != total))
        PyErr_SetString(PyExc_ValueError, "gguf_strings: a string runs past its array");
    else if (bytes && ends)
        result = PyTuple_Pack(2, bytes, ends);
    Py_XDECREF(bytes);
    Py_XDECREF(ends);
    return result;
}

// The strings of an array whose payload gguf_parse has named. Checked again: offsets come from Python.
PyObject *ew_py_gguf_strings(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *data, *strings = NULL;
    Py_buffer view;
    Py_ssize_t offset, n_bytes, count;
    if (!PyArg_ParseTuple(args, "Onnn:gguf_strings", &data, &offset, &n_bytes, &count) ||
        ew_get_buffer(data, &view, EW_RAW, 0, "gguf_strings") != 0)
        return NULL;
    if (offset < 0 || n_bytes < 0 || count < 0 || offset > view.len || n_bytes > view.len - offset) {
        PyErr_SetString(PyExc_ValueError, "gguf_strings: outside the file");
    } else {
        const uint8_t *at = (const uint8_t *)view.buf + offset;
        strings = joined(at, at + n_bytes, count);
    }
    ew_release(&view);
    return strings;
}
