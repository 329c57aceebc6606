/**
 * The custom resources of {@code breakwater.io/v1alpha1}: specs, statuses, conditions, reasons, and the rules of single
 * values that webhook and controllers share.
 *
 * <p>Plain data. This package knows neither Quarkus nor a Kubernetes client beyond the resource base class. Field
 * descriptions are in {@code @JsonPropertyDescription}, since the CRDs and the reference of fields are generated from
 * them.
 */
package io.breakwater.api;
