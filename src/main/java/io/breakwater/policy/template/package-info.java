/** Templates: one BackupPolicy of an administrator that manages a policy in every selected namespace. */
package io.breakwater.policy.template;
