package io.breakwater.admission;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.regex.Pattern;

/** Checks Restores: namespaces that the author may not use, and rules that are not valid. */
final class RestoreCheck {
    private static final Pattern KIND = Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?");

    /** Kinds that a Restore may create in the operator's namespace. */
    private static final List<String> DEFINITIONS =
            List.of("backuplocations." + Api.GROUP, "backuppolicies." + Api.GROUP);

    private final ReferenceCheck references;
    private final TemplateCheck templates;
    private final String ownNamespace;

    RestoreCheck(ReferenceCheck references, TemplateCheck templates, String ownNamespace) {
        this.references = references;
        this.templates = templates;
        this.ownNamespace = ownNamespace;
    }

    void check(Restore restore, boolean create, CheckFindings findings) {
        target(restore, findings);
        RestoreSpec spec = restore.getSpec();
        time(spec.at, findings);
        rules("spec.include", spec.include, findings);
        rules("spec.exclude", spec.exclude, findings);
        OrderCheck.check(spec.order, findings);
        TransformCheck.check(spec, findings);
        files(spec.files, findings);
        if (create) {
            source(restore, findings);
        }
    }

    private void target(Restore restore, CheckFindings findings) {
        String namespace = restore.getMetadata().getNamespace();
        String target = restore.getSpec().targetNamespace;
        if (target != null && !target.equals(namespace) && !namespace.equals(ownNamespace)) {
            findings.refuse(
                    "spec.targetNamespace",
                    "a Restore acts on its own namespace; to restore into '" + target + "', create it in namespace "
                            + ownNamespace + " as an administrator");
        }
        String effective = target == null ? namespace : target;
        if (effective.equals(ownNamespace) && !namesOnlyDefinitions(restore.getSpec())) {
            findings.refuse(
                    "spec.targetNamespace",
                    "'" + effective
                            + "' belongs to Breakwater; name the namespace of the application, or only kinds of "
                            + String.join(" and ", DEFINITIONS) + " in every rule of spec.include");
        }
        if (effective.startsWith("kube-")) {
            findings.refuse(
                    "spec.targetNamespace",
                    "'" + effective + "' belongs to the cluster; name the namespace of the application");
        }
    }

    /** Whether a Restore creates policies and locations only. Existing ones are never changed, and no volume is filled. */
    private static boolean namesOnlyDefinitions(RestoreSpec spec) {
        return spec.include != null
                && !spec.include.isEmpty()
                && spec.include.stream()
                        .allMatch(rule ->
                                rule.kinds != null && !rule.kinds.isEmpty() && DEFINITIONS.containsAll(rule.kinds));
    }

    private void source(Restore restore, CheckFindings findings) {
        String namespace = restore.source();
        if (!namespace.equals(restore.getMetadata().getNamespace())
                && !restore.getMetadata().getNamespace().equals(ownNamespace)) {
            findings.refuse(
                    "spec.sourceNamespace",
                    "a Restore reads points of its own namespace; to restore one of '" + namespace
                            + "', create it in namespace " + ownNamespace + " as an administrator");
            return;
        }
        RestoreSpec spec = restore.getSpec();
        if (spec.restorePointRef != null) {
            references.object(
                    RestorePoint.class, namespace, "spec.restorePointRef.name", spec.restorePointRef, findings);
        }
        if (spec.policyRef != null) {
            references.object(BackupPolicy.class, namespace, "spec.policyRef.name", spec.policyRef, findings);
            templates.reference(
                    namespace,
                    "spec.policyRef.name",
                    spec.policyRef,
                    "set spec.sourceNamespace to the namespace of the points",
                    findings);
        }
    }

    private static void time(String at, CheckFindings findings) {
        if (at == null) {
            return;
        }
        try {
            OffsetDateTime.parse(at);
        } catch (DateTimeException e) {
            findings.refuse("spec.at", "'" + at + "' is not a valid time; use the form 2026-03-01T09:30:00Z");
        }
    }

    private static void files(RestoreSpec.Files files, CheckFindings findings) {
        for (int i = 0; files != null && i < files.paths.size(); i++) {
            String path = files.paths.get(i);
            List<String> parts = List.of(path.split("/", -1));
            boolean root = parts.stream().allMatch(String::isEmpty);
            boolean relative = !path.startsWith("/") || parts.contains("..") || parts.contains(".");
            if (root || relative || path.indexOf('\0') >= 0) {
                findings.refuse(
                        "spec.files.paths[" + i + "]",
                        "'" + path + "' is not a valid path in a volume, such as '/uploads/2026'; to restore the"
                                + " whole volume, include the PersistentVolumeClaim instead");
            }
        }
    }

    static void rules(String field, List<ObjectRule> rules, CheckFindings findings) {
        for (int i = 0; rules != null && i < rules.size(); i++) {
            rule(field + "[" + i + "]", rules.get(i), findings);
        }
    }

    static void rule(String field, ObjectRule rule, CheckFindings findings) {
        for (int i = 0; rule.kinds != null && i < rule.kinds.size(); i++) {
            if (!KIND.matcher(rule.kinds.get(i)).matches()) {
                findings.refuse(
                        field + ".kinds[" + i + "]",
                        "'" + rule.kinds.get(i)
                                + "' is not a valid kind, such as 'secrets' or 'deployments.apps'; kubectl"
                                + " api-resources -o name lists the kinds");
            }
        }
    }
}
