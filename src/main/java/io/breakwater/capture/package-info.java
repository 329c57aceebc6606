/**
 * RestorePoints: the run that captures a namespace (quiesce, snapshot, archive, move, seal), and the deletion of the data
 * of a point.
 */
package io.breakwater.capture;
