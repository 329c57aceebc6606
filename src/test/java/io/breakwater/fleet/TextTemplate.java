package io.breakwater.fleet;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A text with places such as <code>${0}</code>, into which values are put a hundred thousand times. */
final class TextTemplate {
    private static final Pattern PLACE = Pattern.compile("\\$\\{(\\d)\\}");

    private final List<String> texts = new ArrayList<>();
    private final List<Integer> places = new ArrayList<>();

    TextTemplate(String text) {
        Matcher place = PLACE.matcher(text);
        int start = 0;
        while (place.find()) {
            texts.add(text.substring(start, place.start()));
            places.add(Integer.valueOf(place.group(1)));
            start = place.end();
        }
        texts.add(text.substring(start));
    }

    String with(String... values) {
        StringBuilder text = new StringBuilder(texts.getFirst());
        for (int i = 0; i < places.size(); i++) {
            text.append(values[places.get(i)]).append(texts.get(i + 1));
        }
        return text.toString();
    }
}
