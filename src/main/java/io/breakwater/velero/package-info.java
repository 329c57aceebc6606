/**
 * Velero's layout of a backup in an object store: the archive of objects, written and read as a stream, and the small
 * documents that a Velero server needs to list, describe and restore the backup. Sources: Velero 1.18,
 * {@code pkg/archive}, {@code pkg/backup/item_backupper.go}, {@code pkg/persistence/object_store_layout.go}.
 */
package io.breakwater.velero;
