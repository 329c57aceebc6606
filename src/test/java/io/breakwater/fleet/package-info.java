/**
 * The fleet: the operator as it is shipped, in a JVM of its own with little memory, next to a generated API server and a
 * generated store. Time is virtual, and all calls are counted.
 */
package io.breakwater.fleet;
