package io.breakwater.catalog;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.archive.ArchiveIdentity;
import io.breakwater.location.keys.KeyRing;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The command {@code open-archive}, which needs neither a cluster nor a store. */
public final class OpenArchive {
    private static final String USAGE = """
        Decrypts the archive of a point. Needs the master key and the file of the archive only.

          open-archive --key-file masterKey [--seal point.json] [--voucher point.<keyId>.json] resources.enc > resources.tar.gz

          --key-file  file with a master key: 32 bytes in base64, as the Secret has it; can be repeated for older keys
          --seal      the seal of the point; its signature is verified, and the archive is compared with its digest
          --voucher   the file next to the seal with the id of the master key in its name; needs --seal. After a rotation of
                      the master key, the newer key opens the archive through this file

        Without --seal only the encryption is verified: the archive is unaltered, but it may be of an interrupted attempt.
        """;
    private static final int FAILED = 2;
    private static final int BUFFER = 64 << 10;
    private static final long LARGEST_DOCUMENT = 1 << 20;

    private final List<Path> keyFiles = new ArrayList<>();
    private Path seal;
    private Path voucher;
    private Path archive;

    private OpenArchive() {}

    public static void main(String[] arguments) {
        PrintStream messages = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), System.out, messages));
    }

    /**
     * Runs the command.
     *
     * @return its exit code: 0, or 2 if something is not valid; standard output is incomplete then
     */
    static int run(List<String> arguments, OutputStream out, PrintStream messages) {
        if (arguments.contains("-h") || arguments.contains("--help")) {
            messages.print(USAGE);
            return 0;
        }
        OpenArchive command = new OpenArchive();
        if (!command.parse(arguments)) {
            messages.print(USAGE);
            return FAILED;
        }
        try {
            messages.println(command.decrypt(out));
            return 0;
        } catch (IOException | BreakwaterException | IllegalArgumentException e) {
            messages.println(command.archive + " was not decrypted: " + e.getMessage());
            return FAILED;
        }
    }

    private boolean parse(List<String> arguments) {
        for (Iterator<String> left = arguments.iterator(); left.hasNext(); ) {
            String name = left.next();
            boolean option = name.startsWith("-");
            if (option && !left.hasNext() || !option && archive != null) {
                return false;
            }
            switch (name) {
                case "--key-file" -> keyFiles.add(Path.of(left.next()));
                case "--seal" -> seal = Path.of(left.next());
                case "--voucher" -> voucher = Path.of(left.next());
                default -> {
                    if (option) {
                        return false;
                    }
                    archive = Path.of(name);
                }
            }
        }
        return archive != null && !keyFiles.isEmpty() && (voucher == null || seal != null);
    }

    private String decrypt(OutputStream out) throws IOException {
        KeyRing ring = ring();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(archive), BUFFER)) {
            ArchiveHeader header = ArchiveHeader.read(in);
            ArchiveCipher cipher = seal == null ? withHeader(header, ring) : withSeal(ring);
            cipher.decrypting(in).transferTo(out);
            out.flush();
            return "decrypted the archive of point " + header.identity().source() + "/"
                    + header.identity().point() + "; "
                    + (seal == null
                            ? "no seal was given, so its age was not verified"
                            : "seal and digest were verified");
        }
    }

    private ArchiveCipher withHeader(ArchiveHeader header, KeyRing ring) {
        ArchiveIdentity identity = header.identity();
        if (!ring.has(header.keyId())) {
            throw new IllegalArgumentException("it needs master key " + header.keyId() + ", and the key files have "
                    + String.join(", ", ring.ids())
                    + "; add that key, or name the seal and the voucher of a newer key");
        }
        return ArchiveCipher.unwrap(identity, ring.archiveKey(header.keyId(), identity.source()), header.archiveKey());
    }

    private ArchiveCipher withSeal(KeyRing ring) throws IOException {
        byte[] content = document(seal);
        SealSignatures signatures = SealSignatures.ofFiles(ring, voucher == null ? null : document(voucher));
        PointDocument point = signatures.verify(SealCodec.place(content), content);
        String expected = point.storedArchive()
                .map(PointDocument.StoredObject::sha256)
                .orElseThrow(() -> new IllegalArgumentException(seal + " names no archive"));
        if (!digest().equals(expected)) {
            throw new IllegalArgumentException("it does not have the digest that " + seal + " names");
        }
        return signatures.cipher(point, Digests.sha256Hex(content));
    }

    private String digest() throws IOException {
        try (DigestInputStream in = new DigestInputStream(Files.newInputStream(archive), Digests.sha256())) {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        }
    }

    private KeyRing ring() throws IOException {
        Map<String, String> data = new LinkedHashMap<>();
        for (Path file : keyFiles) {
            String name = data.isEmpty() ? KeyRing.ENTRY : KeyRing.OLDER + data.size();
            data.put(name, Base64.getEncoder().encodeToString(document(file)));
        }
        return KeyRing.of(data);
    }

    private static byte[] document(Path file) throws IOException {
        if (Files.size(file) > LARGEST_DOCUMENT) {
            throw new IOException(file + " has more than " + LARGEST_DOCUMENT + " bytes");
        }
        return Files.readAllBytes(file);
    }
}
