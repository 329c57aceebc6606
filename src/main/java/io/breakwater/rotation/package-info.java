/**
 * Rotation of master keys: when a location switches to the next key, which points and repositories need which key, and what
 * must be re-keyed before an older key can be removed.
 */
package io.breakwater.rotation;
