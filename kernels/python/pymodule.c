// SPDX-License-Identifier: Apache-2.0
// edge._kernels: the module and what it is made of. No logic here.
#include "functions.h"
#include "model_type.h"

static int add_names(PyObject *module) {
    PyObject *sizes = ew_largest_sizes();
    PyObject *model = ew_make_model_type();
    PyObject *state = model ? ew_make_state_type(model) : NULL;
    const int failed = !sizes || !state || PyModule_AddObjectRef(module, "LARGEST_SIZES", sizes) != 0 ||
                       PyModule_AddObjectRef(module, "Model", model) != 0 ||
                       PyModule_AddObjectRef(module, "State", state) != 0;
    Py_XDECREF(sizes);
    Py_XDECREF(model);
    Py_XDECREF(state);
    return failed ? -1 : 0;
}

PyMODINIT_FUNC PyInit__kernels(void) {
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, .m_name = "edge._kernels", .m_size = -1, .m_methods = ew_functions};
    PyObject *module = PyModule_Create(&definition);
    if (module && add_names(module) != 0)
        Py_CLEAR(module);
    return module;
}
