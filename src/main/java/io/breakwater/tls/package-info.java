/**
 * The certificate of the HTTPS servers (webhook, gateway): made here, kept in a Secret, renewed without a restart; and
 * the threads that serve their requests.
 */
package io.breakwater.tls;
