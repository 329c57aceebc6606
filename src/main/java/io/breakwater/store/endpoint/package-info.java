/** The servers that a location may name as its endpoint, and the connections to them. */
package io.breakwater.store.endpoint;
