/** Restores the objects of an archive into a namespace, in order and in parallel. */
package io.breakwater.resource.apply;
