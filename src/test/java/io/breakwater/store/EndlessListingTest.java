package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Listings of a server that a tenant wrote: each ends, with a reason, before it fills the memory. */
class EndlessListingTest {
    private static final ListingLimits LIMITS = new ListingLimits(5000, 1000, Duration.ofMinutes(5));

    private final ListingServer server = new ListingServer();

    @AfterEach
    void stop() {
        server.close();
    }

    /** The protocols, with the words that they have for the same things. */
    enum Protocol {
        S3 {
            @Override
            ObjectStore open(String endpoint) {
                return TestStores.s3(endpoint, LIMITS);
            }

            @Override
            String page(String objects, String next) {
                return "<ListBucketResult><Name>bucket</Name>" + objects + "<IsTruncated>" + (next != null)
                        + "</IsTruncated>"
                        + (next == null ? "" : "<NextContinuationToken>" + next + "</NextContinuationToken>")
                        + "</ListBucketResult>";
            }

            @Override
            String object(String key) {
                return "<Contents><Key>" + key + "</Key><Size>1</Size><ETag>e</ETag>"
                        + "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>";
            }

            @Override
            String directory(String key) {
                return "<CommonPrefixes><Prefix>" + key + "</Prefix></CommonPrefixes>";
            }
        },
        AZURE {
            @Override
            ObjectStore open(String endpoint) {
                return TestStores.azure(endpoint + "/account", LIMITS);
            }

            @Override
            String page(String objects, String next) {
                return "<EnumerationResults ContainerName=\"c\"><Blobs>" + objects + "</Blobs>"
                        + (next == null ? "<NextMarker/>" : "<NextMarker>" + next + "</NextMarker>")
                        + "</EnumerationResults>";
            }

            @Override
            String object(String key) {
                return "<Blob><Name>" + key + "</Name><Properties><Content-Length>1</Content-Length><Etag>e</Etag>"
                        + "<Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified></Properties></Blob>";
            }

            @Override
            String directory(String key) {
                return "<BlobPrefix><Name>" + key + "</Name></BlobPrefix>";
            }
        };

        abstract ObjectStore open(String endpoint);

        abstract String page(String objects, String next);

        abstract String object(String key);

        abstract String directory(String key);

        String objects(int from, int count) {
            return IntStream.range(from, from + count)
                    .mapToObj(i -> object("below/a/" + i))
                    .collect(Collectors.joining());
        }
    }

    private ObjectStore open(Protocol protocol, IntFunction<String> answer) {
        server.reset();
        server.answer = page -> answer.apply(page).getBytes(StandardCharsets.UTF_8);
        return protocol.open(server.endpoint());
    }

    private static List<String> keys(ObjectStore store) {
        List<String> keys = new ArrayList<>();
        store.list("a/", o -> keys.add(o.key()));
        return keys;
    }

    @ParameterizedTest
    @EnumSource
    void readsAllPagesOfAnHonestStore(Protocol protocol) {
        ObjectStore store = open(
                protocol, page -> protocol.page(protocol.objects(page * 1000, 1000), page < 4 ? "t" + page : null));

        assertThat(keys(store)).hasSize(5000).doesNotHaveDuplicates();
    }

    /** Azure Blob Storage puts 5000 blobs on a page unless it is asked for fewer, each with many properties. */
    @ParameterizedTest
    @EnumSource
    void readsTheLargestPageThatAServiceSends(Protocol protocol) {
        String properties = IntStream.range(0, 20)
                .mapToObj(i -> "<Property-" + i + ">value</Property-" + i + ">")
                .collect(Collectors.joining());
        ObjectStore store = open(protocol, page -> {
            Matcher asked = Pattern.compile("maxresults=(\\d+)").matcher(server.query);
            int most = protocol == Protocol.S3 ? 1000 : asked.find() ? Integer.parseInt(asked.group(1)) : 5000;
            String objects = protocol.objects(page * most, most).replace("</Properties>", properties + "</Properties>");
            return protocol.page(objects, (page + 1) * most < 5000 ? "t" + page : null);
        });

        assertThat(keys(store)).hasSize(5000).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @EnumSource
    void stopsAtThePageThatNamesItselfAsTheNextOne(Protocol protocol) {
        ObjectStore store = open(protocol, page -> protocol.page(protocol.objects(0, 1), "same"));

        refuses(store, Reason.TooManyObjects, "list a/", "the same page again and again");
        assertThat(server.pages()).isLessThanOrEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource
    void stopsAfterManyEmptyPages(Protocol protocol) {
        ObjectStore store = open(protocol, page -> protocol.page("", "t" + page));

        refuses(store, Reason.TooManyObjects, "almost empty");
    }

    @ParameterizedTest
    @EnumSource
    void stopsAfterTheObjectsThatAListingMayHave(Protocol protocol) {
        ObjectStore store = open(protocol, page -> protocol.page(protocol.objects(page * 1000, 1000), "t" + page));

        refuses(store, Reason.TooManyObjects, "list a/", "more than 5000 objects", "store.maxObjects");
        assertThat(server.pages()).isLessThanOrEqualTo(7);
    }

    @ParameterizedTest
    @EnumSource
    void gathersNoMoreThanFitsIntoMemory(Protocol protocol) {
        ObjectStore store = open(protocol, page -> protocol.page(protocol.objects(page * 600, 600), "t" + page));

        assertThatThrownBy(() -> store.gather("a/", Optional::of))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.TooManyObjects);
                    assertThat(e)
                            .hasMessageContaining("more than 1000 objects")
                            .hasMessageContaining("store.maxGathered");
                });
    }

    @ParameterizedTest
    @EnumSource
    void gathersNoMoreDirectoriesThanFitIntoMemory(Protocol protocol) {
        String many = IntStream.range(0, 1500)
                .mapToObj(i -> protocol.directory("below/a/" + i + "/"))
                .collect(Collectors.joining());
        ObjectStore store = open(protocol, page -> protocol.page(many, null));

        assertThatThrownBy(() -> store.directories("a/"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.TooManyObjects));
    }

    @ParameterizedTest
    @EnumSource
    void refusesAKeyThatNoStoreAccepts(Protocol protocol) {
        ObjectStore store = open(protocol, page -> protocol.page(protocol.object("below/a/" + "k".repeat(2000)), null));

        refuses(store, Reason.TooManyObjects, "a key has 2008 characters");
    }

    @ParameterizedTest
    @EnumSource
    void refusesAKeyOutsideOfThePrefix(Protocol protocol) {
        for (String key : List.of("below/b/x", "x", "below", "elsewhere/a/x")) {
            ObjectStore store = open(protocol, page -> protocol.page(protocol.object(key), null));

            refuses(store, Reason.StoreUnavailable, "not below a/");
        }
    }

    /** Each answer would need more than the memory of the operator, or its stack, in the parser of the client. */
    @ParameterizedTest
    @EnumSource
    void refusesAnswersBeforeTheClientParsesThem(Protocol protocol) {
        Stream.of(
                        protocol.page(protocol.object("below/a/" + "k".repeat(9 << 20)), null),
                        protocol.page("<x/>".repeat(1 << 20), null),
                        protocol.page("<x>".repeat(50_000) + "</x>".repeat(50_000), null),
                        protocol.page("<x a=\"/>\">".repeat(1000) + "</x>".repeat(1000), null),
                        "<!DOCTYPE x [<!ENTITY a \"" + "y".repeat(1000) + "\">]>" + protocol.page("", null),
                        "<?xml version=\"1.0\" encoding=\"IBM037\"?>" + protocol.page("", null),
                        protocol.page("<x " + "a='b' ".repeat(10_000) + "/>", null))
                .forEach(body -> {
                    ObjectStore store = open(protocol, page -> body);
                    refuses(store, Reason.StoreUnavailable, "was not read");
                });
    }

    /** The page of a proxy in front of a store, and an error without an end. */
    @ParameterizedTest
    @EnumSource
    void readsOnlyTheStatusOfAnErrorThatIsNotInTheWordsOfTheProtocol(Protocol protocol) {
        for (String body : List.of("<!DOCTYPE html><html><!-- sorry --></html>", "{}", "<x>".repeat(1 << 20))) {
            ObjectStore store = open(protocol, page -> body);
            server.status = 403;

            refuses(store, Reason.CredentialsRejected, "403");
        }
    }

    private static void refuses(ObjectStore store, Reason reason, String... words) {
        assertThatThrownBy(() -> keys(store)).isInstanceOfSatisfying(BreakwaterException.class, e -> {
            assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason);
            assertThat(e).hasMessageContainingAll(words);
        });
    }

    @Test
    void stopsInADirectoryToo(@TempDir Path directory) throws IOException {
        for (int i = 0; i < 20; i++) {
            Files.createDirectories(directory.resolve("a/" + i));
            Files.writeString(directory.resolve("a/" + i + "/x"), "x");
        }
        ObjectStore store =
                new FilesystemStore(directory, Clock.systemUTC(), new ListingLimits(19, 10, Duration.ofMinutes(1)));

        refuses(store, Reason.TooManyObjects, directory.toString(), "list a/", "more than 19 objects");
        assertThatThrownBy(() -> store.directories("a/")).hasMessageContaining("more than 10 objects");
    }
}
