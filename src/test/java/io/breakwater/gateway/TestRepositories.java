package io.breakwater.gateway;

import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;

/** Repositories for tests of other packages. */
public final class TestRepositories {
    private TestRepositories() {}

    /** Repositories with these passwords, without a gateway. */
    public static Repositories with(Supplier<List<String>> passwords) {
        return new Repositories(null, null, null, null, null) {
            @Override
            public List<String> passwords(Access access, String keyId) {
                return passwords.get();
            }

            @Override
            public String writingKey(Access access) {
                return "0123456789abcdef";
            }

            @Override
            public Ticket ticket(Access access, String holder, Ticket.Owner owner, Instant since) {
                return new Ticket.Draft()
                        .repository(access.repository())
                        .mode(Mode.READ)
                        .holder(holder)
                        .owner(owner)
                        .expires(since)
                        .build();
            }

            @Override
            public String sign(Ticket ticket) {
                return ticket.owner().kind() + " " + ticket.owner().uid() + " of " + ticket.holder();
            }

            @Override
            public String url(Access access) {
                return "https://gateway/";
            }

            @Override
            public boolean initialised(Access access) {
                return true;
            }

            @Override
            public String caPem() {
                return "";
            }
        };
    }
}
