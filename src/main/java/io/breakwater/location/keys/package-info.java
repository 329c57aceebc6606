/** The master keys of a location: the ring in the Secret, the key in use, the keys that each site has, escrow. */
package io.breakwater.location.keys;
