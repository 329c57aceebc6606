/** One typed interface for everything that an installation can set. Uses nothing of ours. */
package io.breakwater.config;
