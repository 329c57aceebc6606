package io.breakwater.rotation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.location.keys.KeyRing;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The command {@code merge-master-keys}, which the script {@code deploy/keys-copy} runs. */
public final class MergeMasterKeys {
    private static final String USAGE = """
        Merges the master keys of two clusters. No key is lost.

          merge-master-keys [--into first|second]

        Reads one or two Secrets in JSON from standard input: the one whose current key becomes the current key, then the
        one of the other cluster, if it has one. Writes the merged Secret to standard output in JSON, for "kubectl replace" on the
        cluster that --into names (default second), or for "kubectl create" if there is one Secret only. The command itself
        changes no cluster. deploy/keys-copy runs it for both clusters.
        """;
    private static final int UNREADABLE = 2;
    private static final String APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private MergeMasterKeys() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        PrintStream messages = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), System.in, out, messages));
    }

    /**
     * Runs the command.
     *
     * @return its exit code: 0, or 2 if arguments or input are not valid; standard output is empty then
     */
    static int run(List<String> arguments, InputStream in, PrintStream out, PrintStream messages) {
        boolean help = List.of("-h", "--help").contains(arguments.isEmpty() ? "" : arguments.getFirst());
        boolean first = arguments.equals(List.of("--into", "first"));
        if (help || !arguments.isEmpty() && !first && !arguments.equals(List.of("--into", "second"))) {
            (help ? out : messages).print(USAGE);
            return help ? 0 : UNREADABLE;
        }
        try {
            List<Secret> secrets = read(in);
            Secret merged = merged(secrets, first);
            out.print(new KubernetesSerialization().asJson(merged));
            KeyRing ring = KeyRing.of(merged.getData());
            messages.println("master key " + ring.current() + " is the current one of "
                    + ring.ids().size() + ": " + String.join(", ", ring.ids()));
            return 0;
        } catch (IOException | IllegalArgumentException e) {
            messages.println("the Secrets on standard input cannot be merged: " + e.getMessage());
            return UNREADABLE;
        }
    }

    private static List<Secret> read(InputStream in) throws IOException {
        List<Secret> secrets = new ArrayList<>();
        try (MappingIterator<JsonNode> documents =
                JSON.readerFor(JsonNode.class).readValues(in)) {
            while (documents.hasNext()) {
                Secret secret = new KubernetesSerialization().convertValue(documents.next(), Secret.class);
                if (!"Secret".equals(secret.getKind()) || secret.getData() == null) {
                    throw new IllegalArgumentException("there is an object that is not a Secret with data");
                }
                secrets.add(secret);
            }
        } catch (RuntimeException e) {
            // The cause may quote the content.
            throw new IllegalArgumentException("they are not Secrets in JSON");
        }
        if (secrets.isEmpty() || secrets.size() > 2) {
            throw new IllegalArgumentException("there are " + secrets.size() + " of them, not one or two");
        }
        return secrets;
    }

    private static Secret merged(List<Secret> secrets, boolean first) {
        Secret target = secrets.get(first ? 0 : secrets.size() - 1);
        Map<String, String> data = new TreeMap<>(target.getData());
        data.keySet().removeIf(name -> name.equals(KeyRing.ENTRY) || name.startsWith(KeyRing.OLDER));
        for (Secret secret : secrets) {
            KeyRing ring = KeyRing.of(secret.getData());
            ring.ids().forEach(id -> add(data, id, ring.text(id)));
        }
        Map<String, String> labels = new TreeMap<>();
        secrets.forEach(s -> labels.putAll(
                s.getMetadata().getLabels() == null ? Map.of() : s.getMetadata().getLabels()));
        return new SecretBuilder()
                .withMetadata(metadata(target.getMetadata(), labels, secrets.size() == 2 || first))
                .withType(target.getType())
                .withData(data)
                .build();
    }

    private static void add(Map<String, String> data, String id, String text) {
        String encoded = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
        if (!data.containsKey(KeyRing.ENTRY)) {
            data.put(KeyRing.ENTRY, encoded);
        } else if (!data.get(KeyRing.ENTRY).equals(encoded)) {
            data.put(KeyRing.OLDER + id, encoded);
        }
    }

    /** The resource version makes a replacement fail if the Secret changed meanwhile. All else that ties it to a cluster is cut. */
    private static ObjectMeta metadata(ObjectMeta target, Map<String, String> labels, boolean replaces) {
        Map<String, String> annotations =
                replaces && target.getAnnotations() != null ? new TreeMap<>(target.getAnnotations()) : new TreeMap<>();
        annotations.remove(APPLIED);
        return new ObjectMetaBuilder()
                .withName(target.getName())
                .withNamespace(target.getNamespace())
                .withLabels(labels)
                .withAnnotations(annotations)
                .withResourceVersion(replaces ? target.getResourceVersion() : null)
                .build();
    }
}
