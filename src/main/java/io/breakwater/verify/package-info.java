/**
 * Verifications: the proof that points can be restored. A run reads all of a point, restores it into a temporary namespace,
 * runs checks there, and deletes the namespace. It uses the same Restores, mover Jobs and conditions as users do.
 */
package io.breakwater.verify;
