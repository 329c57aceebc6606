package io.breakwater.tampering;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What alterations of some objects must cause, and nothing else. Every reader may refuse an object by its name.
 *
 * @param keys pattern of the keys
 * @param alterations to which this applies
 * @param naming readers that must refuse the object by its name
 * @param effects patterns of the other differences that are right: {@code <reader> + <line>} for a new line of the reader, and
 *     {@code <reader> - <line>} for a missing one
 * @param reason why these differences do no harm
 */
record ExpectedEffect(
        Pattern keys,
        Set<ObjectAlteration> alterations,
        Set<StoreReader> naming,
        List<Pattern> effects,
        String reason) {
    boolean allows(String difference) {
        return effects.stream().anyMatch(e -> e.matcher(difference).matches());
    }
}
