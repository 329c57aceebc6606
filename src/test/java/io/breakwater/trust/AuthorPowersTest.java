package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The text that stamps sign. A change of it ends the stamps of all existing objects of the kind: Restores and Verifications that
 * run then fail, and the commands of policies do not run until a user edits the policy.
 */
class AuthorPowersTest {
    @Test
    void thePowersOfAPolicyStayTheSame() {
        assertThat(canonical(BackupPolicy.class, """
                schedule: {cron: "0 * * * *", timeZone: Etc/UTC}
                suspend: false
                locationRef: {name: near}
                source: {includeClusterResources: Referenced}
                hooks:
                  pre: [{podSelector: {matchLabels: {app: web}}, command: [sync], timeout: 30s, onError: Fail}]
                  post: [{podSelector: {}, container: c, command: [sh, -c, x], timeout: 1m, onError: Continue}]
                databases: [{name: d, postgresql: {podSelector: {matchLabels: {app: db}}, user: postgres}}]
                verification:
                  schedule: {cron: "0 3 * * *", timeZone: Etc/UTC}
                  level: Queried
                  point: Latest
                  readyTimeout: 10m
                  keepFor: 0s
                  checks: [{name: n, podSelector: {}, sql: {database: d, user: postgres, query: q}, timeout: 30s}]
                """)).isEqualTo("""
                {"databases":[{"name":"d","postgresql":{"podSelector":{"matchLabels":{"app":"db"}},"user":"postgres"}}],\
                "hooks":{"post":[{"command":["sh","-c","x"],"container":"c","onError":"Continue","timeout":"1m"}],\
                "pre":[{"command":["sync"],"onError":"Fail","podSelector":{"matchLabels":{"app":"web"}},"timeout":"30s"}]},\
                "verification":{"checks":[{"name":"n","sql":{"database":"d","query":"q","user":"postgres"},"timeout":"30s"}],\
                "keepFor":"0s","level":"Queried","point":"Latest","readyTimeout":"10m",\
                "schedule":{"cron":"0 3 * * *","timeZone":"Etc/UTC"}}}""");
        assertThat(canonical(BackupPolicy.class, "locationRef: {name: near}")).isEqualTo("{}");
    }

    @Test
    void thePowersOfALocationStayTheSame() {
        assertThat(canonical(BackupLocation.class, """
                s3: {bucket: b, prefix: p, region: r, endpoint: e, pathStyle: true, credentialsSecretRef: {name: s}}
                encryption: {passwordSecretRef: {name: k}, escrowSecretRef: {name: x}}
                accessMode: ReadWrite
                layout: Breakwater
                usagePolicy: {namespaces: Same}
                """)).isEqualTo("""
                {"encryption":{"escrowSecretRef":{"name":"x"},"passwordSecretRef":{"name":"k"}},\
                "s3":{"bucket":"b","credentialsSecretRef":{"name":"s"},"endpoint":"e","pathStyle":true,"prefix":"p","region":"r"}}\
                """);
        assertThat(canonical(
                        BackupLocation.class, "azureBlob: {account: a, container: c, credentialsSecretRef: {name: s}}"))
                .isEqualTo("{\"azureBlob\":{\"account\":\"a\",\"container\":\"c\","
                        + "\"credentialsSecretRef\":{\"name\":\"s\"}}}");
    }

    @Test
    void thePowersOfAnAttemptStayTheSame() {
        assertThat(canonical(Restore.class, """
                restorePointRef: {name: p}
                targetNamespace: t
                include: [{kinds: [secrets], names: [s]}]
                onConflict: Fail
                volumes: Restore
                dryRun: false
                storageClasses: {a: b}
                """)).isEqualTo("""
                {"dryRun":false,"include":[{"kinds":["secrets"],"names":["s"]}],"onConflict":"Fail",\
                "restorePointRef":{"name":"p"},"storageClasses":{"a":"b"},"targetNamespace":"t","volumes":"Restore"}""");
        assertThat(canonical(Verification.class, "policyRef: {name: p}\nlevel: Restored\npoint: Latest"))
                .isEqualTo("{\"level\":\"Restored\",\"point\":\"Latest\",\"policyRef\":{\"name\":\"p\"}}");
    }

    @Test
    void thePowersOfAPlanStayTheSame() {
        assertThat(canonical(FailoverPlan.class, """
                sites: [{name: east, locationRef: {name: l}}, {name: west, locationRef: {name: m}}]
                activeSite: east
                rendezvousRef: {name: r}
                policyRef: {name: p}
                maxDataLoss: 0s
                """)).isEqualTo("""
                {"policyRef":{"name":"p"},"rendezvousRef":{"name":"r"},"sites":[{"locationRef":{"name":"l"},"name":"east"},\
                {"locationRef":{"name":"m"},"name":"west"}]}""");
    }

    @Test
    void otherKindsHaveNoAuthor() {
        assertThatThrownBy(() -> AuthorPowers.of(new RestorePoint()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("RestorePoint has no author");
    }

    @Test
    void handsOnAnAuthorButNotTheStampOfAnother() {
        AuthorStamps stamps = StampFixture.stamps();
        BackupPolicy policy = read(BackupPolicy.class, "locationRef: {name: near}");
        Verification verification = read(Verification.class, "policyRef: {name: n}");
        stamps.handOn(policy, verification);
        assertThat(stamps.author(verification)).isEmpty();
        assertThat(verification.getMetadata().getAnnotations()).hasSize(1);
        Author jane = new Author("jane", "", List.of("dev"), java.util.Map.of());
        stamps.sign(jane, policy);
        stamps.handOn(policy, verification);
        assertThat(stamps.author(verification)).contains(jane);
        StampFixture.foreign().sign(jane, policy);
        stamps.handOn(policy, verification);
        assertThat(stamps.author(verification)).isEmpty();
    }

    private static <T extends HasMetadata> String canonical(Class<T> type, String spec) {
        return AuthorStamps.canonical(AuthorPowers.of(read(type, spec)));
    }

    private static <T extends HasMetadata> T read(Class<T> type, String spec) {
        return Serialization.unmarshal("metadata: {namespace: shop, name: n}\nspec:\n" + spec.indent(2), type);
    }
}
