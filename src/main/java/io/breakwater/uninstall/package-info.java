/** The command that removes an installation from a cluster: it reports what would be affected, and removes it in order. */
package io.breakwater.uninstall;
