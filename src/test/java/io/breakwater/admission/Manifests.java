package io.breakwater.admission;

/** Valid manifests, which tests change. */
final class Manifests {
    static final String POLICY = """
        kind: BackupPolicy
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: shop}
        spec:
          schedule: {cron: "*/15 * * * *", timeZone: Europe/Berlin}
          objectives: {rpo: 30m}
          locationRef: {name: near}
          copies: [{locationRef: {name: far}, rpo: 1h}]
          hooks: {pre: [{podSelector: {}, command: [sync], timeout: 30s}]}
        """;
    static final String PLAN = """
        kind: FailoverPlan
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: shop}
        spec:
          sites: [{name: east, locationRef: {name: near}}, {name: west, locationRef: {name: far}}]
          activeSite: east
          rendezvousRef: {name: meet}
          policyRef: {name: shop}
          maxDataLoss: 0s
          lease: {duration: 60s}
          readiness: {timeout: 5m}
        """;
    static final String LOCATION = """
        kind: BackupLocation
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: near}
        spec: {azureBlob: {account: acc, container: backups, prefix: a/b, credentialsSecretRef: {name: s}}}
        """;
    static final String SHARED = """
        kind: BackupLocation
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: breakwater-system, name: near}
        spec: {filesystem: {path: near}, usagePolicy: {namespaces: All}}
        """;
    static final String POINT = """
        kind: RestorePoint
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: p}
        spec: {policyRef: {name: shop}, trigger: Manual}
        """;
    static final String RESTORE = """
        kind: Restore
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: r}
        spec: {restorePointRef: {name: p}}
        """;

    private Manifests() {}
}
