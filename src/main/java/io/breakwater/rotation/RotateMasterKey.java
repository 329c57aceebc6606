package io.breakwater.rotation;

import io.breakwater.api.ServerMessage;
import io.breakwater.location.keys.KeyRing;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The command {@code rotate-master-key}. */
public final class RotateMasterKey {
    private static final String USAGE = """
        Adds a new master key to a Secret. The previous key stays in it as an older key.

          kubectl get secret breakwater-master-key -n shop -o yaml | rotate-master-key

        Reads the Secret from standard input, in YAML or JSON, and writes the new Secret to standard output. Apply it to
        all clusters that share its locations. Standard error lists the new key and the older keys. The command itself
        changes no cluster.
        """;
    private static final int UNREADABLE = 2;

    private RotateMasterKey() {}

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
        if (!arguments.isEmpty()) {
            boolean help = List.of("-h", "--help").contains(arguments.getFirst());
            (help ? out : messages).print(USAGE);
            return help ? 0 : UNREADABLE;
        }
        try {
            KubernetesSerialization yaml = new KubernetesSerialization();
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Secret before = yaml.unmarshal(text, Secret.class);
            if (before == null || !"Secret".equals(before.getKind()) || before.getData() == null) {
                throw new IllegalArgumentException("it is not a Secret with data");
            }
            KeyRing ring = KeyRing.of(before.getData());
            Secret after = rotated(before, ring);
            out.print(yaml.asYaml(after));
            messages.println("master key " + KeyRing.of(after.getData()).current() + " is new; "
                    + String.join(", ", ring.ids()) + " stay for data that was written with them");
            return 0;
        } catch (IOException | IllegalArgumentException | KubernetesClientException e) {
            messages.println("the Secret on standard input cannot be used: " + ServerMessage.of(e));
            return UNREADABLE;
        }
    }

    private static Secret rotated(Secret before, KeyRing ring) {
        byte[] random = new byte[KeyRing.BYTES];
        new SecureRandom().nextBytes(random);
        Map<String, String> data = new TreeMap<>(before.getData());
        String name = KeyRing.OLDER + ring.current();
        data.put(name, before.getData().get(KeyRing.ENTRY));
        data.put(
                KeyRing.ENTRY,
                Base64.getEncoder()
                        .encodeToString(
                                Base64.getEncoder().encodeToString(random).getBytes(StandardCharsets.US_ASCII)));
        // Metadata that belongs to one cluster is not copied.
        return new SecretBuilder()
                .withMetadata(new ObjectMetaBuilder()
                        .withName(before.getMetadata().getName())
                        .withNamespace(before.getMetadata().getNamespace())
                        .withLabels(before.getMetadata().getLabels())
                        .build())
                .withType(before.getType())
                .withData(data)
                .build();
    }
}
