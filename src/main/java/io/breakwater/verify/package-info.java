/**
 * Verifications: proof that points restore. Reads all of a point, restores it in a namespace of its own, runs checks
 * there, and deletes that namespace. Made of what users have too: Restores, mover Jobs, conditions.
 */
package io.breakwater.verify;
