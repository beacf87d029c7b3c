// SPDX-License-Identifier: Apache-2.0
// edge._kernels.State: glue only. edge/_kernels.pyi documents the arguments.
#include "../engine/whisper/state.h"
#include "../engine/memory.h"
#include "buffers.h"
#include "claim.h"
#include "model_type.h"

typedef struct {
    PyObject_HEAD
    ew_state *state;
    PyObject *model; // keeps the weights alive
    float *logits;   // [n_beams][n_vocab]: where a step is computed; stays where it is as long as the state lives
    ew_claim claim;
} state_object;

static PyObject *model_type; // for the type check in state_new; owned
static PyObject *state_type; // likewise in decode_all

static size_t step_bytes(const ew_model *model, size_t n_beams) {
    return ew_times(ew_times(n_beams, model->dims.n_vocab), sizeof(float));
}

// The state as a buffer: a step's logits, for who gives decode no other place. Not while a call is on its way, which
// writes them without the GIL.
static int state_getbuffer(PyObject *object, Py_buffer *view, int flags) {
    const state_object *self = (const state_object *)object;
    if (self->claim.busy) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, "this state is running: its logits are there when the call has ended");
        return -1;
    }
    const size_t bytes = step_bytes(self->state->model, self->state->n_beams);
    return PyBuffer_FillInfo(view, object, self->logits, (Py_ssize_t)bytes, 0, flags);
}

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
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    state_object *self = (state_object *)allocate(type, 0);
    if (!self)
        return NULL;
    model_object *model = (model_object *)owner;
    self->model = Py_NewRef(owner);
    const char *missing = ew_model_missing(model->model);
    if (missing) {
        PyErr_Format(PyExc_RuntimeError, "the model is not complete: %s has no weights", missing);
    } else {
        self->state = ew_state_new(model->model, (size_t)n_beams);
        self->logits = ew_alloc(step_bytes(model->model, (size_t)n_beams));
        if (self->state && self->logits) {
            model->sealed = 1;
            return (PyObject *)self;
        }
        PyErr_NoMemory();
    }
    Py_DECREF(self);
    return NULL;
}

static void state_dealloc(PyObject *object) {
    state_object *self = (state_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    ew_state_free(self->state);
    ew_free(self->logits);
    Py_XDECREF(self->model);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

static int encode(ew_state *state, PyObject *mel, size_t n_frames, PyObject *hidden) {
    const ew_dims *dims = &state->model->dims;
    const size_t layers = ew_times(dims->n_audio_layer + 1, ew_times(n_frames / 2, dims->n_audio_state));
    const size_t hidden_bytes = ew_times(layers, sizeof(float));
    float *shown = NULL;
    if (hidden != Py_None) {
        if (ew_can_take(hidden, hidden_bytes, EW_FLOAT32, "hidden states") != 0)
            return -1;
        if (!(shown = ew_alloc(hidden_bytes))) {
            PyErr_NoMemory();
            return -1;
        }
    }
    Py_buffer view;
    const size_t mel_bytes = ew_times(n_frames, dims->n_mels * sizeof(float));
    int status = ew_get_exactly(mel, &view, mel_bytes, EW_FLOAT32, 0, "mel");
    if (status == 0) {
        ew_encode_load(state, view.buf, n_frames);
        ew_release(&view);
        Py_BEGIN_ALLOW_THREADS;
        ew_encode_loaded(state, shown);
        Py_END_ALLOW_THREADS;
        if (shown)
            status = ew_copy_out(hidden, shown, hidden_bytes, EW_FLOAT32, "hidden states");
    }
    ew_free(shown);
    return status;
}

static PyObject *state_encode(PyObject *object, PyObject *args) {
    state_object *self = (state_object *)object;
    PyObject *mel, *hidden;
    Py_ssize_t n_frames;
    if (!PyArg_ParseTuple(args, "OnO:encode", &mel, &n_frames, &hidden))
        return NULL;
    const size_t most = 2 * self->state->model->dims.n_audio_ctx;
    if (n_frames < 2 || n_frames % 2 || (size_t)n_frames > most)
        return PyErr_Format(PyExc_ValueError, "mel: expected an even number of frames from 2 to %zu, got %zd", most,
                            n_frames);
    if (!ew_claim_state(&self->claim))
        return NULL;
    return ew_leave_state(&self->claim, encode(self->state, mel, (size_t)n_frames, hidden));
}

// Whether a beam holds all that was decoded.
static int sound_beam(const ew_state *state, size_t beam) {
    if (ew_held(state, beam) != state->n_past)
        PyErr_Format(PyExc_ValueError, "beam %zu holds %zu of the %zu tokens: others were decoded since; reorder first",
                     beam, ew_held(state, beam), state->n_past);
    return ew_held(state, beam) == state->n_past;
}

// Whether a clip is there, the positions suffice, and the beams go on from where they are.
static int sound_call(const ew_state *state, size_t n_beams, size_t n_tokens) {
    const ew_dims *dims = &state->model->dims;
    if (state->n_ctx == 0) {
        PyErr_SetString(PyExc_RuntimeError, "decode was called before encode");
        return 0;
    }
    if (n_tokens > dims->n_text_ctx - state->n_past) {
        PyErr_Format(PyExc_ValueError, "tokens: %zu after %zu, but the decoder has %zu positions", n_tokens,
                     state->n_past, dims->n_text_ctx);
        return 0;
    }
    for (size_t beam = 0; beam < n_beams; beam++)
        if (!sound_beam(state, beam))
            return 0;
    return 1;
}

// A copy of the tokens, each of which is a row of the embedding; NULL with an exception.
static int32_t *sound_tokens(const ew_state *state, PyObject *object, size_t n) {
    int32_t *tokens = ew_copy_in(object, ew_times(n, sizeof *tokens), EW_INT32, "tokens");
    for (size_t i = 0; tokens && i < n; i++) {
        if (tokens[i] < 0 || (size_t)tokens[i] >= state->model->dims.n_vocab) {
            PyErr_Format(PyExc_ValueError, "tokens: %d is not below %zu", (int)tokens[i], state->model->dims.n_vocab);
            ew_free(tokens);
            return NULL;
        }
    }
    return tokens;
}

// What decode gives, and where it goes. logits: None leaves a step's where they are; alignment: None if nobody asks.
typedef struct {
    PyObject *logits, *alignment;
    size_t logits_bytes, alignment_bytes;
} outputs;

static int can_take(const outputs *out) {
    return (out->logits == Py_None || ew_can_take(out->logits, out->logits_bytes, EW_FLOAT32, "logits") == 0) &&
           (out->alignment == Py_None ||
            ew_can_take(out->alignment, out->alignment_bytes, EW_FLOAT32, "alignment") == 0);
}

// A call of decode: what it was given, and memory of our own that it runs into.
typedef struct {
    state_object *self; // claimed; NULL where the call has not begun
    ew_decode_call call;
    int32_t *tokens;
    float *all, *alignment;
    outputs out;
} decoding;

// Copies what came out of a call, if it ran, and lets the state go; gives `status`, or -1 with an exception.
static int end_decoding(decoding *d, int status) {
    if (!d->self)
        return status;
    const outputs *out = &d->out;
    if (status == 0 && out->logits != Py_None)
        status = ew_copy_out(out->logits, d->call.logits, out->logits_bytes, EW_FLOAT32, "logits");
    if (status == 0 && d->alignment)
        status = ew_copy_out(out->alignment, d->alignment, out->alignment_bytes, EW_FLOAT32, "alignment");
    ew_free(d->tokens);
    ew_free(d->all);
    ew_free(d->alignment);
    d->self->claim.busy = 0;
    d->self = NULL;
    return status;
}

static int check_decoding(decoding *d, PyObject *tokens, size_t n_beams, size_t n_tokens, int last_only) {
    const ew_state *state = d->self->state;
    const size_t row = state->model->dims.n_vocab * sizeof(float);
    outputs *out = &d->out;
    out->logits_bytes = ew_times(n_beams * (last_only ? 1 : n_tokens), row);
    out->alignment_bytes =
        ew_times(ew_times(n_beams * n_tokens, state->model->n_alignment_heads), state->n_keys * sizeof(float));
    if (!sound_call(state, n_beams, n_tokens) || !can_take(out) ||
        (d->tokens = sound_tokens(state, tokens, n_beams * n_tokens)) == NULL)
        return -1;
    d->all = last_only ? NULL : ew_alloc(out->logits_bytes); // prompts and drafts: a step's place is there
    d->alignment = out->alignment == Py_None ? NULL : ew_alloc(out->alignment_bytes);
    if ((!last_only && !d->all) || (out->alignment != Py_None && !d->alignment)) {
        PyErr_NoMemory();
        return -1;
    }
    d->call = (ew_decode_call){.n_beams = n_beams,
                               .tokens = d->tokens,
                               .n_tokens = n_tokens,
                               .logits = d->all ? d->all : d->self->logits,
                               .last_only = last_only,
                               .alignment = d->alignment};
    return 0;
}

// Claims a state for a call of decode with these arguments, and makes it ready to run. 0; or -1 with an exception, and
// nothing is held.
static int begin_decoding(decoding *d, state_object *self, PyObject *args) {
    const ew_state *state = self->state;
    PyObject *tokens;
    Py_ssize_t n_beams, n;
    int last_only;
    *d = (decoding){0};
    if (!PyArg_ParseTuple(args, "OnnOpO:decode", &tokens, &n_beams, &n, &d->out.logits, &last_only, &d->out.alignment))
        return -1;
    if (n_beams < 1 || (size_t)n_beams > state->n_beams)
        PyErr_Format(PyExc_ValueError, "beams: expected 1 to %zu, got %zd", state->n_beams, n_beams);
    else if (n < 1 || (size_t)n > state->model->dims.n_text_ctx)
        PyErr_Format(PyExc_ValueError, "tokens: expected 1 to %zu, got %zd", state->model->dims.n_text_ctx, n);
    else if (d->out.logits == Py_None && !last_only)
        PyErr_Format(PyExc_ValueError, "logits: expected a buffer, since not only the last ones are asked for");
    else if (ew_claim_state(&self->claim)) {
        d->self = self;
        return check_decoding(d, tokens, (size_t)n_beams, (size_t)n, last_only) == 0 ? 0 : end_decoding(d, -1);
    }
    return -1;
}

static PyObject *state_decode(PyObject *object, PyObject *args) {
    decoding d;
    if (begin_decoding(&d, (state_object *)object, args) != 0)
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    ew_decode(d.self->state, &d.call);
    Py_END_ALLOW_THREADS;
    return end_decoding(&d, 0) == 0 ? Py_NewRef(Py_None) : NULL;
}

enum { MOST_TOGETHER = 64 };

// Begins the call of one pair (state, arguments) of decode_all; it is the first, or of the first one's model.
static int begin_together(decoding *d, PyObject *pair, const decoding *first) {
    PyObject *state, *args;
    *d = (decoding){0};
    if (!PyTuple_Check(pair)) {
        PyErr_SetString(PyExc_TypeError, "decode_all: expected pairs of a State and its arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(pair, "O!O!:decode_all", state_type, &state, &PyTuple_Type, &args))
        return -1;
    if (first && ((state_object *)state)->model != first->self->model) {
        PyErr_SetString(PyExc_ValueError, "decode_all: expected states of one model");
        return -1;
    }
    return begin_decoding(d, (state_object *)state, args);
}

static int decode_together(decoding *all, PyObject *pairs, size_t n) {
    ew_decode_together calls[MOST_TOGETHER];
    for (size_t i = 0; i < n; i++) {
        if (begin_together(&all[i], PyTuple_GetItem(pairs, (Py_ssize_t)i), i ? all : NULL) != 0)
            return -1;
        calls[i] = (ew_decode_together){.state = all[i].self->state, .call = all[i].call};
    }
    Py_BEGIN_ALLOW_THREADS;
    ew_decode_all(calls, n);
    Py_END_ALLOW_THREADS;
    return 0;
}

static PyObject *state_decode_all(PyObject *unused, PyObject *arg) {
    (void)unused;
    decoding all[MOST_TOGETHER] = {{0}};
    PyObject *pairs = PySequence_Tuple(arg); // keeps the states, whatever becomes of the list
    if (!pairs)
        return NULL;
    const Py_ssize_t n = PyTuple_Size(pairs);
    int status = -1;
    if (n < 1 || n > MOST_TOGETHER)
        PyErr_Format(PyExc_ValueError, "decode_all: expected 1 to %d calls, got %zd", MOST_TOGETHER, n);
    else
        status = decode_together(all, pairs, (size_t)n);
    for (Py_ssize_t i = 0; i < n && i < MOST_TOGETHER; i++)
        status = end_decoding(&all[i], status);
    Py_DECREF(pairs);
    return status == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *state_rewind(PyObject *object, PyObject *arg) {
    state_object *self = (state_object *)object;
    const Py_ssize_t n_past = PyLong_AsSsize_t(arg);
    if (PyErr_Occurred() || !ew_claim_state(&self->claim))
        return NULL;
    const int is_sound = n_past >= 0 && (size_t)n_past <= self->state->n_past;
    if (is_sound)
        ew_rewind(self->state, (size_t)n_past);
    else
        PyErr_Format(PyExc_ValueError, "rewind: expected 0 to %zu, got %zd", self->state->n_past, n_past);
    return ew_leave_state(&self->claim, is_sound ? 0 : -1);
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
    if (!ew_claim_state(&self->claim))
        return NULL;
    int32_t *copy = ew_copy_in(parents, (size_t)n * sizeof *copy, EW_INT32, "parents");
    const int is_sound = copy && sound_parents(self->state, copy, (size_t)n);
    if (is_sound)
        ew_reorder(self->state, copy, (size_t)n);
    ew_free(copy);
    return ew_leave_state(&self->claim, is_sound ? 0 : -1);
}

static PyObject *state_read_encoder(PyObject *object, PyObject *arg) {
    state_object *self = (state_object *)object;
    if (!ew_claim_state(&self->claim))
        return NULL;
    const ew_state *state = self->state;
    const size_t bytes = state->n_ctx * state->model->dims.n_audio_state * sizeof(float);
    return ew_leave_state(&self->claim, ew_copy_out(arg, state->x.at, bytes, EW_FLOAT32, "encoder output"));
}

static PyObject *size_of_claimed(state_object *self, const size_t *size) {
    if (!ew_claim_state(&self->claim))
        return NULL;
    const size_t value = *size;
    self->claim.busy = 0;
    return PyLong_FromSize_t(value);
}

static PyObject *get_n_past(PyObject *object, void *unused) {
    (void)unused;
    return size_of_claimed((state_object *)object, &((state_object *)object)->state->n_past);
}

static PyObject *get_n_ctx(PyObject *object, void *unused) {
    (void)unused;
    return size_of_claimed((state_object *)object, &((state_object *)object)->state->n_ctx);
}

static PyObject *get_n_keys(PyObject *object, void *unused) {
    (void)unused;
    return size_of_claimed((state_object *)object, &((state_object *)object)->state->n_keys);
}

static PyMethodDef methods[] = {
    {"encode", state_encode, METH_VARARGS, NULL},
    {"decode", state_decode, METH_VARARGS, NULL},
    {"decode_all", state_decode_all, METH_O | METH_STATIC, NULL},
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
        {Py_bf_getbuffer, (void *)state_getbuffer},
        {0, NULL},
    };
    static PyType_Spec spec = {
        .name = "edge._kernels.State", .basicsize = sizeof(state_object), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    model_type = Py_NewRef(type);
    PyObject *made = PyType_FromSpec(&spec);
    state_type = Py_XNewRef(made);
    return made;
}
