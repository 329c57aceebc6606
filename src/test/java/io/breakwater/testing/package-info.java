/** What tests of all packages use. */
package io.breakwater.testing;
