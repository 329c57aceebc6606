/** Mover Jobs: their spec, start, progress and result. */
package io.breakwater.mover;
