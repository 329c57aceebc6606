/** The files of a release in addition to the program: CRDs, chart, alerts and reference pages. Each is compared with the classes. */
package io.breakwater.deploy;
