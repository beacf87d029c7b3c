// SPDX-License-Identifier: Apache-2.0
// edge._kernels: the module and what it is made of. No logic here.
#include "functions.h"
#include "llama_type.h"
#include "model_type.h"

// Adds an object, which is given away. 0, or -1 with an exception.
static int add(PyObject *module, const char *name, PyObject *object) {
    const int status = object ? PyModule_AddObjectRef(module, name, object) : -1;
    Py_XDECREF(object);
    return status;
}

static int add_names(PyObject *module) {
    PyObject *model = ew_make_model_type(), *llama = ew_make_llama_type();
    PyObject *state = model ? ew_make_state_type(model) : NULL;
    PyObject *llama_state = llama ? ew_make_llama_state_type(llama) : NULL;
    const int failed = (add(module, "Model", model) != 0) | (add(module, "State", state) != 0) |
                       (add(module, "Llama", llama) != 0) | (add(module, "LlamaState", llama_state) != 0);
    return failed || add(module, "LARGEST_SIZES", ew_largest_sizes()) != 0 ||
                   add(module, "LARGEST_LLAMA_SIZES", ew_llama_largest_sizes()) != 0
               ? -1
               : 0;
}

PyMODINIT_FUNC PyInit__kernels(void) {
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, .m_name = "edge._kernels", .m_size = -1, .m_methods = ew_functions};
    PyObject *module = PyModule_Create(&definition);
    if (module && add_names(module) != 0)
        Py_CLEAR(module);
    return module;
}
