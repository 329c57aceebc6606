package io.breakwater.rotation;

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
            Puts a new master key into a Secret, and keeps the one that it has beside it.

              kubectl get secret breakwater-master-key -n shop -o yaml | rotate-master-key

            Reads the Secret on standard input, in YAML or JSON, and writes the new one on standard output, to be applied on
            all clusters that share its locations; on standard error it says which key is which. Nothing is changed by it.
            """;
    private static final int UNREADABLE = 2;

    private RotateMasterKey() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        PrintStream told = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), System.in, out, told));
    }

    /**
     * Runs the command.
     *
     * @return its exit code: 0, or 2 when arguments or input cannot be understood; nothing was written then
     */
    static int run(List<String> arguments, InputStream in, PrintStream out, PrintStream told) {
        if (!arguments.isEmpty()) {
            boolean asked = List.of("-h", "--help").contains(arguments.getFirst());
            (asked ? out : told).print(USAGE);
            return asked ? 0 : UNREADABLE;
        }
        try {
            KubernetesSerialization yaml = new KubernetesSerialization();
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Secret before = yaml.unmarshal(text, Secret.class);
            if (before == null || !"Secret".equals(before.getKind()) || before.getData() == null) {
                throw new IllegalArgumentException("it is no Secret with data");
            }
            KeyRing ring = KeyRing.of(before.getData());
            Secret after = rotated(before, ring);
            out.print(yaml.asYaml(after));
            told.println("master key " + KeyRing.of(after.getData()).current() + " is new; "
                    + String.join(", ", ring.ids()) + " stay for what was written with them");
            return 0;
        } catch (IOException | IllegalArgumentException | KubernetesClientException e) {
            told.println("the Secret on standard input cannot be used: " + e.getMessage());
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
        // What ties an object to one cluster stays behind.
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
