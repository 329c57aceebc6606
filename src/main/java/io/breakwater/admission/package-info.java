/**
 * What the API server asks us before it stores an object: the standby gate that holds pods back, and the checks of our
 * kinds that CEL cannot express. Here too: closing and opening a namespace's gate, and the registration of the webhook.
 * Uses {@code api}, {@code config} and {@code tls}.
 */
package io.breakwater.admission;
