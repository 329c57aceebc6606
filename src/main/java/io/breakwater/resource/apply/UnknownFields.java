package io.breakwater.resource.apply;

import io.breakwater.api.Texts;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The fields of an object that the API server does not know in the version of a request. Without a check the server drops them in
 * silence. It names each of them in a warning, or in the refusal of a strict request: Kubernetes API concepts, "Field validation".
 */
final class UnknownFields {
    private static final int SHOWN = 5;
    private static final int LONGEST = 100;
    private static final Pattern NAME = Pattern.compile("unknown field \"([^\"]*)\"");

    private UnknownFields() {}

    /** The first names and the number of the others; empty without such fields. */
    static String in(Collection<String> texts) {
        Set<String> names = new TreeSet<>();
        for (String text : texts) {
            Matcher name = NAME.matcher(text);
            while (name.find()) {
                names.add(Texts.line(name.group(1), LONGEST));
            }
        }
        return Texts.first(names, SHOWN);
    }
}
