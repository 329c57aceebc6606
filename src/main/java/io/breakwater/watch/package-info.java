/** One informer and one copy of each kind that this process watches, for all controllers and all readers. */
package io.breakwater.watch;
