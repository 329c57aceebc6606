/**
 * RestorePoints: the run that captures a namespace (quiesce, snapshot, archive, move, seal), and the deletion of a
 * point.
 */
package io.breakwater.capture;
