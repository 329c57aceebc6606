package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.testing.ParserFuzz;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The pages of a listing come from a server that a tenant may have written. */
@Tag("slow")
@Tag("random")
class ListingFuzzTest {
    private final ListingServer server = new ListingServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @EnumSource
    void readsListings(EndlessListingTest.Protocol protocol) {
        ObjectStore store = protocol.open(server.endpoint());
        new ParserFuzz(protocol + " listing")
                .sample(protocol.page(protocol.objects(0, 3), null))
                .sample(protocol.page(protocol.object("below/a/x") + protocol.directory("below/a/b/"), null))
                .longest(12 << 20)
                .allocation(192L << 20)
                .refusals(e -> e instanceof BreakwaterException)
                .run(body -> {
                    server.reset();
                    // A page that names a next one is answered twice; the second one ends the listing.
                    server.answer =
                            page -> page == 0 ? body : protocol.page("", null).getBytes();
                    store.gather("a/", Optional::of);
                    server.reset();
                    store.directories("a/");
                });
    }
}
