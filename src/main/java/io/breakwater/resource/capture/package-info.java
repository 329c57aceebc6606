/** Writes the objects of a namespace into an archive. */
package io.breakwater.resource.capture;
