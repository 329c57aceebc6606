/**
 * BackupPolicies: when points are made, where they go, which are kept, and whether the promise holds; and templates, which keep
 * policies in other namespaces. Uses {@code api}, {@code config}, {@code observe}, {@code steps}, {@code location},
 * {@code gateway}, {@code catalog}, {@code volume} and {@code failover}.
 */
package io.breakwater.policy;
