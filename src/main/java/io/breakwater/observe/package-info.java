/** Reports of the operator: conditions and statuses, events, metrics, the audit log, and the form of log lines. */
package io.breakwater.observe;
