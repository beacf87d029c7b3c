// SPDX-License-Identifier: Apache-2.0
// edge._kernels.State: glue only. edge/_kernels.pyi documents the arguments.
#include "../engine/state.h"
#include "buffers.h"
#include "model_type.h"

typedef struct {
    PyObject_HEAD
    ew_state *state;
    PyObject *model; // keeps the weights alive
    int busy;        // a call runs without the GIL; a second thread is refused
} state_object;

static PyObject *model_type; // for the type check in state_new

static PyObject *state_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *owner;
    Py_ssize_t n_beams;
    if (kwargs && PyDict_Size(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "State takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "O!n:State", model_type, &owner, &n_beams))
        return NULL;
    if (n_beams < 1 || n_beams > EW_MAX_BEAMS)
        return PyErr_Format(PyExc_ValueError, "beams: expected 1 to %d, got %zd", EW_MAX_BEAMS, n_beams);
    model_object *model = (model_object *)owner;
    const char *missing = ew_model_missing(model->model);
    if (missing)
        return PyErr_Format(PyExc_RuntimeError, "the model is not complete: %s has no weights", missing);
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    state_object *self = (state_object *)allocate(type, 0);
    if (!self)
        return NULL;
    self->state = ew_state_new(model->model, (size_t)n_beams);
    self->model = Py_NewRef(owner);
    if (!self->state) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    model->sealed = 1;
    return (PyObject *)self;
}

static void state_dealloc(PyObject *object) {
    state_object *self = (state_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    ew_state_free(self->state);
    Py_XDECREF(self->model);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

// Claims the state for a call that gives up the GIL.
static int claim(state_object *self) {
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this state is running in another thread: use one state a thread");
    return self->busy ? 0 : (self->busy = 1);
}

static PyObject *state_encode(PyObject *object, PyObject *args) {
    state_object *self = (state_object *)object;
    PyObject *mel, *hidden;
    Py_ssize_t n_frames;
    if (!PyArg_ParseTuple(args, "OnO:encode", &mel, &n_frames, &hidden))
        return NULL;
    const ew_dims *dims = &self->state->model->dims;
    if (n_frames < 2 || n_frames % 2 || (size_t)n_frames > 2 * dims->n_audio_ctx)
        return PyErr_Format(PyExc_ValueError, "mel: expected an even number of frames from 2 to %zu, got %zd",
                            2 * dims->n_audio_ctx, n_frames);
    const size_t n_ctx = (size_t)n_frames / 2;
    const size_t hidden_bytes = (dims->n_audio_layer + 1) * n_ctx * dims->n_audio_state * sizeof(float);
    Py_buffer view, out = {0};
    if (ew_get_buffer(mel, &view, (size_t)n_frames * dims->n_mels * sizeof(float), 0, "mel") != 0)
        return NULL;
    if (ew_get_optional_buffer(hidden, &out, hidden_bytes, 1, "hidden states") == 0 && claim(self)) {
        Py_BEGIN_ALLOW_THREADS;
        ew_encode(self->state, view.buf, (size_t)n_frames, out.obj ? out.buf : NULL);
        Py_END_ALLOW_THREADS;
        self->busy = 0;
    }
    ew_release(&view);
    ew_release(&out);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

// Whether a beam holds all that was decoded.
static int sound_beam(const ew_state *state, size_t beam) {
    if (ew_held(state, beam) != state->n_past)
        PyErr_Format(PyExc_ValueError, "beam %zu holds %zu of the %zu tokens: others were decoded since; reorder first",
                     beam, ew_held(state, beam), state->n_past);
    return ew_held(state, beam) == state->n_past;
}

// Whether every token of the call is a row of the embedding and the positions suffice.
static int sound_tokens(const ew_state *state, const int32_t *tokens, size_t n_beams, size_t n_tokens) {
    const ew_dims *dims = &state->model->dims;
    if (state->n_ctx == 0) {
        PyErr_SetString(PyExc_RuntimeError, "decode was called before encode");
        return 0;
    }
    if (n_tokens < 1 || n_tokens > dims->n_text_ctx - state->n_past) {
        PyErr_Format(PyExc_ValueError, "tokens: %zu after %zu, but the decoder has %zu positions", n_tokens,
                     state->n_past, dims->n_text_ctx);
        return 0;
    }
    for (size_t beam = 0; beam < n_beams; beam++)
        if (!sound_beam(state, beam))
            return 0;
    for (size_t i = 0; i < n_beams * n_tokens; i++) {
        if (tokens[i] < 0 || (size_t)tokens[i] >= dims->n_vocab) {
            PyErr_Format(PyExc_ValueError, "tokens: %d is not below %zu", (int)tokens[i], dims->n_vocab);
            return 0;
        }
    }
    return 1;
}

static PyObject *state_decode(PyObject *object, PyObject *args) {
    state_object *self = (state_object *)object;
    ew_state *state = self->state;
    PyObject *tokens, *logits, *alignment;
    Py_ssize_t n_beams, n;
    int last_only;
    if (!PyArg_ParseTuple(args, "OnnOpO:decode", &tokens, &n_beams, &n, &logits, &last_only, &alignment))
        return NULL;
    if (n_beams < 1 || (size_t)n_beams > state->n_beams)
        return PyErr_Format(PyExc_ValueError, "beams: expected 1 to %zu, got %zd", state->n_beams, n_beams);
    const size_t beams = (size_t)n_beams, n_vocab = state->model->dims.n_vocab;
    if (n < 1 || (size_t)n > state->model->dims.n_text_ctx)
        return PyErr_Format(PyExc_ValueError, "tokens: expected 1 to %zu, got %zd", state->model->dims.n_text_ctx, n);
    const size_t n_tokens = (size_t)n;
    Py_buffer in = {0}, out = {0}, heads = {0};
    int done = 0;
    if (ew_get_buffer(tokens, &in, beams * n_tokens * sizeof(int32_t), 0, "tokens") == 0 &&
        ew_get_buffer(logits, &out, beams * (last_only ? 1 : n_tokens) * n_vocab * sizeof(float), 1, "logits") == 0 &&
        ew_get_optional_buffer(alignment, &heads,
                               beams * state->model->n_alignment_heads * n_tokens * state->n_keys * sizeof(float), 1,
                               "alignment") == 0 &&
        sound_tokens(state, in.buf, beams, n_tokens) && claim(self)) {
        const ew_decode_call call = {beams, in.buf, n_tokens, out.buf, last_only, heads.obj ? heads.buf : NULL};
        Py_BEGIN_ALLOW_THREADS;
        ew_decode(state, &call);
        Py_END_ALLOW_THREADS;
        self->busy = 0;
        done = 1;
    }
    ew_release(&in);
    ew_release(&out);
    ew_release(&heads);
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *state_rewind(PyObject *object, PyObject *arg) {
    state_object *self = (state_object *)object;
    const Py_ssize_t n_past = PyLong_AsSsize_t(arg);
    if (PyErr_Occurred())
        return NULL;
    if (n_past < 0 || (size_t)n_past > self->state->n_past)
        return PyErr_Format(PyExc_ValueError, "rewind: expected 0 to %zu, got %zd", self->state->n_past, n_past);
    if (!claim(self))
        return NULL;
    ew_rewind(self->state, (size_t)n_past);
    self->busy = 0;
    Py_RETURN_NONE;
}

static int sound_parents(const ew_state *state, const int32_t *parents, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (parents[i] < 0 || (size_t)parents[i] >= state->n_beams) {
            PyErr_Format(PyExc_ValueError, "parents: %d is not below %zu", (int)parents[i], state->n_beams);
            return 0;
        }
        if (!sound_beam(state, (size_t)parents[i]))
            return 0;
    }
    return 1;
}

static PyObject *state_reorder(PyObject *object, PyObject *args) {
    state_object *self = (state_object *)object;
    PyObject *parents;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "On:reorder", &parents, &n))
        return NULL;
    if (n < 1 || (size_t)n > self->state->n_beams)
        return PyErr_Format(PyExc_ValueError, "parents: expected 1 to %zu, got %zd", self->state->n_beams, n);
    Py_buffer view;
    if (ew_get_buffer(parents, &view, (size_t)n * sizeof(int32_t), 0, "parents") != 0)
        return NULL;
    if (sound_parents(self->state, view.buf, (size_t)n) && claim(self)) {
        ew_reorder(self->state, view.buf, (size_t)n);
        self->busy = 0;
    }
    ew_release(&view);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *state_read_encoder(PyObject *object, PyObject *arg) {
    const state_object *self = (state_object *)object;
    const size_t bytes = self->state->n_ctx * self->state->model->dims.n_audio_state * sizeof(float);
    Py_buffer view;
    if (ew_get_buffer(arg, &view, bytes, 1, "encoder output") != 0)
        return NULL;
    memcpy(view.buf, self->state->x.at, bytes);
    ew_release(&view);
    Py_RETURN_NONE;
}

static PyObject *get_n_past(PyObject *object, void *unused) {
    (void)unused;
    return PyLong_FromSize_t(((state_object *)object)->state->n_past);
}

static PyObject *get_n_ctx(PyObject *object, void *unused) {
    (void)unused;
    return PyLong_FromSize_t(((state_object *)object)->state->n_ctx);
}

static PyObject *get_n_keys(PyObject *object, void *unused) {
    (void)unused;
    return PyLong_FromSize_t(((state_object *)object)->state->n_keys);
}

static PyMethodDef methods[] = {
    {"encode", state_encode, METH_VARARGS, NULL},
    {"decode", state_decode, METH_VARARGS, NULL},
    {"rewind", state_rewind, METH_O, NULL},
    {"reorder", state_reorder, METH_VARARGS, NULL},
    {"read_encoder", state_read_encoder, METH_O, NULL},
    {0},
};

static PyGetSetDef properties[] = {
    {"n_past", get_n_past, NULL, NULL, NULL},
    {"n_ctx", get_n_ctx, NULL, NULL, NULL},
    {"n_keys", get_n_keys, NULL, NULL, NULL},
    {0},
};

PyObject *ew_make_state_type(PyObject *type) {
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)state_new},
        {Py_tp_dealloc, (void *)state_dealloc},
        {Py_tp_methods, methods},
        {Py_tp_getset, properties},
        {0, NULL},
    };
    static PyType_Spec spec = {
        .name = "edge._kernels.State", .basicsize = sizeof(state_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    model_type = type;
    return PyType_FromSpec(&spec);
}
