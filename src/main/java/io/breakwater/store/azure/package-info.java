/** Azure Blob Storage as an {@link io.breakwater.store.ObjectStore}. */
package io.breakwater.store.azure;
