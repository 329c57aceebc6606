package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A restore preserves all properties of files: every kind of file, name, owner, mode, time and attribute. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class FidelityIT {
    private static final String NAMESPACE = "fidelity";
    private static final String COPY = "fidelity-copy";

    private final Rig rig;
    private final Site site;
    private String before;

    FidelityIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void capture() {
        rig.locate();
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, PODS.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        ready(NAMESPACE);
        sh(NAMESPACE, MAKE);
        before = sh(NAMESPACE, LIST);
        site.client()
                .resource(Examples.policy(NAMESPACE, "files", "blob-" + Rig.WEST))
                .create();
        site.createPoint(NAMESPACE, "point", "files");
        RestorePoint point = site.awaitPoint(NAMESPACE, "point");
        assertThat(point.getStatus().volumes)
                .hasSize(2)
                .allSatisfy(v -> assertThat(v.repositorySnapshot).isNotEmpty());
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
        site.client().namespaces().withName(COPY).delete();
    }

    @Test
    void restoresAllFileAttributesIntoNewVolumes() {
        site.createRestore(
                Rig.SYSTEM, "fidelity", "point", COPY, OnConflict.Fail, spec -> spec.sourceNamespace = NAMESPACE);
        site.awaitSuccess(Restore.class, Rig.SYSTEM, "fidelity");
        ready(COPY);

        assertThat(sh(COPY, LIST)).isEqualTo(before);
        assertThat(sh(COPY, "stat -c %b /data/sparse").strip().length())
                .as("blocks of 512 bytes, in a file of 300 MiB with holes and one block")
                .isLessThan(6);
    }

    @Test
    void restoresAllFileAttributesIntoChangedVolumes() {
        sh(NAMESPACE, SPOIL);
        assertThat(sh(NAMESPACE, LIST)).isNotEqualTo(before);
        site.restore(NAMESPACE, "undo", "point", null, OnConflict.Replace);
        ready(NAMESPACE);

        assertThat(sh(NAMESPACE, LIST)).isEqualTo(before);
    }

    private void ready(String namespace) {
        site.cluster().kubectl("wait", "pod/writer", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
    }

    private String sh(String namespace, String script) {
        return site.cluster().kubectlWith(script, "exec", "-i", "writer", "-n", namespace, "--", "bash", "-s");
    }

    private static final String PODS = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: full}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: hollow}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: writer}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: writer
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "3600"]
            securityContext: {runAsUser: 0}
            volumeMounts:
            - {name: full, mountPath: /data}
            - {name: hollow, mountPath: /hollow}
          volumes:
          - {name: full, persistentVolumeClaim: {claimName: full}}
          - {name: hollow, persistentVolumeClaim: {claimName: hollow}}
        """;

    private static final String MAKE = """
        set -eu
        cd /data
        printf content > plain
        chown 12345:54321 plain
        chmod 640 plain
        setfacl -m u:1001:rw,g:1002:r plain
        setfattr -n user.note -v kept plain
        printf x > setuid; chmod 6755 setuid
        printf x > capable; chmod 755 capable; setcap cap_net_bind_service+ep capable
        printf secret > hidden; chmod 000 hidden
        : > empty
        mkdir -p hollow deep/a/b
        ln plain hard
        ln plain deep/a/hard
        ln -s /nowhere/at/all dangling; chown -h 1:2 dangling
        ln -s ../plain deep/up
        mkfifo -m 620 pipe
        mknod null c 1 3
        mknod loop b 7 9
        truncate -s 300M sparse
        printf end | dd of=sparse bs=1 seek=200M conv=notrunc status=none
        printf 1 > "$(printf 'latin\\351\\377')"
        printf 2 > "$(printf 'line\\nbreak')"
        printf 3 > ' [*]?\\ "quoted"'
        printf 4 > ./-dash
        printf 5 > "$(printf 'n%.0s' $(seq 255))"
        setfattr -n user.binary -v 0x00ff10 deep
        setfacl -d -m u:1003:rx deep
        chmod 1777 deep; chmod 2750 deep/a; chmod 555 deep/a/b
        find . -mindepth 1 -exec touch -h -d '2001-02-03 04:05:06.123456789 UTC' {} +
        touch -d '1969-12-31 23:59:58.5 UTC' empty
        chown 70:71 /data; chmod 2770 /data
        setfacl -m u:1004:rwx /data; setfattr -n user.root -v here /data
        touch -d '2010-10-10 10:10:10.101010101 UTC' /data
        chown 80:81 /hollow; chmod 1700 /hollow; touch -d '2011-11-11 11:11:11.111111111 UTC' /hollow
        sync
        """;

    /** One line for each file, and one for each of its attributes; sizes of directories depend on the file system. */
    private static final String LIST = """
        set -eu
        declare -A first
        find /data /hollow -print0 | LC_ALL=C sort -z | while IFS= read -r -d '' f; do
          inode=$(stat -c %d:%i -- "$f")
          : "${first[$inode]:=$f}"
          size=-; hash=-
          if [ -f "$f" ] && [ ! -L "$f" ]; then size=$(stat -c %s -- "$f"); hash=$(sha256sum < "$f"); fi
          target=; if [ -L "$f" ]; then target=$(readlink -- "$f"); fi
          printf '%s %s same=%s size=%s hash=%s target=%s\\n' "$f" \\
            "$(stat -c 'kind=%F mode=%a owner=%u:%g changed=%y device=%t:%T' -- "$f")" \\
            "${first[$inode]}" "$size" "$hash" "$target"
          getfattr -h -d -m - -e hex --absolute-names -- "$f" | { grep -v '^#' || true; } | LC_ALL=C sort
        done | cat -v
        """;

    private static final String SPOIL = """
        set -eu
        cd /data
        rm -f plain pipe dangling
        mkdir plain; printf x > plain/in-the-way
        printf other > hard
        printf longer-than-before > setuid
        setcap -r capable
        setfacl -b deep; setfattr -x user.binary deep; setfattr -n user.more -v x deep
        rm -r deep/a
        printf x > extra; mkdir -p more/of/it
        truncate -s 10M sparse
        chown -R 0:0 /data /hollow; chmod -R u=rwx,g=rx,o= /data /hollow
        setfattr -x user.root /data; setfacl -b /data
        printf x > /hollow/not-any-more
        """;
}
