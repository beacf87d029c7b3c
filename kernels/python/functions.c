// SPDX-License-Identifier: Apache-2.0
// Module-level functions of edge._kernels: CPU levels, measuring, and single kernels for the tests to compare with
// edge/quant.py. Glue only; edge/_kernels.pyi documents the arguments.
#include "functions.h"

#include "../engine/measure.h"
#include "../pack/pack.h"
#include "../table/table.h"
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

static PyObject *measure_peak(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    int what, n_threads;
    double seconds, rate;
    Py_buffer buffer;
    if (!PyArg_ParseTuple(args, "siidy*:measure_peak", &level, &what, &n_threads, &seconds, &buffer))
        return NULL;
    const ek_table *table = table_of(level);
    ew_pool *pool = NULL;
    if (table && (what < EW_PEAK_Q8 || what > EW_PEAK_READ || n_threads < 1 || n_threads > 64))
        PyErr_SetString(PyExc_ValueError, "measure_peak: 1 to 64 threads, kinds 0 to 2");
    else if (table && !(pool = ew_pool_new(n_threads)))
        PyErr_NoMemory();
    if (pool) {
        Py_BEGIN_ALLOW_THREADS;
        rate = ew_measure_peak(pool, table, (ew_peak)what, seconds, buffer.buf, (size_t)buffer.len);
        ew_pool_free(pool);
        Py_END_ALLOW_THREADS;
    }
    ew_release(&buffer);
    return pool ? PyFloat_FromDouble(rate) : NULL;
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
    if (!table)
        return NULL;
    if (what < EW_GEMM_Q8 || what > EW_ATTENTION_F32 || m < 1 || n < 1 || k < 1 || m > 1 << 20 || n > 1 << 20 ||
        k > 1 << 16 || n_threads < 1 || n_threads > 64)
        return PyErr_Format(PyExc_ValueError, "measure_product: kind %d, %zd x %zd x %zd, %d threads", what, m, n, k,
                            n_threads);
    ew_pool *pool = ew_pool_new(n_threads);
    if (!pool)
        return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS;
    elapsed = ew_measure_product(pool, table, (ew_product)what, (size_t)m, (size_t)n, (size_t)k, seconds);
    ew_pool_free(pool);
    Py_END_ALLOW_THREADS;
    return elapsed < 0 ? PyErr_NoMemory() : PyFloat_FromDouble(elapsed);
}

// Sizes of a matrix from Python: positive and small enough that no product of them overflows.
static int sound_shape(Py_ssize_t n, Py_ssize_t k, Py_ssize_t multiple) {
    if (n >= 1 && k >= 1 && n <= 1 << 24 && k <= 1 << 20 && k % multiple == 0)
        return 1;
    PyErr_Format(PyExc_ValueError, "shape: %zd x %zd", n, k);
    return 0;
}

static PyObject *pack_f32(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *w, *packed;
    Py_ssize_t n, k;
    if (!PyArg_ParseTuple(args, "OnnO:pack_f32", &w, &n, &k, &packed) || !sound_shape(n, k, 1))
        return NULL;
    Py_buffer in = {0}, out = {0};
    int ok = ew_get_buffer(w, &in, (size_t)n * (size_t)k * sizeof(float), 0, "weights") == 0 &&
             ew_get_buffer(packed, &out, ek_packed_f32_floats((size_t)n, (size_t)k) * sizeof(float), 1, "packed") == 0;
    if (ok)
        ek_pack_f32(out.buf, in.buf, (size_t)k, (size_t)n, (size_t)k);
    ew_release(&in);
    ew_release(&out);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyObject *pack_q8(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *w, *packed;
    Py_ssize_t n, k;
    if (!PyArg_ParseTuple(args, "OnnO:pack_q8", &w, &n, &k, &packed) || !sound_shape(n, k, 1))
        return NULL;
    Py_buffer in = {0}, out = {0};
    int ok = ew_get_buffer(w, &in, (size_t)n * (size_t)k, 0, "codes") == 0 &&
             ew_get_buffer(packed, &out, ek_packed_q8_bytes((size_t)n, (size_t)k), 1, "packed") == 0;
    if (ok)
        ek_pack_q8(out.buf, in.buf, (size_t)k, (size_t)n, (size_t)k);
    ew_release(&in);
    ew_release(&out);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyObject *pack_q4(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *blocks, *packed, *scales;
    Py_ssize_t n, k;
    if (!PyArg_ParseTuple(args, "OnnOO:pack_q4", &blocks, &n, &k, &packed, &scales) || !sound_shape(n, k, EK_GROUP))
        return NULL;
    Py_buffer in = {0}, out = {0}, out_scales = {0};
    const size_t rows = (size_t)n, inputs = (size_t)k;
    int ok = ew_get_buffer(blocks, &in, rows * (inputs / EK_GROUP) * (2 + EK_GROUP / 2), 0, "blocks") == 0 &&
             ew_get_buffer(packed, &out, ek_packed_q4_bytes(rows, inputs), 1, "packed") == 0 &&
             ew_get_buffer(scales, &out_scales, ek_packed_q4_scales(rows, inputs) * sizeof(float), 1, "scales") == 0;
    if (ok)
        ek_pack_q4(out.buf, out_scales.buf, in.buf, rows, inputs);
    ew_release(&in);
    ew_release(&out);
    ew_release(&out_scales);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyObject *quantize_rows(PyObject *module, PyObject *args) {
    (void)module;
    const char *level;
    PyObject *x, *codes, *scales, *sums;
    Py_ssize_t m, k;
    if (!PyArg_ParseTuple(args, "sOnnOOO:quantize_rows", &level, &x, &m, &k, &codes, &scales, &sums) ||
        !sound_shape(m, k, 1))
        return NULL;
    const ek_table *table = table_of(level);
    Py_buffer in = {0}, out = {0}, scale = {0}, sum = {0};
    const size_t rows = (size_t)m, inputs = (size_t)k;
    int ok = table && ew_get_buffer(x, &in, rows * inputs * sizeof(float), 0, "rows") == 0 &&
             ew_get_buffer(codes, &out, rows * ek_q8_stride(inputs), 1, "codes") == 0 &&
             ew_get_buffer(scales, &scale, rows * sizeof(float), 1, "scales") == 0 &&
             ew_get_buffer(sums, &sum, rows * sizeof(int32_t), 1, "sums") == 0;
    if (ok)
        table->quantize(out.buf, scale.buf, sum.buf, NULL, NULL, in.buf, inputs, rows, inputs, 1);
    ew_release(&in);
    ew_release(&out);
    ew_release(&scale);
    ew_release(&sum);
    return ok ? Py_NewRef(Py_None) : NULL;
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
    Py_buffer in = {0};
    const int ok = table && ew_get_buffer(x, &in, (size_t)n * sizeof(float), 0, "x") == 0;
    const float sum = ok ? table->sum_exp(in.buf, (size_t)n, (float)largest) : 0.0f;
    ew_release(&in);
    return ok ? PyFloat_FromDouble((double)sum) : NULL;
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
    {0},
};
