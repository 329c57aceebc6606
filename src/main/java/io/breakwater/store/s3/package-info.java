/** S3 and servers that speak its protocol as an {@link io.breakwater.store.ObjectStore}. */
package io.breakwater.store.s3;
