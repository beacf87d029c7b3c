// SPDX-License-Identifier: Apache-2.0
// GGUF files (version 2 and 3, little-endian): a walk over bytes that may be hostile.
//
// Nothing is allocated. One bounded cursor reads the header; every count, size, type and offset is proved against
// the bytes that are really there before it is used. Tensor data must lie one after the other, padded to the
// alignment, as every writer does: then nothing can overlap, and nothing can hide in between.
//
// Limits: a header of 256 MiB, 65,536 keys and tensors, keys and tensor names of 1 to 65,535 bytes, strings of 16 MiB,
// arrays of 16 M elements, 4 dimensions, alignment a power of two from 8 to 65,536. Whether a name stands twice is the
// caller's to find out: it is the one question that needs memory.
#ifndef EW_GGUF_H
#define EW_GGUF_H

#include <stddef.h>
#include <stdint.h>

enum { EW_GGUF_STRING = 8, EW_GGUF_ARRAY = 9 };

typedef struct {
    const char *bytes;
    size_t length;
} ew_gguf_string;

typedef struct {
    ew_gguf_string key;
    uint32_t type;          // of the value; EW_GGUF_ARRAY: of an array of `element_type`
    uint32_t element_type;  // arrays only
    uint64_t count;         // elements; 1 for a scalar
    const uint8_t *payload; // scalar or elements; a string starts with its 8-byte length
    size_t payload_bytes;
} ew_gguf_entry;

typedef struct {
    ew_gguf_string name;
    uint32_t type, n_dims;
    uint64_t ne[4];      // innermost first, 1 past n_dims
    uint64_t data_start; // from the start of the file
    uint64_t data_bytes;
} ew_gguf_tensor;

typedef struct {
    uint32_t version, alignment;
    uint64_t n_entries, n_tensors;
    uint64_t data_start;
} ew_gguf_info;

typedef struct {
    const char *problem;    // what was expected there
    size_t offset;          // of the field, in the file
    ew_gguf_string subject; // the key or tensor it belongs to, of length 0 outside of them
    uint64_t found;         // the value that stands there,
    int has_found;          // where one does
} ew_gguf_error;

// Called once an entry or tensor; nonzero stops the walk.
typedef struct {
    void *context;
    int (*entry)(void *context, const ew_gguf_entry *entry);
    int (*tensor)(void *context, const ew_gguf_tensor *tensor);
} ew_gguf_visitor;

// Proves the whole file: 0, or -1 with *error.
int ew_gguf_check(const uint8_t *data, size_t size, ew_gguf_info *info, ew_gguf_error *error);

// Visits the entries, then the tensors, of a file that ew_gguf_check has passed. 0, or -1 where the visitor stopped.
int ew_gguf_walk(const uint8_t *data, size_t size, const ew_gguf_visitor *visitor);

// Both at once, of a copy of a file's header: the `header_bytes` that come before its data (info.data_start, or the
// whole file where it is shorter). Proves all of it again, since a file may change between two looks. 0; -1 where it is
// no such header (*error) or where the visitor stopped.
int ew_gguf_walk_header(const uint8_t *header, size_t header_bytes, uint64_t file_bytes, const ew_gguf_visitor *visitor,
                        ew_gguf_info *info, ew_gguf_error *error);

// The next of the strings between *at and end, moving *at past it; -1 where it does not fit.
int ew_gguf_next_string(const uint8_t **at, const uint8_t *end, ew_gguf_string *string);

#endif
