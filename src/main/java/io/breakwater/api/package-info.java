/**
 * The custom resources of {@code breakwater.io/v1alpha1}: specs, statuses, conditions and the reasons they carry.
 *
 * <p>Plain data. This package knows neither Quarkus nor a Kubernetes client beyond the resource base class, and nothing
 * else of ours; everything else may use it. Field descriptions live in {@code @JsonPropertyDescription}, since the CRDs
 * and the API reference are generated from there.
 */
package io.breakwater.api;
