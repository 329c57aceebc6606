/**
 * The custom resources of {@code breakwater.io/v1alpha1}: specs, statuses, conditions, reasons, and the rules of single
 * values that webhook and controllers share.
 *
 * <p>Plain data. This package depends neither on Quarkus nor on a Kubernetes client, except the resource base class.
 * Field descriptions are in {@code @JsonPropertyDescription}, because the CRDs and the reference of fields are
 * generated from them.
 */
package io.breakwater.api;
