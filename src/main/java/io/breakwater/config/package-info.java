/** The settings of an installation, in one typed interface. */
package io.breakwater.config;
