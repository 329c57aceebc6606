/** What an operator reports: conditions and status, events, metrics, with the same reason words everywhere. */
package io.breakwater.observe;
