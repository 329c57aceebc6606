/**
 * The certificate of the HTTPS servers (webhook, gateway), which is created here, stored in a Secret and renewed without a
 * restart; and the threads that serve their requests.
 */
package io.breakwater.tls;
