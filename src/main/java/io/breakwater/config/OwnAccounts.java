package io.breakwater.config;

import java.util.List;

/**
 * The ServiceAccounts of Breakwater that write its objects. The Helm chart creates them. Other accounts of the namespace, such as
 * that of the gateway, have no such rights.
 */
public final class OwnAccounts {
    private static final String PREFIX = "system:serviceaccount:";
    private static final String OPERATOR = "breakwater-operator";
    private static final String GUARD = "breakwater-guard";

    private OwnAccounts() {}

    /** User name of the operator, in the namespace of the installation. */
    public static String operator(String namespace) {
        return PREFIX + namespace + ":" + OPERATOR;
    }

    /** User name of the guard, next to an operator with this user name; that name itself if it is not a ServiceAccount. */
    public static String guardNextTo(String operator) {
        return operator.startsWith(PREFIX) ? operator.substring(0, operator.lastIndexOf(':') + 1) + GUARD : operator;
    }

    /** All user names, in the namespace of the installation. */
    public static List<String> of(String namespace) {
        return List.of(operator(namespace), PREFIX + namespace + ":" + GUARD);
    }
}
