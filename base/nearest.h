/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far a mistyped name is from a known one, for suggestions.
 */
#ifndef POSTHORN_BASE_NEAREST_H
#define POSTHORN_BASE_NEAREST_H

#include <stddef.h>

/* Levenshtein distance; a large number for names over 48 characters. */
size_t name_distance(const char *a, const char *b);
/* The distance up to which a suggestion makes sense. */
size_t name_distance_max(const char *name);

#endif
