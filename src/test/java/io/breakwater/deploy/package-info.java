/** What is shipped beside the program: CRDs, chart, alerts. Each is checked against the classes that it speaks of. */
package io.breakwater.deploy;
