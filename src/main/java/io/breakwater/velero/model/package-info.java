/**
 * The kinds of Velero 1.18.3, with every field: those of {@code velero.io/v1} and {@code velero.io/v2alpha1}. Names,
 * types and meanings are those of Velero's API reference; times and durations are texts.
 */
package io.breakwater.velero.model;
