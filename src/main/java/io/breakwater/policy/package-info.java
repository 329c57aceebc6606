/**
 * BackupPolicies: when points are made, where they go, which are kept, and whether the promise holds. Uses {@code api},
 * {@code config}, {@code observe}, {@code location}, {@code gateway}, {@code catalog}, {@code volume} and
 * {@code failover}.
 */
package io.breakwater.policy;
