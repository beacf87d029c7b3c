// SPDX-License-Identifier: Apache-2.0
// The functions of edge._kernels.
#ifndef EW_FUNCTIONS_H
#define EW_FUNCTIONS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyMethodDef ew_functions[];

#endif
