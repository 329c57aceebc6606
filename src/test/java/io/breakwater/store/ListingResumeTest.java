package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.store.EndlessListingTest.Protocol;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A listing of many pages does not start again when one page fails. */
class ListingResumeTest {
    private static final Pattern TOKEN = Pattern.compile("(?:continuation-token|marker)=t(\\d+)");

    private final ListingServer server = new ListingServer();
    private final List<Integer> requested = new ArrayList<>();

    /** Failures that are still to come. */
    private int failures;

    @AfterEach
    void stop() {
        server.close();
    }

    /** Three pages. The third one fails with a status, or is no answer at all (status 200), for a number of times. */
    private ObjectStore open(Protocol protocol, int status, int times) {
        failures = times;
        server.answer = n -> {
            Matcher token = TOKEN.matcher(server.query);
            int page = token.find() ? Integer.parseInt(token.group(1)) + 1 : 0;
            requested.add(page);
            boolean fails = page == 2 && failures-- > 0;
            server.status = fails ? status : 200;
            return (fails ? "" : protocol.page(protocol.objects(page * 10, 10), page < 2 ? "t" + page : null))
                    .getBytes(StandardCharsets.UTF_8);
        };
        return protocol.open(server.endpoint());
    }

    /** One call repeats its request a few times; more failures need the retries of the page. */
    @ParameterizedTest
    @CsvSource({"S3,503,5", "AZURE,503,5", "S3,500,5", "AZURE,500,5", "S3,429,5", "AZURE,429,5"})
    @Tag("slow")
    void continuesWithThePageThatFailed(Protocol protocol, int status, int times) {
        ObjectStore store = open(protocol, status, times);
        List<String> keys = new ArrayList<>();

        store.list("a/", o -> keys.add(o.key()));

        assertThat(keys).hasSize(30).doesNotHaveDuplicates();
        assertThat(requested).containsOnlyOnce(0, 1);
        assertThat(requested.stream().filter(page -> page == 2)).hasSize(times + 1);
    }

    /** A bucket with many versions throttles the listing of versions in the middle. */
    @Test
    void continuesAListingOfVersions() {
        failures = 5;
        server.answer = n -> {
            Matcher token = Pattern.compile("key-marker=below/a/(\\d+)").matcher(server.query);
            int page = token.find() ? Integer.parseInt(token.group(1)) + 1 : 0;
            requested.add(page);
            boolean fails = page == 1 && failures-- > 0;
            server.status = fails ? 503 : 200;
            return (fails ? "" : versions(page)).getBytes(StandardCharsets.UTF_8);
        };
        List<String> keys = new ArrayList<>();

        Protocol.S3
                .open(server.endpoint())
                .histories("a/", h -> keys.add(h.getFirst().key()));

        assertThat(keys).containsExactly("a/0", "a/1", "a/2");
        assertThat(requested).containsOnlyOnce(0, 2);
    }

    /** A page with two versions of one key. */
    private static String versions(int page) {
        String version = "<Version><Key>below/a/" + page + "</Key><VersionId>v%d</VersionId><IsLatest>%s</IsLatest>"
                + "<Size>1</Size><ETag>e</ETag><LastModified>2026-01-02T03:04:05.000Z</LastModified></Version>";
        return "<ListVersionsResult>" + version.formatted(2, "true") + version.formatted(1, "false") + "<IsTruncated>"
                + (page < 2) + "</IsTruncated><NextKeyMarker>below/a/" + page + "</NextKeyMarker>"
                + "<NextVersionIdMarker>v1</NextVersionIdMarker></ListVersionsResult>";
    }

    /** The callback has seen objects of the first pages, so an error that stays must not look like the end of the listing. */
    @ParameterizedTest
    @EnumSource
    void failsWhenAPageIsRefused(Protocol protocol) {
        ObjectStore store = open(protocol, 403, Integer.MAX_VALUE);
        List<String> keys = new ArrayList<>();

        assertThatThrownBy(() -> store.list("a/", o -> keys.add(o.key()))).hasMessageContaining("403");
        assertThat(keys).hasSize(20);
        assertThat(requested).containsOnlyOnce(0, 1);
    }
}
