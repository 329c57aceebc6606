/**
 * The encryption of archives: a random data key for each archive, wrapped with a key of the captured namespace, and bound to the
 * identity of the point. Knows neither stores nor clusters.
 */
package io.breakwater.archive;
