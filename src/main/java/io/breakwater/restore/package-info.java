/**
 * Restores: one attempt to restore a sealed point, as journaled steps. The seal, every object of the point and the rights
 * of the author are checked before anything is changed.
 */
package io.breakwater.restore;
