/** The admission webhook: the gate on pods, and the checks of Breakwater's kinds that CEL cannot express. */
package io.breakwater.admission;
