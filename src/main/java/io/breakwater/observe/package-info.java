/** Reports of the operator: conditions and statuses, events, metrics, and the context of log lines. */
package io.breakwater.observe;
