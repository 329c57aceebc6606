/** Volumes: how each one is captured, and CSI snapshots: single, in groups, or retained in the storage. */
package io.breakwater.volume;
