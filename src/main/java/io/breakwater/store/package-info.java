/**
 * Object stores: the {@link io.breakwater.store.ObjectStore} interface, soft deletion, locks, and a store on a
 * directory. The stores of vendors are in packages of their own.
 */
package io.breakwater.store;
