/**
 * Kubernetes objects of any kind as JSON: kinds by discovery, lists in pages, selection. Works on the bytes of the API
 * server and knows no typed models, so that nothing is lost.
 *
 * <p>{@code CaptureRules} decides what stays out of an archive: what the cluster makes again from what is in it (pods
 * and other objects of a built-in controller, leases, events), and what only describes the moment. Pods without a
 * controller are captured.
 */
package io.breakwater.resource;
