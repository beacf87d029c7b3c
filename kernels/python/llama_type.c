// SPDX-License-Identifier: Apache-2.0
// edge._kernels.Llama: glue only. edge/_kernels.pyi documents the arguments.
#include "llama_type.h"

#include "../engine/memory.h"
#include "../ops/attention/attention.h"
#include "weights.h"

static PyObject *llama_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Py_ssize_t d[7];
    const char *level_name;
    int n_threads, is_tied;
    float epsilon;
    if (kwargs && PyDict_Size(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "Llama takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "(nnnnnnnp)fsi:Llama", &d[0], &d[1], &d[2], &d[3], &d[4], &d[5], &d[6], &is_tied, &epsilon,
                          &level_name, &n_threads))
        return NULL;
    const int level = ek_level_of_name(level_name);
    if (level < 0 || !ek_level_supported((enum ek_level)level))
        return PyErr_Format(PyExc_ValueError, "CPU level %s is not supported here", level_name);
    if (n_threads < 1 || n_threads > 1024)
        return PyErr_Format(PyExc_ValueError, "threads: expected 1 to 1024, got %d", n_threads);
    for (int i = 0; i < 7; i++)
        if (d[i] < 1)
            return PyErr_Format(PyExc_ValueError, "model sizes: expected at least 1, got %zd", d[i]);
    const ew_llama_dims dims = {.n_vocab = (size_t)d[0],
                                .n_ctx = (size_t)d[1],
                                .n_state = (size_t)d[2],
                                .n_layer = (size_t)d[3],
                                .n_head = (size_t)d[4],
                                .n_kv_head = (size_t)d[5],
                                .n_ffn = (size_t)d[6],
                                .is_tied = is_tied};
    if (!ew_llama_sound(&dims)) {
        PyErr_SetString(PyExc_ValueError, "model sizes: outside the engine's limits (heads are 64 wide and shared evenly, "
                                          "widths multiples of 32)");
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    llama_object *self = (llama_object *)allocate(type, 0);
    if (!self)
        return NULL;
    self->model = ew_llama_new(&dims, epsilon, ek_table_of((enum ek_level)level), n_threads);
    if (!self->model) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void llama_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    ew_llama_free(((llama_object *)object)->model);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

static int writable(const llama_object *self) {
    if (self->sealed)
        PyErr_SetString(PyExc_RuntimeError, "the model is in use: its weights cannot change any more");
    return !self->sealed;
}

static ew_linear *find_linear(PyObject *object, const char *name, size_t layer) {
    const llama_object *self = (const llama_object *)object;
    return writable(self) ? ew_llama_linear(self->model, name, layer) : NULL;
}

static float *find_floats(PyObject *object, const char *name, size_t layer, size_t *n) {
    const llama_object *self = (const llama_object *)object;
    return writable(self) ? ew_llama_floats(self->model, name, layer, n) : NULL;
}

static PyObject *llama_set_linear(PyObject *object, PyObject *args) { return ew_set_linear(object, args, find_linear); }

static PyObject *llama_set_floats(PyObject *object, PyObject *args) { return ew_set_floats(object, args, find_floats); }

static PyObject *llama_missing(PyObject *object, PyObject *unused) {
    (void)unused;
    const char *name = ew_llama_missing(((llama_object *)object)->model);
    return name ? PyUnicode_FromString(name) : Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"set_linear", llama_set_linear, METH_VARARGS, NULL},
    {"set_floats", llama_set_floats, METH_VARARGS, NULL},
    {"missing", llama_missing, METH_NOARGS, NULL},
    {0},
};

PyObject *ew_llama_largest_sizes(void) {
    enum { HEADS = EW_LLAMA_MAX_STATE / EK_HEAD };
    return Py_BuildValue("(iiiiiii)", EW_LLAMA_MAX_VOCAB, EW_LLAMA_MAX_CTX, EW_LLAMA_MAX_STATE, EW_LLAMA_MAX_LAYERS, HEADS,
                         HEADS, EW_LLAMA_MAX_FFN);
}

PyObject *ew_make_llama_type(void) {
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)llama_new},
        {Py_tp_dealloc, (void *)llama_dealloc},
        {Py_tp_methods, methods},
        {0, NULL},
    };
    static PyType_Spec spec = {
        .name = "edge._kernels.Llama", .basicsize = sizeof(llama_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    return PyType_FromSpec(&spec);
}
