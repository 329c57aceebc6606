/** BackupPolicies: schedules, locations, retention and objectives of points. */
package io.breakwater.policy;
