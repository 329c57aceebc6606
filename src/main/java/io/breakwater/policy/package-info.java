/**
 * BackupPolicies: when points are made, where they are stored, which are kept, and whether the objectives are met.
 */
package io.breakwater.policy;
