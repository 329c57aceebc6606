/**
 * The gateway: the only process that hands data of stores to movers. Serves repositories by restic's REST protocol
 * (version 2), each request against a ticket, a token and the epoch of the plan.
 */
package io.breakwater.gateway;
