// SPDX-License-Identifier: Apache-2.0
// How a call of the engine ended. After a failure nothing has changed, where the function does not say otherwise.
#ifndef EW_STATUS_H
#define EW_STATUS_H

typedef enum {
    EW_OK = 0,
    EW_NO_MEMORY,
    EW_BAD_SIZE, // a size outside its limits, or that does not fit what it belongs to
    EW_BAD_TYPE, // weights of another type than those that are there
} ew_status;

#endif
