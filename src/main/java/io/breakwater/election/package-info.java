/** The election of the one process of a Deployment that runs the controllers. */
package io.breakwater.election;
