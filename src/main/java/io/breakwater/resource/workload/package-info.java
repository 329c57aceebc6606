/** Readiness of the workloads of a namespace, and the causes if they are not ready. */
package io.breakwater.resource.workload;
