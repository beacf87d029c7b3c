// SPDX-License-Identifier: Apache-2.0
// edge._kernels.LlamaState: glue only. edge/_kernels.pyi documents the arguments.
#include "../engine/llama/state.h"
#include "../engine/memory.h"
#include "buffers.h"
#include "claim.h"
#include "llama_type.h"

typedef struct {
    PyObject_HEAD
    ew_llama_state *state;
    PyObject *model; // keeps the weights alive
    ew_claim claim;
} llama_state_object;

static PyObject *llama_type; // for the type check in llama_state_new; owned

// The state as a buffer: the logits of the last token read. Not while a call is on its way, which writes them without the
// GIL.
static int llama_state_getbuffer(PyObject *object, Py_buffer *view, int flags) {
    const llama_state_object *self = (const llama_state_object *)object;
    if (self->claim.busy) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, "this state is running: its logits are there when the call has ended");
        return -1;
    }
    const size_t bytes = self->state->model->dims.n_vocab * sizeof(float);
    return PyBuffer_FillInfo(view, object, self->state->logits.at, (Py_ssize_t)bytes, 0, flags);
}

static PyObject *llama_state_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *owner;
    Py_ssize_t capacity;
    int is_q8;
    if (kwargs && PyDict_Size(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "LlamaState takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "O!np:LlamaState", llama_type, &owner, &capacity, &is_q8))
        return NULL;
    llama_object *model = (llama_object *)owner;
    const size_t most = model->model->dims.n_ctx;
    if (capacity < 1 || (size_t)capacity > most)
        return PyErr_Format(PyExc_ValueError, "positions: expected 1 to %zu, got %zd", most, capacity);
    const char *missing = ew_llama_missing(model->model);
    if (missing)
        return PyErr_Format(PyExc_RuntimeError, "the model is not complete: %s has no weights", missing);
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    llama_state_object *self = (llama_state_object *)allocate(type, 0);
    if (!self)
        return NULL;
    self->model = Py_NewRef(owner);
    self->state = ew_llama_state_new(model->model, (size_t)capacity, is_q8);
    if (!self->state) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    model->sealed = 1;
    return (PyObject *)self;
}

static void llama_state_dealloc(PyObject *object) {
    llama_state_object *self = (llama_state_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    ew_llama_state_free(self->state);
    Py_XDECREF(self->model);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

// Nonzero where every id is a row of the embedding; ValueError where not.
static int sound_ids(const ew_llama_state *state, const int32_t *ids, size_t n, const char *what) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= state->model->dims.n_vocab) {
            PyErr_Format(PyExc_ValueError, "%s: %d is not below %zu", what, (int)ids[i], state->model->dims.n_vocab);
            return 0;
        }
    return 1;
}

static int sound_positions(const ew_llama_state *state, const int32_t *positions, size_t n) {
    size_t most = state->n_past;
    for (size_t i = 0; i < n; i++) {
        if (positions[i] < 0 || (size_t)positions[i] > most || (size_t)positions[i] >= state->capacity) {
            PyErr_Format(PyExc_ValueError, "positions: expected 0 to %zu, below %zu, got %d", most, state->capacity,
                         (int)positions[i]);
            return 0;
        }
        most = (size_t)positions[i] + 1;
    }
    return 1;
}

static int sound_rows(const int32_t *rows, size_t n_targets, size_t n) {
    for (size_t i = 0; i < n_targets; i++)
        if (rows[i] < (i ? rows[i - 1] : 0) || (size_t)rows[i] >= n) {
            PyErr_Format(PyExc_ValueError, "rows: expected ascending numbers below %zu, got %d", n, (int)rows[i]);
            return 0;
        }
    return 1;
}

enum { MOST_IN_A_CALL = 1 << 24 };

// Copies of tokens and positions, checked; 0, or -1 with an exception. What was made is freed by free_call.
static int take_tokens(const ew_llama_state *state, PyObject *tokens, PyObject *positions, ew_llama_call *call) {
    const size_t bytes = call->n * sizeof(int32_t);
    if (!(call->tokens = ew_copy_in(tokens, bytes, EW_INT32, "tokens")) ||
        !(call->positions = ew_copy_in(positions, bytes, EW_INT32, "positions")))
        return -1;
    return sound_ids(state, call->tokens, call->n, "tokens") && sound_positions(state, call->positions, call->n) ? 0 : -1;
}

static int take_targets(const ew_llama_state *state, PyObject *rows, PyObject *targets, ew_llama_call *call) {
    const size_t bytes = call->n_targets * sizeof(int32_t);
    if (!(call->rows = ew_copy_in(rows, bytes, EW_INT32, "rows")) ||
        !(call->targets = ew_copy_in(targets, bytes, EW_INT32, "targets")))
        return -1;
    return sound_rows(call->rows, call->n_targets, call->n) &&
                   sound_ids(state, call->targets, call->n_targets, "targets")
               ? 0
               : -1;
}

static void free_call(ew_llama_call *call) {
    const void *const owned[] = {call->tokens, call->positions, call->rows, call->targets, call->all_logits,
                                 call->log_probs};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        ew_free((void *)(uintptr_t)owned[i]);
}

// Runs the call and copies what it gives, of that many bytes, to `out`.
static int run(ew_llama_state *state, ew_llama_call *call, const float *result, size_t bytes, PyObject *out,
               const char *what) {
    Py_BEGIN_ALLOW_THREADS;
    ew_llama_run(state, call);
    Py_END_ALLOW_THREADS;
    return result ? ew_copy_out(out, result, bytes, EW_FLOAT32, what) : 0;
}

static int count_is_sound(Py_ssize_t n, const char *what) {
    if (n >= 1 && n <= MOST_IN_A_CALL)
        return 1;
    PyErr_Format(PyExc_ValueError, "%s: expected 1 to %d, got %zd", what, MOST_IN_A_CALL, n);
    return 0;
}

static PyObject *llama_state_read(PyObject *object, PyObject *args) {
    llama_state_object *self = (llama_state_object *)object;
    PyObject *tokens, *positions, *logits;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "OOnO:read", &tokens, &positions, &n, &logits) || !count_is_sound(n, "tokens") ||
        !ew_claim_state(&self->claim))
        return NULL;
    ew_llama_call call = {.n = (size_t)n};
    const size_t bytes = ew_times(call.n, self->state->model->dims.n_vocab * sizeof(float));
    int status = take_tokens(self->state, tokens, positions, &call);
    if (status == 0 && logits != Py_None) {
        status = ew_can_take(logits, bytes, EW_FLOAT32, "logits");
        if (status == 0 && !(call.all_logits = ew_alloc(bytes))) {
            PyErr_NoMemory();
            status = -1;
        }
    }
    if (status == 0)
        status = run(self->state, &call, call.all_logits, bytes, logits, "logits");
    free_call(&call);
    return ew_leave_state(&self->claim, status);
}

static PyObject *llama_state_score(PyObject *object, PyObject *args) {
    llama_state_object *self = (llama_state_object *)object;
    PyObject *tokens, *positions, *rows, *targets, *out;
    Py_ssize_t n, n_targets;
    if (!PyArg_ParseTuple(args, "OOnOOnO:score", &tokens, &positions, &n, &rows, &targets, &n_targets, &out) ||
        !count_is_sound(n, "tokens") || !count_is_sound(n_targets, "targets") || !ew_claim_state(&self->claim))
        return NULL;
    ew_llama_call call = {.n = (size_t)n, .n_targets = (size_t)n_targets};
    const size_t bytes = call.n_targets * sizeof(float);
    int status = take_tokens(self->state, tokens, positions, &call);
    if (status == 0)
        status = take_targets(self->state, rows, targets, &call);
    if (status == 0)
        status = ew_can_take(out, bytes, EW_FLOAT32, "log-probabilities");
    if (status == 0 && !(call.log_probs = ew_alloc(bytes))) {
        PyErr_NoMemory();
        status = -1;
    }
    if (status == 0)
        status = run(self->state, &call, call.log_probs, bytes, out, "log-probabilities");
    free_call(&call);
    return ew_leave_state(&self->claim, status);
}

static PyObject *llama_state_rewind(PyObject *object, PyObject *arg) {
    llama_state_object *self = (llama_state_object *)object;
    const Py_ssize_t n_past = PyLong_AsSsize_t(arg);
    if (PyErr_Occurred() || !ew_claim_state(&self->claim))
        return NULL;
    const int is_sound = n_past >= 0 && (size_t)n_past <= self->state->n_past;
    if (is_sound)
        ew_llama_rewind(self->state, (size_t)n_past);
    else
        PyErr_Format(PyExc_ValueError, "rewind: expected 0 to %zu, got %zd", self->state->n_past, n_past);
    return ew_leave_state(&self->claim, is_sound ? 0 : -1);
}

static PyObject *llama_state_drop(PyObject *object, PyObject *args) {
    llama_state_object *self = (llama_state_object *)object;
    Py_ssize_t first, n;
    if (!PyArg_ParseTuple(args, "nn:drop", &first, &n) || !ew_claim_state(&self->claim))
        return NULL;
    const size_t n_past = self->state->n_past;
    const int is_sound = first >= 0 && n >= 0 && (size_t)first <= n_past && (size_t)n <= n_past - (size_t)first;
    if (is_sound)
        ew_llama_drop(self->state, (size_t)first, (size_t)n);
    else
        PyErr_Format(PyExc_ValueError, "drop: %zd positions from %zd of %zu", n, first, n_past);
    return ew_leave_state(&self->claim, is_sound ? 0 : -1);
}

static PyObject *get_n_past(PyObject *object, void *unused) {
    (void)unused;
    llama_state_object *self = (llama_state_object *)object;
    if (!ew_claim_state(&self->claim))
        return NULL;
    const size_t value = self->state->n_past;
    self->claim.busy = 0;
    return PyLong_FromSize_t(value);
}

static PyMethodDef methods[] = {
    {"read", llama_state_read, METH_VARARGS, NULL},
    {"score", llama_state_score, METH_VARARGS, NULL},
    {"rewind", llama_state_rewind, METH_O, NULL},
    {"drop", llama_state_drop, METH_VARARGS, NULL},
    {0},
};

static PyGetSetDef properties[] = {
    {"n_past", get_n_past, NULL, NULL, NULL},
    {0},
};

PyObject *ew_make_llama_state_type(PyObject *type) {
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)llama_state_new},
        {Py_tp_dealloc, (void *)llama_state_dealloc},
        {Py_tp_methods, methods},
        {Py_tp_getset, properties},
        {Py_bf_getbuffer, (void *)llama_state_getbuffer},
        {0, NULL},
    };
    static PyType_Spec spec = {.name = "edge._kernels.LlamaState",
                               .basicsize = sizeof(llama_state_object),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    llama_type = Py_NewRef(type);
    return PyType_FromSpec(&spec);
}
