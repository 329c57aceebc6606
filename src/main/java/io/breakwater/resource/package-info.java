/**
 * Kubernetes objects of any kind, as JSON: found by discovery, listed into an archive, brought back from one in order and
 * side by side. Works on the API server's own bytes and knows no typed models, so that nothing is lost in between. Uses
 * {@code api}, {@code steps} and {@code velero}.
 *
 * <p>What stays out of an archive is decided in {@code CaptureRules}: what the cluster makes anew from what is in it (pods
 * and other objects of a built-in controller, leases, events) and what only describes the moment. Pods without a
 * controller are captured.
 */
package io.breakwater.resource;
