package io.breakwater.watch;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A client whose informers of all objects of a kind are users of the shared ones. It replaces the four calls by which an informer of
 * a complete kind is made, and passes on all others. A selector or a namespace leads to an ordinary informer.
 */
final class SharingClient {
    private SharingClient() {}

    static KubernetesClient of(KubernetesClient client, SharedInformers informers) {
        return (KubernetesClient) proxy(client, (proxy, method, arguments) -> {
            Object result = call(client, method, arguments);
            boolean ofKind = method.getName().equals("resources")
                    && arguments.length == 1
                    && HasMetadata.class.isAssignableFrom((Class<?>) arguments[0]);
            return ofKind ? proxy(result, new KindCalls(result, (Class<?>) arguments[0], informers)) : result;
        });
    }

    /** The calls of an operation on all objects of a kind. */
    private record KindCalls(Object operation, Class<?> type, SharedInformers informers) implements InvocationHandler {
        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            return switch (method.getName()) {
                case "runnableInformer" -> informers.informer(type.asSubclass(HasMetadata.class));
                case "inAnyNamespace", "withLimit" -> sameKind(call(operation, method, arguments));
                case "withLabelSelector" ->
                    arguments[0] == null
                            ? sameKind(call(operation, method, arguments))
                            : call(operation, method, arguments);
                default -> call(operation, method, arguments);
            };
        }

        private Object sameKind(Object result) {
            return proxy(result, new KindCalls(result, type, informers));
        }
    }

    private static Object proxy(Object target, InvocationHandler calls) {
        Set<Class<?>> interfaces = new LinkedHashSet<>();
        for (Class<?> type = target.getClass(); type != null; type = type.getSuperclass()) {
            interfaces.addAll(Arrays.asList(type.getInterfaces()));
        }
        interfaces.removeIf(type -> !type.getName().startsWith("io.fabric8."));
        return Proxy.newProxyInstance(SharingClient.class.getClassLoader(), interfaces.toArray(Class<?>[]::new), calls);
    }

    private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
