// SPDX-License-Identifier: Apache-2.0
// edge._kernels.Model: glue only. edge/_kernels.pyi documents the arguments.
#include "model_type.h"

#include <stdlib.h>
#include <string.h>

#include "../ops/attention/attention.h"
#include "../engine/memory.h"
#include "buffers.h"
#include "weights.h"

static PyObject *model_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Py_ssize_t d[10];
    const char *level_name;
    int n_threads, int8_attention;
    if (kwargs && PyDict_Size(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "Model takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "(nnnnnnnnnn)sip:Model", &d[0], &d[1], &d[2], &d[3], &d[4], &d[5], &d[6], &d[7],
                          &d[8], &d[9], &level_name, &n_threads, &int8_attention))
        return NULL;
    const int level = ek_level_of_name(level_name);
    if (level < 0 || !ek_level_supported((enum ek_level)level))
        return PyErr_Format(PyExc_ValueError, "CPU level %s is not supported here", level_name);
    if (n_threads < 1 || n_threads > 1024)
        return PyErr_Format(PyExc_ValueError, "threads: expected 1 to 1024, got %d", n_threads);
    for (int i = 0; i < 10; i++)
        if (d[i] < 1)
            return PyErr_Format(PyExc_ValueError, "model sizes: expected at least 1, got %zd", d[i]);
    const ew_dims dims = {.n_mels = (size_t)d[0],
                          .n_vocab = (size_t)d[1],
                          .n_audio_ctx = (size_t)d[2],
                          .n_audio_state = (size_t)d[3],
                          .n_audio_head = (size_t)d[4],
                          .n_audio_layer = (size_t)d[5],
                          .n_text_ctx = (size_t)d[6],
                          .n_text_state = (size_t)d[7],
                          .n_text_head = (size_t)d[8],
                          .n_text_layer = (size_t)d[9]};
    if (!ew_dims_sound(&dims)) {
        PyErr_SetString(PyExc_ValueError, "model sizes: outside the engine's limits (heads are 64 wide, encoder and "
                                          "decoder equally wide)");
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    model_object *self = (model_object *)allocate(type, 0);
    if (!self)
        return NULL;
    self->model = ew_model_new(&dims, ek_table_of((enum ek_level)level), n_threads, int8_attention);
    if (!self->model) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void model_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    ew_model_free(((model_object *)object)->model);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

static int writable(const model_object *self) {
    if (self->sealed)
        PyErr_SetString(PyExc_RuntimeError, "the model is in use: its weights cannot change any more");
    return !self->sealed;
}

// The arrays and linears that Python code fills in, by name; NULL with an exception where there is none, or the model is in
// use.
static ew_linear *find_linear(PyObject *object, const char *name, size_t layer) {
    const model_object *self = (const model_object *)object;
    return writable(self) ? ew_model_linear(self->model, name, layer) : NULL;
}

static float *find_floats(PyObject *object, const char *name, size_t layer, size_t *n) {
    const model_object *self = (const model_object *)object;
    return writable(self) ? ew_model_floats(self->model, name, layer, n) : NULL;
}

static PyObject *model_set_linear(PyObject *object, PyObject *args) { return ew_set_linear(object, args, find_linear); }

static PyObject *model_set_floats(PyObject *object, PyObject *args) { return ew_set_floats(object, args, find_floats); }

static PyObject *model_shape_layer(PyObject *object, PyObject *args) {
    model_object *self = (model_object *)object;
    Py_ssize_t layer, sizes[5];
    if (!PyArg_ParseTuple(args, "n(nnnnn):shape_layer", &layer, &sizes[0], &sizes[1], &sizes[2], &sizes[3], &sizes[4]) ||
        !writable(self))
        return NULL;
    ew_status status = layer < 0 ? EW_BAD_SIZE : EW_OK;
    for (int i = 0; i < 5; i++)
        status = sizes[i] < 0 ? EW_BAD_SIZE : status;
    const ew_layer_shape shape = {(size_t)sizes[0], (size_t)sizes[1], (size_t)sizes[2], (size_t)sizes[3],
                                  (size_t)sizes[4]};
    if (status == EW_OK)
        status = ew_model_shape_layer(self->model, (size_t)layer, &shape);
    if (status == EW_NO_MEMORY)
        return PyErr_NoMemory();
    if (status != EW_OK)
        return PyErr_Format(PyExc_ValueError, "encoder layer %zd: widths %zd and %zd, ranks %zd, %zd and %zd", layer,
                            sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
    Py_RETURN_NONE;
}

static PyObject *model_split_vocabulary(PyObject *object, PyObject *args) {
    model_object *self = (model_object *)object;
    Py_ssize_t first, middle;
    if (!PyArg_ParseTuple(args, "nn:split_vocabulary", &first, &middle) || !writable(self))
        return NULL;
    const ew_status status = first < 0 || middle < 0
                                 ? EW_BAD_SIZE
                                 : ew_model_split_vocabulary(self->model, (size_t)first, (size_t)middle);
    if (status == EW_NO_MEMORY)
        return PyErr_NoMemory();
    if (status != EW_OK)
        return PyErr_Format(PyExc_ValueError, "a vocabulary of %zu in bands of %zd, %zd and the rest",
                            self->model->dims.n_vocab, first, middle);
    Py_RETURN_NONE;
}

static int sound_heads(const ew_dims *dims, const int32_t *heads, size_t n) {
    int sound = 1;
    for (size_t i = 0; i < n; i++)
        sound &= heads[2 * i] >= 0 && (size_t)heads[2 * i] < dims->n_text_layer && heads[2 * i + 1] >= 0 &&
                 (size_t)heads[2 * i + 1] < dims->n_text_head;
    return sound;
}

static PyObject *model_set_alignment_heads(PyObject *object, PyObject *args) {
    const model_object *self = (const model_object *)object;
    PyObject *pairs;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "On:set_alignment_heads", &pairs, &n))
        return NULL;
    const ew_dims *dims = &self->model->dims;
    if (n < 0 || (size_t)n > dims->n_text_layer * dims->n_text_head)
        return PyErr_Format(PyExc_ValueError, "alignment heads: %zd", n);
    int32_t *heads = ew_copy_in(pairs, (size_t)n * 2 * sizeof(int32_t), EW_INT32, "alignment heads");
    if (!heads)
        return NULL;
    const int is_sound = sound_heads(dims, heads, (size_t)n);
    if (!is_sound || !writable(self)) {
        ew_free(heads);
        return is_sound ? NULL : PyErr_Format(PyExc_ValueError, "alignment heads: a pair lies outside the decoder");
    }
    ew_free(self->model->alignment_heads);
    self->model->alignment_heads = heads;
    self->model->n_alignment_heads = (size_t)n;
    Py_RETURN_NONE;
}

// Whether landmarks are positions of the window in ascending order that count for at least themselves, and local
// heads are the encoder's.
static int sound_tail(const ew_dims *dims, const int32_t *positions, const int32_t *counts, size_t n,
                      const int32_t *heads, size_t n_local) {
    int sound = 1;
    for (size_t i = 0; i < n; i++)
        sound &= positions[i] >= 0 && (size_t)positions[i] < dims->n_audio_ctx &&
                 (i == 0 || positions[i] > positions[i - 1]) && counts[i] >= 1 && (size_t)counts[i] <= dims->n_audio_ctx;
    for (size_t i = 0; i < n_local; i++)
        sound &= heads[i] >= 0 && (size_t)heads[i] < dims->n_audio_head;
    return sound;
}

// The tail of four arrays of ours, or NULL with an exception.
static ew_tail *tail_of(const ew_dims *dims, void *const arrays[4], size_t n, size_t n_local) {
    if (!sound_tail(dims, arrays[0], arrays[1], n, arrays[2], n_local)) {
        PyErr_SetString(PyExc_ValueError, "tail: landmarks outside the window or out of order, or heads outside the encoder");
        return NULL;
    }
    ew_tail *tail = ew_tail_new(n, arrays[0], arrays[1], n_local, arrays[2], arrays[3]);
    if (!tail)
        PyErr_NoMemory();
    return tail;
}

static PyObject *model_set_tail(PyObject *object, PyObject *args) {
    const model_object *self = (const model_object *)object;
    const ew_dims *dims = &self->model->dims;
    PyObject *objects[4];
    Py_ssize_t n, n_local;
    if (!PyArg_ParseTuple(args, "nOOnOO:set_tail", &n, &objects[0], &objects[1], &n_local, &objects[2], &objects[3]))
        return NULL;
    if (n < 0 || (size_t)n > dims->n_audio_ctx || n_local < 0 || (size_t)n_local > dims->n_audio_head)
        return PyErr_Format(PyExc_ValueError, "tail: %zd landmarks, %zd local heads", n, n_local);
    const size_t values = ew_times((size_t)n, (size_t)n_local * EK_HEAD);
    const size_t lengths[4] = {(size_t)n, (size_t)n, (size_t)n_local, values}; // of int32 and float32: four bytes each
    void *arrays[4] = {NULL, NULL, NULL, NULL};
    int n_got = 0;
    while (n_got < 4 && (arrays[n_got] = ew_copy_in(objects[n_got], ew_times(lengths[n_got], sizeof(float)),
                                                    n_got < 3 ? EW_INT32 : EW_FLOAT32, "tail")) != NULL)
        n_got++;
    ew_tail *tail = n_got == 4 && writable(self) ? tail_of(dims, arrays, (size_t)n, (size_t)n_local) : NULL;
    for (int i = 0; i < 4; i++)
        ew_free(arrays[i]);
    if (!tail)
        return NULL;
    ew_tail_free(self->model->tail);
    self->model->tail = tail;
    Py_RETURN_NONE;
}

static PyObject *model_missing(PyObject *object, PyObject *unused) {
    (void)unused;
    const char *name = ew_model_missing(((model_object *)object)->model);
    return name ? PyUnicode_FromString(name) : Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"shape_layer", model_shape_layer, METH_VARARGS, NULL},
    {"split_vocabulary", model_split_vocabulary, METH_VARARGS, NULL},
    {"set_linear", model_set_linear, METH_VARARGS, NULL},
    {"set_floats", model_set_floats, METH_VARARGS, NULL},
    {"set_alignment_heads", model_set_alignment_heads, METH_VARARGS, NULL},
    {"set_tail", model_set_tail, METH_VARARGS, NULL},
    {"missing", model_missing, METH_NOARGS, NULL},
    {0},
};

PyObject *ew_largest_sizes(void) {
    enum { HEADS = EW_MAX_STATE / EK_HEAD };
    return Py_BuildValue("(iiiiiiiiii)", EW_MAX_MELS, EW_MAX_VOCAB, EW_MAX_CTX, EW_MAX_STATE, HEADS, EW_MAX_LAYERS,
                         EW_MAX_CTX, EW_MAX_STATE, HEADS, EW_MAX_LAYERS);
}

PyObject *ew_make_model_type(void) {
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)model_new},
        {Py_tp_dealloc, (void *)model_dealloc},
        {Py_tp_methods, methods},
        {0, NULL},
    };
    static PyType_Spec spec = {
        .name = "edge._kernels.Model", .basicsize = sizeof(model_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    return PyType_FromSpec(&spec);
}
