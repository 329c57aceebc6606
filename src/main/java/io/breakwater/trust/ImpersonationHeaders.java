package io.breakwater.trust;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The HTTP headers of a request that the API server handles as one of an author: with the author's rights, and with the author
 * as the user that admission and audit see. Source: Kubernetes documentation, "User impersonation"; the escaping is the one of
 * client-go, {@code transport/round_trippers.go}.
 */
public final class ImpersonationHeaders {
    private static final String USER = "Impersonate-User";
    private static final String UID = "Impersonate-Uid";
    private static final String GROUP = "Impersonate-Group";
    private static final String EXTRA = "Impersonate-Extra-";

    /** Characters of a header name (RFC 9110, token) without the percent sign and letters in upper case. */
    private static final String NAME_CHARACTERS = "!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";

    private ImpersonationHeaders() {}

    /**
     * The headers by name. All attributes of the author are included, because an authorizer may use each of them to limit the
     * rights. Each character of a value is one byte of its UTF-8 form, as the HTTP client writes it.
     *
     * @throws BreakwaterException Forbidden if a header cannot have a value of the author
     */
    public static Map<String, List<String>> of(Author author) {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        headers.put(USER, List.of(value(author, author.username())));
        if (!author.uid().isEmpty()) {
            headers.put(UID, List.of(value(author, author.uid())));
        }
        if (!author.groups().isEmpty()) {
            headers.put(GROUP, values(author, author.groups()));
        }
        author.extra().forEach((key, values) -> {
            if (!values.isEmpty()) {
                headers.put(EXTRA + name(key), values(author, values));
            }
        });
        return headers;
    }

    private static List<String> values(Author author, List<String> texts) {
        List<String> values = new ArrayList<>();
        texts.forEach(t -> values.add(value(author, t)));
        return values;
    }

    /** HTTP ends a value at a line break and drops blanks around it: the API server would see another user. */
    private static String value(Author author, String text) {
        boolean legal = !text.isEmpty()
                && text.chars().noneMatch(Character::isISOControl)
                && text.charAt(0) != ' '
                && text.charAt(text.length() - 1) != ' '
                && StandardCharsets.UTF_8.newEncoder().canEncode(text);
        if (!legal) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "author " + printable(author.username())
                            + " cannot be impersonated: the user name, uid, a group or an extra attribute is empty, or has a"
                            + " control character or a blank at its start or end; create the object as another user, or set"
                            + " the Helm value rbac.impersonate to false");
        }
        return latin(text);
    }

    /** A name of a header has no upper case, and the API server decodes it after it has changed it to lower case. */
    private static String name(String key) {
        StringBuilder name = new StringBuilder();
        for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
            if (b > 0 && NAME_CHARACTERS.indexOf(b) >= 0) {
                name.append((char) b);
            } else {
                name.append(String.format("%%%02X", b));
            }
        }
        return name.toString();
    }

    private static String latin(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
