/**
 * How a location gets from one master key to the next: when all sites know the new key, which objects need which key,
 * and what has to be done before the old one can be removed.
 */
package io.breakwater.rotation;
