/** Answers the two questions of every path to data: who vouches for the content of a point, and who asks for the work. */
package io.breakwater.trust;
