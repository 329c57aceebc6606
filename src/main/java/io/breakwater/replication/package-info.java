/** Copies of sealed points in other locations: object by object, verified on the way, sealed there last. */
package io.breakwater.replication;
