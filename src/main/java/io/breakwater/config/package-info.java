/** One typed interface for every setting of an installation. */
package io.breakwater.config;
