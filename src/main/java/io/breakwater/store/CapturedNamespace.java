package io.breakwater.store;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Whose data it is: one namespace of one cluster, from its creation to its deletion. A namespace that is created again with the
 * same name has another uid, and is another one. No user can choose a uid, and no tool that replaces annotations can lose it.
 *
 * <p>{@link #path} writes the four parts with slashes between them. No part contains a slash, so equal paths are equal
 * identities.
 *
 * @param site name of the site that captured
 * @param name of the namespace
 * @param cluster uid of the site's cluster, which is the uid of its namespace {@code kube-system}
 * @param uid of the namespace
 */
public record CapturedNamespace(String site, String name, String cluster, String uid) {
    /** Stands for a uid that does not exist: the backups of Velero have none. */
    public static final String NO_UID = "-";

    private static final Pattern PART = Pattern.compile("[a-z0-9-]([a-z0-9.-]*[a-z0-9-])?");

    public CapturedNamespace {
        for (String part : new String[] {site, name, cluster, uid}) {
            if (part == null || !PART.matcher(part).matches()) {
                throw new IllegalArgumentException("'" + part + "' is not a valid part of an identity");
            }
        }
    }

    /** The namespace whose {@link #path} these parts are; empty when they are not valid. */
    public static Optional<CapturedNamespace> of(List<String> parts) {
        return parts.size() == 4
                        && parts.stream().allMatch(part -> PART.matcher(part).matches())
                ? Optional.of(new CapturedNamespace(parts.get(0), parts.get(1), parts.get(2), parts.get(3)))
                : Optional.empty();
    }

    /** The namespace of a backup of Velero, which contains no uid. */
    public static CapturedNamespace ofVelero(String site, String name) {
        return new CapturedNamespace(site, name, NO_UID, NO_UID);
    }

    /** {@code <site>/<name>/<cluster>/<uid>}. */
    public String path() {
        return String.join("/", site, name, cluster, uid);
    }

    /** All parts with their lengths before them, for signatures and for encryption. */
    public byte[] bytes(String... more) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String part : List.of(site, name, cluster, uid)) {
            append(bytes, part);
        }
        for (String part : more) {
            append(bytes, part);
        }
        return bytes.toByteArray();
    }

    private static void append(ByteArrayOutputStream bytes, String part) {
        byte[] text = part.getBytes(StandardCharsets.UTF_8);
        bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(text.length).array());
        bytes.writeBytes(text);
    }

    /** {@code <site>/<name>}, for messages. */
    @Override
    public String toString() {
        return site + "/" + name;
    }
}
