/**
 * The gateway: the only process that holds the credentials of stores, and serves repositories to mover Jobs by restic's REST
 * protocol (version 2), each request against a ticket, a token and the epoch of the plan. Uses {@code api}, {@code config},
 * {@code location}, {@code observe} and {@code tls}.
 */
package io.breakwater.gateway;
