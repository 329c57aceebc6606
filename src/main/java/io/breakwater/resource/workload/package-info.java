/** Whether the workloads of a namespace are up, and why not. */
package io.breakwater.resource.workload;
