/**
 * Kubernetes objects of any kind as JSON: discovery of kinds, lists in pages, selection. Works on the bytes of the API
 * server without typed models, so that no field is lost.
 *
 * <p>{@code CaptureRules} decides which objects an archive excludes: those that the cluster creates again from captured
 * ones (pods and other objects of a built-in controller, leases, events), and those that only describe the moment. Pods
 * without a controller are captured.
 */
package io.breakwater.resource;
