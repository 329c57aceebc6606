package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.SignedDocument.SiteStamp;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Signs the documents of a location, and verifies them before they are parsed. A signed document is one line and a payload:
 *
 * <pre>breakwater/1 &lt;key id&gt; &lt;counter&gt; &lt;site or -&gt; &lt;signature of the site or -&gt; &lt;HMAC-SHA256&gt;</pre>
 *
 * The HMAC covers the area, the key of the object in the location, all fields of the line, and the payload. So a document is
 * valid in one place only. The key of the HMAC derives from a master key of the location, one for each area of {@link StoreLayout}.
 */
public final class DocumentSigner {
    private static final String FORMAT = "breakwater/1";
    private static final String ABSENT = "-";

    /** Bytes of the longest line. */
    private static final int LONGEST_LINE = 512;

    private static final Pattern LINE = Pattern.compile(FORMAT
            + " (?<key>[0-9a-f]{16}) (?<counter>0|[1-9][0-9]{0,17}) (?<site>-|[a-z0-9][a-z0-9.-]{0,62})"
            + " (?<stamp>-|[A-Za-z0-9_-]{86}) (?<hmac>[0-9a-f]{64})");

    private final Supplier<SigningKeys> source;
    private final Optional<SiteSigner> site;
    private final DocumentReports reports = new DocumentReports();
    private volatile SigningKeys keys;

    /** A signer without a key of a site. */
    public DocumentSigner(Supplier<SigningKeys> source) {
        this(source, Optional.empty());
    }

    /**
     * @param source reads the keys; called when they are needed for the first time, and by {@link #refresh}
     * @param site signs the documents that name their site
     */
    public DocumentSigner(Supplier<SigningKeys> source, Optional<SiteSigner> site) {
        this.source = source;
        this.site = site;
    }

    /** The key of this site; empty in a process that does not sign for it. */
    public Optional<SiteSigner> site() {
        return site;
    }

    /**
     * Reads the keys again. If that fails, the last ones stay: a Secret that cannot be read at the moment stops no lease. A key
     * that this process has used stays valid in it, although the Secret has lost it; see {@link RetainedKeys}.
     */
    public void refresh() {
        try {
            keys = RetainedKeys.of(source.get(), keys);
        } catch (RuntimeException e) {
            // The first use without keys reports it.
        }
    }

    /** The document with its signature, in the form that a store contains. */
    public byte[] sign(String key, long counter, byte[] payload) {
        return sign(keys().current(), key, counter, payload, ABSENT, ABSENT);
    }

    /** Like {@link #sign}, with the given master key if the Secret holds it. */
    public byte[] signWith(String keyId, String key, long counter, byte[] payload) {
        return sign(holds(keyId) ? keyId : keys().current(), key, counter, payload, ABSENT, ABSENT);
    }

    /** Id of the master key that signs now. */
    public String currentKey() {
        return keys().current();
    }

    /** Whether this process has a master key: the Secret of the location holds it, or did so since this process started. */
    public boolean holds(String keyId) {
        return keys().ids().contains(keyId);
    }

    /** The document with its signature and, if this process has the key of its site, the one of the site. */
    public byte[] signAsSite(String key, long counter, byte[] payload) {
        return site.map(s -> sign(
                        keys().current(),
                        key,
                        counter,
                        payload,
                        s.site(),
                        s.sign(stamped(key, counter, s.site(), payload))))
                .orElseGet(() -> sign(key, counter, payload));
    }

    /** The same document, with the signature of another master key. Its counter and the signature of its site stay. */
    public byte[] renewed(SignedDocument document, String keyId) {
        SiteStamp stamp = document.stamp();
        return sign(
                keyId,
                document.key(),
                document.counter(),
                document.payload(),
                stamp == null ? ABSENT : stamp.site(),
                stamp == null ? ABSENT : stamp.signature());
    }

    private byte[] sign(String id, String key, long counter, byte[] payload, String by, String stamp) {
        SigningKeys with = keys();
        String line = String.join(
                " ", FORMAT, id, Long.toString(counter), by, stamp, hmac(with, id, key, counter, by, stamp, payload));
        return joined((line + "\n").getBytes(StandardCharsets.US_ASCII), payload);
    }

    /**
     * The payload of a document.
     *
     * @throws BreakwaterException Tampered, naming the document, if its signature is missing, of an unknown key, or wrong; also if
     *     it states a site whose pinned key did not sign it, or if no site signed a document that sites sign
     */
    public SignedDocument verify(Document document) {
        return reporting(document, this::verifyPinned);
    }

    /** Notes a document that cannot be read, if it was altered. */
    void refused(String key, String version, BreakwaterException e) {
        reports.refused(key, version, e);
    }

    /**
     * What was found since the last call: documents that could not be verified, and those that an earlier version replaced. Each
     * message names the document. The same version of a document is reported once.
     */
    public List<String> takeReports() {
        return reports.take();
    }

    private SignedDocument verifyPinned(Document document) {
        SignedDocument verified = verifyUnpinned(document);
        String key = verified.key();
        SiteStamp stamp = verified.stamp();
        if (stamp == null) {
            if (StoreLayout.isSignedBySite(key) && !keys().pins().isEmpty()) {
                throw tampered(key, "no site signed it");
            }
            return verified;
        }
        if (StoreLayout.isHeartbeat(key) && !key.equals(StoreLayout.heartbeat(stamp.site()))) {
            throw tampered(key, "site " + stamp.site() + " signed it, which is another site");
        }
        Map<String, String> pins = keys().pins();
        String pin = pins.get(stamp.site());
        boolean own = !pins.isEmpty()
                && site.filter(s -> s.site().equals(stamp.site())).isPresent();
        boolean valid = own && isValid(site.get().publicKey(), verified)
                || pin != null && isValid(pin, verified)
                || pin == null && !own;
        if (!valid) {
            throw tampered(key, "its signature is not the one of site " + stamp.site());
        }
        return verified;
    }

    private static boolean isValid(String publicKey, SignedDocument document) {
        return SiteSignature.isValid(
                publicKey, stamped(document), document.stamp().signature());
    }

    /** Like {@link #verify}, but without a look at the keys of sites. */
    SignedDocument verifyStated(Document document) {
        return reporting(document, this::verifyUnpinned);
    }

    private SignedDocument reporting(Document document, Function<Document, SignedDocument> verifier) {
        try {
            SignedDocument verified = verifier.apply(document);
            reports.verified(verified);
            return verified;
        } catch (BreakwaterException e) {
            refused(document.info().key(), document.info().etag(), e);
            throw e;
        }
    }

    private SignedDocument verifyUnpinned(Document document) {
        String key = document.info().key();
        byte[] bytes = document.content();
        int end = endOfLine(bytes);
        Matcher line = LINE.matcher(end < 0 ? "" : new String(bytes, 0, end, StandardCharsets.ISO_8859_1));
        if (!line.matches()) {
            throw tampered(key, "it has no signature");
        }
        String id = line.group("key");
        SigningKeys with = keys();
        if (!with.ids().contains(id)) {
            throw tampered(
                    key, "it is signed with master key " + id + ", which the Secret of the location does not hold");
        }
        byte[] payload = Arrays.copyOfRange(bytes, end + 1, bytes.length);
        long counter = Long.parseLong(line.group("counter"));
        String by = line.group("site");
        String stamp = line.group("stamp");
        if (!Digests.areEqual(line.group("hmac"), hmac(with, id, key, counter, by, stamp, payload))) {
            throw tampered(key, "its signature does not match");
        }
        return new SignedDocument(
                key,
                id,
                counter,
                by.equals(ABSENT) ? null : new SiteStamp(by, stamp),
                payload,
                document.info().etag(),
                document.info().lastModified(),
                document.storeTime());
    }

    /** The id that the line of a document states, which is not verified; empty for one without a line. For messages. */
    public static Optional<String> statedKey(byte[] document) {
        int end = endOfLine(document);
        Matcher line = LINE.matcher(end < 0 ? "" : new String(document, 0, end, StandardCharsets.ISO_8859_1));
        return line.matches() ? Optional.of(line.group("key")) : Optional.empty();
    }

    /** The payload of a document, without any check of its signature. It must decide nothing. */
    public static Optional<byte[]> statedPayload(byte[] document) {
        int end = endOfLine(document);
        return end < 0 || statedKey(document).isEmpty()
                ? Optional.empty()
                : Optional.of(Arrays.copyOfRange(document, end + 1, document.length));
    }

    /** What the signature of a site covers. */
    static byte[] stamped(String key, long counter, String site, byte[] payload) {
        return text("site", payload, key, Long.toString(counter), site);
    }

    /** What the stamp of a document covers. */
    public static byte[] stamped(SignedDocument document) {
        return stamped(document.key(), document.counter(), document.stamp().site(), document.payload());
    }

    private static String hmac(
            SigningKeys keys, String id, String key, long counter, String by, String stamp, byte[] payload) {
        String area = StoreLayout.area(key).map(StoreLayout.Area::prefix).orElse("");
        byte[] content = text("document", payload, area, key, id, Long.toString(counter), by, stamp);
        return HexFormat.of().formatHex(Digests.hmac(keys.documentKey(id, area), content));
    }

    /** A text that two different lists of parts never share: each part has its length in front. */
    private static byte[] text(String kind, byte[] payload, String... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        append(all, kind.getBytes(StandardCharsets.UTF_8));
        for (String part : parts) {
            append(all, part.getBytes(StandardCharsets.UTF_8));
        }
        append(all, payload);
        return all.toByteArray();
    }

    private static void append(ByteArrayOutputStream all, byte[] part) {
        all.writeBytes((part.length + ":").getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(part);
    }

    private static int endOfLine(byte[] bytes) {
        for (int i = 0; i < Math.min(bytes.length, LONGEST_LINE); i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    private SigningKeys keys() {
        SigningKeys known = keys;
        if (known == null) {
            known = RetainedKeys.of(source.get(), null);
            keys = known;
        }
        return known;
    }

    private static BreakwaterException tampered(String key, String cause) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                key + " is not a valid document: " + cause
                        + "; restore an older version or a copy of the object, and find out who can write to the location");
    }
}
