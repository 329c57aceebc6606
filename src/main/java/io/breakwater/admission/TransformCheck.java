package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.PatchOperation;
import io.breakwater.api.RestoreSpec.PatchVerb;
import io.breakwater.api.RestoreSpec.Transform;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Checks the transforms of a Restore: patches that are not valid, or that would turn an object into another one. */
final class TransformCheck {
    /** Fields that identify an object. A user who could change them could restore a Secret as an object that they may read. */
    private static final List<String> IDENTITY =
            List.of("/apiVersion", "/kind", "/metadata/name", "/metadata/namespace", "/metadata/uid");

    private static final String IMMUTABLE = "kind, name, namespace and uid of an object cannot be changed";
    private static final String REQUIRED = " requires this field";
    private static final String FORBIDDEN = " does not allow this field";
    private static final Pattern HOST = Pattern.compile("[.]?([*][.])?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
    private static final Pattern IMAGE = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._:/-]{0,253}[A-Za-z0-9])?");
    private static final Pattern CLASS = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");

    private TransformCheck() {}

    static void check(RestoreSpec spec, CheckFindings findings) {
        for (int i = 0; spec.transforms != null && i < spec.transforms.size(); i++) {
            transform("spec.transforms[" + i + "]", spec.transforms.get(i), findings);
        }
        names("spec.storageClasses", spec.storageClasses, CLASS, "name of a StorageClass", findings);
        names("spec.images", spec.images, IMAGE, "prefix of an image name", findings);
        names("spec.hosts", spec.hosts, HOST, "host name", findings);
        if (spec.hosts != null) {
            spec.hosts.forEach((from, to) -> {
                if (from.startsWith(".") != to.startsWith(".")) {
                    findings.refuse(
                            "spec.hosts",
                            "'" + from + "' and '" + to
                                    + "': either both must be domains, with a leading dot, or none of them");
                }
            });
        }
    }

    private static void names(
            String field, Map<String, String> map, Pattern shape, String what, CheckFindings findings) {
        if (map != null) {
            map.forEach((from, to) -> List.of(from, to).stream()
                    .filter(name -> !shape.matcher(name).matches())
                    .forEach(name -> findings.refuse(field, "'" + name + "' is not a valid " + what)));
        }
    }

    private static void transform(String field, Transform transform, CheckFindings findings) {
        RestoreCheck.rule(field + ".select", transform.select, findings);
        if ((transform.jsonPatch == null) == isMissing(transform.mergePatch)) {
            findings.refuse(field, "exactly one of jsonPatch and mergePatch must be set");
            return;
        }
        if (transform.jsonPatch == null) {
            merge(field + ".mergePatch", transform.mergePatch, findings);
            return;
        }
        for (int i = 0; i < transform.jsonPatch.size(); i++) {
            operation(field + ".jsonPatch[" + i + "]", transform.jsonPatch.get(i), findings);
        }
    }

    private static void operation(String field, PatchOperation operation, CheckFindings findings) {
        boolean moves = operation.op == PatchVerb.move || operation.op == PatchVerb.copy;
        boolean sets =
                operation.op == PatchVerb.add || operation.op == PatchVerb.replace || operation.op == PatchVerb.test;
        if (moves == (operation.from == null)) {
            findings.refuse(field + ".from", operation.op + (moves ? REQUIRED : FORBIDDEN));
        }
        if (sets == isMissing(operation.value)) {
            findings.refuse(field + ".value", operation.op + (sets ? REQUIRED : FORBIDDEN));
        }
        if (operation.op != PatchVerb.test && changesIdentity(operation.path)) {
            findings.refuse(field + ".path", "'" + operation.path + "': " + IMMUTABLE);
        }
        if (operation.op == PatchVerb.move && operation.from != null && changesIdentity(operation.from)) {
            findings.refuse(field + ".from", "'" + operation.from + "': " + IMMUTABLE);
        }
    }

    private static boolean changesIdentity(String path) {
        return IDENTITY.stream()
                .anyMatch(field -> field.equals(path) || field.startsWith(path + "/") || path.startsWith(field + "/"));
    }

    private static void merge(String field, JsonNode patch, CheckFindings findings) {
        if (!patch.isObject()) {
            findings.refuse(field, "the patch is not an object");
            return;
        }
        for (String path : IDENTITY) {
            if (!patch.at(path).isMissingNode()) {
                findings.refuse(field, "the patch has " + path + ": " + IMMUTABLE);
            }
        }
        if (patch.has("metadata") && !patch.path("metadata").isObject()) {
            findings.refuse(field, "metadata of the patch is not an object");
        }
    }

    private static boolean isMissing(JsonNode node) {
        return node == null || node.isNull() || node.isMissingNode();
    }
}
