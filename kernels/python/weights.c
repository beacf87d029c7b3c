// SPDX-License-Identifier: Apache-2.0
#include "weights.h"

#include <string.h>

#include "../engine/memory.h"
#include "buffers.h"

// Bytes of n rows of a linear's weights, and what they are made of.
static size_t weight_bytes(ew_type type, size_t n, size_t k) {
    const size_t row = type == EW_F32 ? k * sizeof(float) : type == EW_Q8 ? k : k / EK_GROUP * (2 + EK_GROUP / 2);
    return ew_times(n, row);
}

static ew_kind weight_kind(ew_type type) { return type == EW_F32 ? EW_FLOAT32 : type == EW_Q8 ? EW_INT8 : EW_RAW; }

// The arguments of set_linear.
typedef struct {
    const char *name;
    Py_ssize_t layer, first, n;
    int type;
} rows;

// The linear that the rows belong to, or NULL with an exception.
static ew_linear *linear_of(PyObject *model, const rows *r, ew_find_linear *find) {
    ew_linear *linear = r->layer < 0 ? NULL : find(model, r->name, (size_t)r->layer);
    if (PyErr_Occurred())
        return NULL;
    if (!linear) {
        PyErr_Format(PyExc_ValueError, "no linear %s in layer %zd", r->name, r->layer);
    } else if (r->first < 0 || r->n < 1 || r->first % EK_TILE || (size_t)r->first > linear->n ||
               (size_t)r->n > linear->n - (size_t)r->first) {
        PyErr_Format(PyExc_ValueError, "%s: %zd rows from row %zd of %zu (first rows are multiples of 16)", r->name, r->n,
                     r->first, linear->n);
    } else if (r->type < EW_F32 || r->type > EW_Q4 || (r->type == EW_Q4 && linear->k % EK_GROUP)) {
        PyErr_Format(PyExc_ValueError, "%s: type %d with %zu inputs", r->name, r->type, linear->k);
    } else {
        return linear;
    }
    return NULL;
}

// Fills in rows from a buffer that is the last one got: no Python code runs from here on. 0, or -1 with an exception.
static int fill(PyObject *model, const rows *r, ew_find_linear *find, const Py_buffer *weights, const float *scales) {
    ew_linear *linear = linear_of(model, r, find);
    if (!linear || !ew_has_bytes(weights, weight_bytes((ew_type)r->type, (size_t)r->n, linear->k), r->name))
        return -1;
    const ew_status status =
        ew_linear_fill(linear, (size_t)r->first, (size_t)r->n, (ew_type)r->type, weights->buf, scales);
    if (status == EW_NO_MEMORY)
        PyErr_NoMemory();
    else if (status != EW_OK)
        PyErr_Format(PyExc_ValueError, "%s: its parts differ in precision", r->name);
    return status == EW_OK ? 0 : -1;
}

PyObject *ew_set_linear(PyObject *model, PyObject *args, ew_find_linear *find) {
    rows r;
    PyObject *weights, *scales;
    if (!PyArg_ParseTuple(args, "snnniOO:set_linear", &r.name, &r.layer, &r.first, &r.n, &r.type, &weights, &scales) ||
        !linear_of(model, &r, find))
        return NULL;
    if (r.type == EW_Q8 && scales == Py_None)
        return PyErr_Format(PyExc_ValueError, "%s: INT8 weights need scales", r.name);
    float *own_scales = NULL;
    if (scales != Py_None && !(own_scales = ew_copy_in(scales, (size_t)r.n * sizeof(float), EW_FLOAT32, r.name)))
        return NULL;
    Py_buffer view;
    int status = ew_get_buffer(weights, &view, weight_kind((ew_type)r.type), 0, r.name);
    if (status == 0) {
        status = fill(model, &r, find, &view, own_scales);
        ew_release(&view);
    }
    ew_free(own_scales);
    return status == 0 ? Py_NewRef(Py_None) : NULL;
}

PyObject *ew_set_floats(PyObject *model, PyObject *args, ew_find_floats *find) {
    const char *name;
    Py_ssize_t layer, first, n;
    PyObject *values;
    Py_buffer view;
    if (!PyArg_ParseTuple(args, "snnnO:set_floats", &name, &layer, &first, &n, &values) ||
        ew_get_buffer(values, &view, EW_FLOAT32, 0, name) != 0)
        return NULL;
    size_t total = 0;
    float *target = layer < 0 ? NULL : find(model, name, (size_t)layer, &total);
    int is_sound = 0;
    if (target && (first < 0 || n < 1 || (size_t)first > total || (size_t)n > total - (size_t)first))
        PyErr_Format(PyExc_ValueError, "%s: %zd values from %zd of %zu", name, n, first, total);
    else if (!target && !PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "no array %s in layer %zd", name, layer);
    else if (target)
        is_sound = ew_has_bytes(&view, (size_t)n * sizeof(float), name);
    if (is_sound)
        memcpy(target + first, view.buf, (size_t)n * sizeof(float));
    ew_release(&view);
    return is_sound ? Py_NewRef(Py_None) : NULL;
}
