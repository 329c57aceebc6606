package io.breakwater.resource;

import io.breakwater.velero.ObjectKey;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A kind in one API version.
 *
 * @param group empty for the core group
 * @param version without the group
 * @param resource lower-case plural
 * @param hasStatus whether the status is a resource of its own, which only controllers write. Otherwise it is a field like any other.
 */
public record ApiKind(
        String group,
        String version,
        String kind,
        String resource,
        boolean namespaced,
        Set<String> verbs,
        boolean hasStatus) {
    /** A kind whose status is a resource of its own, as that of most kinds. */
    public ApiKind(String group, String version, String kind, String resource, boolean namespaced, Set<String> verbs) {
        this(group, version, kind, resource, namespaced, verbs, true);
    }

    public String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /** Name of the directory in an archive, and name of the CRD of a custom resource. */
    public String qualified() {
        return group.isEmpty() ? resource : resource + "." + group;
    }

    /** Whether objects can be listed and created. Kinds that only report values, such as metrics, cannot. */
    public boolean isCapturable() {
        return verbs.contains("list") && verbs.contains("create") && !resource.contains("/");
    }

    public ObjectKey key(String namespace, String name) {
        return new ObjectKey(group, resource, namespaced ? namespace : "", name);
    }

    /** Path of the collection; the namespace is used only for namespaced kinds. */
    public String path(String namespace) {
        String root = group.isEmpty() ? "/api/" + version : "/apis/" + group + "/" + version;
        return root + (namespaced ? "/namespaces/" + encoded(namespace) : "") + "/" + resource;
    }

    public String path(String namespace, String name) {
        return path(namespace) + "/" + encoded(name);
    }

    public static String encoded(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
