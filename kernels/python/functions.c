// SPDX-License-Identifier: Apache-2.0
// Module-level functions of edge._kernels: CPU levels, measuring, and single kernels for the tests to compare with
// edge/quant.py. Glue only; edge/_kernels.pyi documents the arguments.
#include "functions.h"

#include <math.h>
#include <string.h>

#include "../engine/measure.h"
#include "../engine/memory.h"
#include "../ops/pack/pack.h"
#include "../dispatch/table.h"
#include "buffers.h"
#include "gguf.h"

// The table of a level by name, or NULL with ValueError.
static const ek_table *table_of(const char *name) {
    const int level = ek_level_of_name(name);
    if (level < 0 || !ek_level_supported((enum ek_level)level)) {
        PyErr_Format(PyExc_ValueError, "CPU level %s is not supported here", name);
        return NULL;
    }
    return ek_table_of((enum ek_level)level);
}

static PyObject *cpu_levels(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    PyObject *levels = PyList_New(0);
    for (int level = 0; levels && level < EK_N_LEVELS; level++) {
        PyObject *entry =
            Py_BuildValue("(si)", ek_level_name((enum ek_level)level), ek_level_supported((enum ek_level)level));
        if (!entry || PyList_Append(levels, entry) != 0)
            Py_CLEAR(levels);
        Py_XDECREF(entry);
    }
    return levels;
}

static PyObject *best_cpu_level(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    return PyUnicode_FromString(ek_level_name(ek_level_best()));
}

enum { MOST_SECONDS = 3600, MOST_THREADS = 64 };

static int sound_measure(const char *what, int n_threads, double seconds) {
    const int is_sound = n_threads >= 1 && n_threads <= MOST_THREADS && isfinite(seconds) && seconds <= MOST_SECONDS;
    if (!is_sound)
        PyErr_Format(PyExc_ValueError, "%s: expected 1 to %d threads and at most %d seconds", what, MOST_THREADS,
                     MOST_SECONDS);
    return is_sound;
}

// A copy of all of a buffer, and its length.
static void *copy_all(PyObject *object, size_t *bytes, const char *what) {
    Py_buffer view;
    if (ew_get_buffer(object, &view, EW_RAW, 0, what) != 0)
        return NULL;
    void *copy = ew_alloc(*bytes = (size_t)view.len);
    if (!copy)
        PyErr_NoMemory();
    else if (*bytes)
        memcpy(copy, view.buf, *bytes);
    ew_release(&view);
    return copy;
}

static PyObject *measure_peak(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    int what, n_threads;
    double seconds, rate;
    PyObject *object;
    if (!PyArg_ParseTuple(args, "siidO:measure_peak", &level, &what, &n_threads, &seconds, &object))
        return NULL;
    const ek_table *table = table_of(level);
    if (!table || !sound_measure("measure_peak", n_threads, seconds))
        return NULL;
    if (what < EW_PEAK_Q8 || what > EW_PEAK_READ)
        return PyErr_Format(PyExc_ValueError, "measure_peak: expected kind 0 to 2, got %d", what);
    size_t bytes;
    char *buffer = copy_all(object, &bytes, "measure_peak");
    if (!buffer)
        return NULL;
    ew_pool *pool = ew_pool_new(n_threads);
    if (pool) {
        Py_BEGIN_ALLOW_THREADS;
        rate = ew_measure_peak(pool, table, (ew_peak)what, seconds, buffer, bytes);
        ew_pool_free(pool);
        Py_END_ALLOW_THREADS;
    }
    ew_free(buffer);
    return pool ? PyFloat_FromDouble(rate) : PyErr_NoMemory();
}

static PyObject *measure_product(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    int what, n_threads;
    Py_ssize_t m, n, k;
    double seconds, elapsed;
    if (!PyArg_ParseTuple(args, "sinnnid:measure_product", &level, &what, &m, &n, &k, &n_threads, &seconds))
        return NULL;
    const ek_table *table = table_of(level);
    if (!table || !sound_measure("measure_product", n_threads, seconds))
        return NULL;
    if (what < EW_GEMM_Q8 || what > EW_ATTENTION_F32 || m < 1 || n < 1 || k < 1 || m > 1 << 20 || n > 1 << 20 ||
        k > 1 << 16 || (what == EW_GEMM_Q4 && k % EK_GROUP))
        return PyErr_Format(PyExc_ValueError, "measure_product: kind %d, %zd x %zd x %zd", what, m, n, k);
    ew_pool *pool = ew_pool_new(n_threads);
    if (!pool)
        return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS;
    elapsed = ew_measure_product(pool, table, (ew_product)what, (size_t)m, (size_t)n, (size_t)k, seconds);
    ew_pool_free(pool);
    Py_END_ALLOW_THREADS;
    return elapsed < 0 ? PyErr_NoMemory() : PyFloat_FromDouble(elapsed);
}

// Sizes of a matrix from Python: positive and so small that it fits in memory as floats, padded as kernels pad.
static int sound_shape(Py_ssize_t n, Py_ssize_t k, Py_ssize_t multiple) {
    if (n >= 1 && k >= 1 && n <= 1 << 24 && k <= 1 << 20 && k % multiple == 0 &&
        ew_times(ew_times((size_t)n + EK_ALIGN, (size_t)k + EK_ALIGN), sizeof(float)) < SIZE_MAX)
        return 1;
    PyErr_Format(PyExc_ValueError, "shape: %zd x %zd", n, k);
    return 0;
}

// An array that a kernel writes: its argument, size and kind, and memory of ours until the kernel is done.
typedef struct {
    PyObject *object;
    size_t bytes;
    ew_kind kind;
    const char *what;
    void *memory;
} output;

// Makes room for outputs; 0, or -1 with an exception.
static int begin(output *outputs, int n) {
    for (int i = 0; i < n; i++) {
        if (ew_can_take(outputs[i].object, outputs[i].bytes, outputs[i].kind, outputs[i].what) != 0)
            return -1;
        if (!(outputs[i].memory = ew_alloc(outputs[i].bytes))) {
            PyErr_NoMemory();
            return -1;
        }
    }
    return 0;
}

// Copies the outputs out where all went well (status 0), and frees what was made for the call.
static PyObject *finish(int status, void *input, output *outputs, int n) {
    for (int i = 0; i < n; i++) {
        if (status == 0)
            status = ew_copy_out(outputs[i].object, outputs[i].memory, outputs[i].bytes, outputs[i].kind, outputs[i].what);
        ew_free(outputs[i].memory);
    }
    ew_free(input);
    return status == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *pack_f32(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *w;
    output packed = {.kind = EW_FLOAT32, .what = "packed"};
    Py_ssize_t n, k;
    if (!PyArg_ParseTuple(args, "OnnO:pack_f32", &w, &n, &k, &packed.object) || !sound_shape(n, k, 1))
        return NULL;
    const size_t rows = (size_t)n, inputs = (size_t)k;
    packed.bytes = ek_packed_f32_floats(rows, inputs) * sizeof(float);
    float *in = ew_copy_in(w, rows * inputs * sizeof(float), EW_FLOAT32, "weights");
    const int status = in ? begin(&packed, 1) : -1;
    if (status == 0)
        ek_pack_f32(packed.memory, in, inputs, rows, inputs);
    return finish(status, in, &packed, 1);
}

static PyObject *pack_q8(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *w;
    output packed = {.kind = EW_INT8, .what = "packed"};
    Py_ssize_t n, k;
    if (!PyArg_ParseTuple(args, "OnnO:pack_q8", &w, &n, &k, &packed.object) || !sound_shape(n, k, 1))
        return NULL;
    const size_t rows = (size_t)n, inputs = (size_t)k;
    packed.bytes = ek_packed_q8_bytes(rows, inputs);
    int8_t *in = ew_copy_in(w, rows * inputs, EW_INT8, "codes");
    const int status = in ? begin(&packed, 1) : -1;
    if (status == 0)
        ek_pack_q8(packed.memory, in, inputs, rows, inputs);
    return finish(status, in, &packed, 1);
}

static PyObject *pack_q4(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *blocks;
    output out[2] = {{.kind = EW_RAW, .what = "packed"}, {.kind = EW_FLOAT32, .what = "scales"}};
    Py_ssize_t n, k;
    if (!PyArg_ParseTuple(args, "OnnOO:pack_q4", &blocks, &n, &k, &out[0].object, &out[1].object) ||
        !sound_shape(n, k, EK_GROUP))
        return NULL;
    const size_t rows = (size_t)n, inputs = (size_t)k;
    out[0].bytes = ek_packed_q4_bytes(rows, inputs);
    out[1].bytes = ek_packed_q4_scales(rows, inputs) * sizeof(float);
    uint8_t *in = ew_copy_in(blocks, rows * (inputs / EK_GROUP) * (2 + EK_GROUP / 2), EW_RAW, "blocks");
    const int status = in ? begin(out, 2) : -1;
    if (status == 0)
        ek_pack_q4(out[0].memory, out[1].memory, in, rows, inputs);
    return finish(status, in, out, 2);
}

static PyObject *quantize_rows(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    PyObject *x;
    output out[3] = {
        {.kind = EW_INT8, .what = "codes"}, {.kind = EW_FLOAT32, .what = "scales"}, {.kind = EW_INT32, .what = "sums"}};
    Py_ssize_t m, k;
    if (!PyArg_ParseTuple(args, "sOnnOOO:quantize_rows", &level, &x, &m, &k, &out[0].object, &out[1].object,
                          &out[2].object) ||
        !sound_shape(m, k, 1))
        return NULL;
    const ek_table *table = table_of(level);
    if (!table)
        return NULL;
    const size_t rows = (size_t)m, inputs = (size_t)k;
    out[0].bytes = rows * ek_q8_stride(inputs);
    out[1].bytes = rows * sizeof(float);
    out[2].bytes = rows * sizeof(int32_t);
    float *in = ew_copy_in(x, rows * inputs * sizeof(float), EW_FLOAT32, "rows");
    const int status = in ? begin(out, 3) : -1;
    if (status == 0)
        table->quantize((ek_q8_rows){.codes = out[0].memory,
                                     .stride = ek_q8_stride(inputs),
                                     .scale = out[1].memory,
                                     .sum = out[2].memory},
                        in, inputs, rows, inputs, 1);
    return finish(status, in, out, 3);
}

static PyObject *sum_exp(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    PyObject *x;
    Py_ssize_t n;
    double largest;
    if (!PyArg_ParseTuple(args, "sOnd:sum_exp", &level, &x, &n, &largest) || !sound_shape(1, n, 1))
        return NULL;
    const ek_table *table = table_of(level);
    Py_buffer in;
    if (!table || ew_get_exactly(x, &in, (size_t)n * sizeof(float), EW_FLOAT32, 0, "x") != 0)
        return NULL;
    const float sum = table->sum_exp(in.buf, (size_t)n, (float)largest);
    ew_release(&in);
    return PyFloat_FromDouble((double)sum);
}

// Whether each filter's bins are a part of all bins; ValueError where not.
static int sound_bounds(const int32_t *bounds, size_t n_mels) {
    for (size_t j = 0; j < n_mels; j++) {
        const int32_t first = bounds[j], end = bounds[n_mels + j];
        if (first < 0 || end < first || end > EK_FOURIER_BINS) {
            PyErr_Format(PyExc_ValueError, "bounds: filter %zu has bins %d to %d of %d", j, (int)first, (int)end,
                         EK_FOURIER_BINS);
            return 0;
        }
    }
    return 1;
}

static PyObject *log_mel(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    PyObject *x, *b, *w;
    Py_ssize_t n_frames, n_mels;
    output out = {.kind = EW_FLOAT32, .what = "frames"};
    if (!PyArg_ParseTuple(args, "sOnOOnO:log_mel", &level, &x, &n_frames, &b, &w, &n_mels, &out.object) ||
        !sound_shape(n_frames, EK_FOURIER, 1) || !sound_shape(n_mels, EK_FOURIER_BINS, 1) ||
        !sound_shape(n_frames, n_mels, 1))
        return NULL;
    const ek_table *table = table_of(level);
    if (!table)
        return NULL;
    const size_t frames = (size_t)n_frames, mels = (size_t)n_mels;
    const size_t n_samples = (frames - 1) * EK_MEL_HOP + EK_FOURIER;
    out.bytes = frames * mels * sizeof(float);
    float *samples = ew_copy_in(x, n_samples * sizeof *samples, EW_FLOAT32, "samples");
    int32_t *bounds = samples ? ew_copy_in(b, 2 * mels * sizeof *bounds, EW_INT32, "bounds") : NULL;
    float *weights =
        bounds && sound_bounds(bounds, mels)
            ? ew_copy_in(w, mels * EK_FOURIER_BINS * sizeof *weights, EW_FLOAT32, "weights")
            : NULL;
    const int status = weights ? begin(&out, 1) : -1;
    if (status == 0)
        table->log_mel(out.memory, samples, frames,
                       (ek_mel_filters){.first = bounds, .end = bounds + mels, .weights = weights, .n_mels = mels});
    ew_free(weights);
    ew_free(bounds);
    return finish(status, samples, &out, 1);
}

PyMethodDef ew_functions[] = {
    {"cpu_levels", cpu_levels, METH_NOARGS, NULL},
    {"best_cpu_level", best_cpu_level, METH_NOARGS, NULL},
    {"measure_peak", measure_peak, METH_VARARGS, NULL},
    {"measure_product", measure_product, METH_VARARGS, NULL},
    {"gguf_parse", ew_py_gguf_parse, METH_O, NULL},
    {"gguf_strings", ew_py_gguf_strings, METH_VARARGS, NULL},
    {"pack_f32", pack_f32, METH_VARARGS, NULL},
    {"pack_q8", pack_q8, METH_VARARGS, NULL},
    {"pack_q4", pack_q4, METH_VARARGS, NULL},
    {"quantize_rows", quantize_rows, METH_VARARGS, NULL},
    {"sum_exp", sum_exp, METH_VARARGS, NULL},
    {"log_mel", log_mel, METH_VARARGS, NULL},
    {0},
};
