/** Mover Jobs: their spec, start, progress and end. */
package io.breakwater.mover;
