/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry of a fuzz target, as libFuzzer calls it.
 */
#ifndef POSTHORN_TESTS_FUZZ_H
#define POSTHORN_TESTS_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_INPUT(DATA, SIZE) slice_make((const char *)(DATA), (SIZE))

#endif
