package io.breakwater.it;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Loads of the benchmark, and the bare requests that it compares with: the minimum of work for the API server, or for
 * restic.
 */
final class BenchLoad {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONNECTIONS = 16;

    /** Number of objects in memory here at the same time. */
    private static final int BATCH = 10_000;

    private static final Pattern CONTINUE = Pattern.compile("\"continue\":\"([^\"]+)\"");
    private static final List<String> LISTED = List.of(
            "api/v1/%s/configmaps",
            "api/v1/%s/secrets",
            "api/v1/%s/services",
            "api/v1/%s/endpoints",
            "apis/discovery.k8s.io/v1/%s/endpointslices",
            "apis/apps/v1/%s/deployments",
            "apis/apps/v1/%s/replicasets");

    private final Site site;
    private final String namespace;
    private final Random random = new Random(1);

    BenchLoad(Site site, String namespace) {
        this.site = site;
        this.namespace = namespace;
    }

    static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    void configMaps(int count) {
        create(IntStream.range(0, count).mapToObj(this::configMap).toList());
    }

    /** Half ConfigMaps, half Secrets of 1 KiB; with numbers in the given range. */
    void secretsAndConfigMaps(int from, int to) {
        for (int i = from; i < to; i += BATCH) {
            create(IntStream.range(i, Math.min(to, i + BATCH))
                    .mapToObj(n -> n % 2 == 0 ? configMap(n) : secret(n))
                    .toList());
        }
    }

    /** Half ConfigMaps and 30 % Secrets of 1 KiB, 10 % headless Services, 10 % Deployments without pods. */
    void objects(int count) {
        create(IntStream.range(0, count)
                .mapToObj(i -> switch (i % 10) {
                    case 0, 1, 2, 3, 4 -> configMap(i);
                    case 5, 6, 7 -> secret(i);
                    case 8 -> service(i);
                    default -> deployment(i);
                })
                .toList());
    }

    /** Lists every collection with many of them, in pages of 500, and discards the bytes. */
    void list() {
        for (String collection : LISTED) {
            String token = "";
            do {
                String path = collection.formatted("namespaces/" + namespace) + "?limit=500"
                        + (token.isEmpty() ? "" : "&continue=" + token);
                token = page(path);
            } while (!token.isEmpty());
        }
    }

    /** A claim of a StorageClass, and a pod that writes to it. */
    void volume(String storageClass) {
        site.cluster()
                .apply(
                        namespace,
                        VOLUME.replace("IMAGE", Rig.environment("BREAKWATER_MOVER_IMAGE"))
                                .replace("CLASS", storageClass));
        site.cluster().kubectl("wait", "pod/bench", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
    }

    /** A snapshot of the claim, and a separate repository for restic on another claim. */
    void prepareRestic() {
        site.cluster().apply(namespace, PEER + job("init", "restic init", "bench"));
        complete("init");
        site.cluster()
                .kubectl(
                        "wait",
                        "volumesnapshot/peer",
                        "-n",
                        namespace,
                        "--for=jsonpath={.status.readyToUse}=true",
                        "--timeout=120s");
    }

    /** restic, from a volume created from the snapshot; seconds from the creation of claim and Job to the end. */
    double resticAlone() {
        return seconds(() -> {
            site.cluster().apply(namespace, CLONE + job("alone", "restic backup /data", "clone"));
            complete("alone");
        });
    }

    private static String job(String name, String command, String claim) {
        return RESTIC.replace("IMAGE", Rig.environment("BREAKWATER_MOVER_IMAGE"))
                .replace("NAME", name)
                .replace("COMMAND", command)
                .replace("CLAIM", claim);
    }

    private void complete(String job) {
        site.cluster().kubectl("wait", "job/" + job, "-n", namespace, "--for=condition=Complete", "--timeout=600s");
    }

    /** Fills the volume with files that do not compress, 4 MiB each; or overwrites that much of them. */
    void write(int mebibytes) {
        site.cluster()
                .kubectl(
                        "exec",
                        "bench",
                        "-n",
                        namespace,
                        "--",
                        "sh",
                        "-c",
                        ("i=0; left=%d; while [ $left -gt 0 ]; do n=$((left<4?left:4)); head -c ${n}M /dev/urandom >"
                                        + " /data/$i; i=$((i+1)); left=$((left-n)); done; sync")
                                .formatted(mebibytes));
    }

    private record Made(String collection, Object body) {}

    private Made configMap(int i) {
        return made("api/v1", "configmaps", "v1", "ConfigMap", i, Map.of("data", Map.of("text", text())));
    }

    private Made secret(int i) {
        String data = Base64.getEncoder().encodeToString(text().getBytes(StandardCharsets.UTF_8));
        return made("api/v1", "secrets", "v1", "Secret", i, Map.of("data", Map.of("text", data)));
    }

    private Made service(int i) {
        return made(
                "api/v1",
                "services",
                "v1",
                "Service",
                i,
                Map.of(
                        "spec",
                        Map.of(
                                "clusterIP",
                                "None",
                                "selector",
                                Map.of("app", "none-" + i),
                                "ports",
                                List.of(Map.of("port", 80)))));
    }

    private Made deployment(int i) {
        Map<String, String> labels = Map.of("app", "none-" + i);
        return made(
                "apis/apps/v1",
                "deployments",
                "apps/v1",
                "Deployment",
                i,
                Map.of(
                        "spec",
                        Map.of(
                                "replicas",
                                0,
                                "selector",
                                Map.of("matchLabels", labels),
                                "template",
                                Map.of(
                                        "metadata",
                                        Map.of("labels", labels),
                                        "spec",
                                        Map.of("containers", List.of(Map.of("name", "none", "image", "none")))))));
    }

    private Made made(
            String api, String collection, String apiVersion, String kind, int i, Map<String, Object> content) {
        Map<String, Object> body = new HashMap<>(content);
        body.put("apiVersion", apiVersion);
        body.put("kind", kind);
        body.put("metadata", Map.of("name", "bench-" + i));
        return new Made(api + "/namespaces/" + namespace + "/" + collection, body);
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        random.ints(1000, 'a', 'z' + 1).forEach(c -> text.append((char) c));
        return text.toString();
    }

    private void create(List<Made> objects) {
        AtomicReference<String> refused = new AtomicReference<>();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Semaphore free = new Semaphore(CONNECTIONS);
            for (Made object : objects) {
                free.acquire();
                executor.execute(() -> {
                    try {
                        post(object);
                    } catch (IOException | ExecutionException | InterruptedException e) {
                        refused.compareAndSet(null, e.toString());
                    } finally {
                        free.release();
                    }
                });
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        if (refused.get() != null) {
            throw new IllegalStateException(refused.get());
        }
    }

    private void post(Made object) throws IOException, ExecutionException, InterruptedException {
        HttpClient http = site.client().getHttpClient();
        HttpResponse<byte[]> response = http.sendAsync(
                        http.newHttpRequestBuilder()
                                .uri(site.client().getMasterUrl() + object.collection())
                                .method("POST", "application/json", JSON.writeValueAsString(object.body()))
                                .build(),
                        byte[].class)
                .get();
        if (!response.isSuccessful()) {
            throw new IOException(response.code() + " " + new String(response.body(), StandardCharsets.UTF_8));
        }
    }

    /** Reads one page to its end; the token of the next page is near its start. */
    private String page(String path) {
        HttpClient http = site.client().getHttpClient();
        try {
            HttpResponse<InputStream> response = http.sendAsync(
                            http.newHttpRequestBuilder()
                                    .uri(site.client().getMasterUrl() + path)
                                    .build(),
                            InputStream.class)
                    .get();
            // It is not closed after its end: the client would reset a connection that may already have another
            // request.
            InputStream body = response.body();
            String head = new String(body.readNBytes(2048), StandardCharsets.UTF_8);
            body.transferTo(OutputStream.nullOutputStream());
            Matcher token = CONTINUE.matcher(head);
            return token.find() ? token.group(1) : "";
        } catch (IOException | ExecutionException e) {
            throw new IllegalStateException("GET " + path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static final String VOLUME = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: bench}
        spec:
          storageClassName: CLASS
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 8Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: bench}
        spec:
          terminationGracePeriodSeconds: 1
          securityContext: {runAsUser: 0}
          containers:
          - name: bench
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "36000"]
            volumeMounts: [{name: data, mountPath: /data}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: bench}}]
        """;

    private static final String RESTIC = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: NAME}
        spec:
          backoffLimit: 0
          template:
            spec:
              restartPolicy: Never
              securityContext: {runAsUser: 0}
              containers:
              - name: restic
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sh, -c, "COMMAND"]
                env:
                - {name: RESTIC_REPOSITORY, value: /repository}
                - {name: RESTIC_PASSWORD, value: bench}
                volumeMounts:
                - {name: data, mountPath: /data, readOnly: true}
                - {name: repository, mountPath: /repository}
              volumes:
              - {name: data, persistentVolumeClaim: {claimName: CLAIM}}
              - {name: repository, persistentVolumeClaim: {claimName: repository}}
        """;

    private static final String PEER = """
        apiVersion: snapshot.storage.k8s.io/v1
        kind: VolumeSnapshot
        metadata: {name: peer}
        spec: {source: {persistentVolumeClaimName: bench}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: repository, labels: {breakwater.io/exclude: "true"}}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 8Gi}}
        ---
        """;

    private static final String CLONE = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: clone, labels: {breakwater.io/exclude: "true"}}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 8Gi}}
          dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: peer}
        ---
        """;
}
