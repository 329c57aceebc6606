/** The index of the RestorePoints of the cluster: a short record of each, filled by the only watch of this kind. */
package io.breakwater.points;
