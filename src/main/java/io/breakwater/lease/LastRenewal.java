package io.breakwater.lease;

import java.time.Duration;

/**
 * The last renewal of a lease, as a keeper knows it when it starts.
 *
 * @param age time since the renewal
 * @param duration validity that the lease document states. Another site takes the lease by this one, whatever the plan of the
 *     holder says
 */
public record LastRenewal(Duration age, Duration duration) {}
