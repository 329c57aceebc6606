package io.breakwater.catalog;

import io.breakwater.api.Digests;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.archive.ArchiveIdentity;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.trust.PointKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** Encrypted archives for tests. */
public final class TestArchives {
    private TestArchives() {}

    /** An archive as a capture writes it. */
    public static byte[] encrypted(PointKey key, String uid, byte[] clear, byte[] masterKey) {
        KeyRing ring = TestKeys.ring(masterKey);
        return encrypted(key, uid, clear, ring, ring.current());
    }

    private static byte[] encrypted(PointKey key, String uid, byte[] clear, KeyRing ring, String keyId) {
        ArchiveIdentity identity = ArchiveIdentity.ofResources(key, uid);
        ArchiveCipher cipher = ArchiveCipher.create(identity);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ArchiveHeader.of(identity, cipher, ring, keyId).write(out);
            try (OutputStream to = cipher.encrypting(out)) {
                to.write(clear);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Writes an archive into a store, and makes the document of its point, which is not sealed yet. */
    public static PointDocument write(ObjectStore store, PointKey key, String uid, byte[] clear, byte[] masterKey) {
        KeyRing ring = TestKeys.ring(masterKey);
        return write(store, key, uid, clear, ring, ring.current());
    }

    /** The same with one of several master keys. */
    public static PointDocument write(
            ObjectStore store, PointKey key, String uid, byte[] clear, KeyRing ring, String keyId) {
        byte[] content = encrypted(key, uid, clear, ring, keyId);
        String name = key.archiveKey(uid);
        store.write(name, content, Precondition.NONE);
        ArchiveHeader header;
        try {
            header = ArchiveHeader.read(new java.io.ByteArrayInputStream(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return PointDocument.builder(key, uid)
                .capturedAt("2026-06-01T00:00:00Z")
                .archive(name, 1)
                .objects(List.of(new PointDocument.StoredObject(name, content.length, Digests.sha256Hex(content))))
                .keyId(header.keyId())
                .archiveKey(header.archiveKey())
                .build();
    }
}
