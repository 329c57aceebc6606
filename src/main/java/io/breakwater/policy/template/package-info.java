/** Templates: one BackupPolicy of an administrator, kept in every selected namespace. */
package io.breakwater.policy.template;
