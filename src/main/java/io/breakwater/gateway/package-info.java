/**
 * The gateway: the only process that transfers data between movers and stores. It serves repositories by the REST protocol of
 * restic (version 2). It checks the ticket, the token and the epoch of the plan for each request.
 */
package io.breakwater.gateway;
