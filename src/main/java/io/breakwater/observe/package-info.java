/**
 * What we tell the outside: conditions and status, events, metrics. The same reason words everywhere. Uses {@code api}.
 */
package io.breakwater.observe;
