/**
 * Restores: one attempt to restore a sealed point, as journaled steps. Nothing is changed before the seal, every object
 * of the point and the author's rights are checked.
 */
package io.breakwater.restore;
