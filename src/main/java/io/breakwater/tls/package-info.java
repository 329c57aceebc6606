/**
 * The certificate that our own HTTPS servers (webhook, gateway) show: made by ourselves, kept in a Secret, renewed without
 * a restart; and the threads that serve their requests. Uses {@code config} and {@code api}.
 */
package io.breakwater.tls;
