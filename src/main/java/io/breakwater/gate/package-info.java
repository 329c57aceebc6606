/** The gate: holds the pods of a namespace for its holders, and releases them. */
package io.breakwater.gate;
