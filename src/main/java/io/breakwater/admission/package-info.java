/** The admission webhook: the gate for pods, and the checks of the kinds of Breakwater that CEL cannot express. */
package io.breakwater.admission;
