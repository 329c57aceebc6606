/** Volumes: which can be captured, and their CSI snapshots, single, in groups, or retained in the storage. */
package io.breakwater.volume;
