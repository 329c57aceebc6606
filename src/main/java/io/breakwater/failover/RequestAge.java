package io.breakwater.failover;

import java.time.Duration;

/**
 * The time since a FailoverRequest was created.
 *
 * @param least shortest time, for how long its author has known what it says
 * @param most longest time, for how long it is valid
 */
record RequestAge(Duration least, Duration most) {}
