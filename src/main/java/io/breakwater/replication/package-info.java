/** Copies of sealed points in other locations: object by object, verified during the copy, the seal last. */
package io.breakwater.replication;
