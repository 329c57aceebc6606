package io.breakwater.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Everything an installation can set; the Helm chart passes each value as an environment variable. */
@ConfigMapping(prefix = "breakwater")
public interface BreakwaterConfig {
    /** What this process does. */
    @WithDefault("operator")
    Role role();

    /** Name of this site: the cluster part of keys in the store, and a name in FailoverPlans. */
    @WithDefault("local")
    String site();

    /** Namespace that the operator runs in. */
    @WithDefault("breakwater-system")
    String namespace();

    Gateway gateway();

    Mover mover();

    Webhook webhook();

    Catalog catalog();

    Sweep sweep();

    /** Roles of a process. */
    enum Role {
        operator,
        gateway
    }

    /** The restic REST server. */
    interface Gateway {
        /** Whether the operator's process serves it. */
        @WithDefault("true")
        boolean embedded();

        @WithDefault("8443")
        int port();

        /** How movers reach it. */
        @WithDefault("https://breakwater-gateway.breakwater-system.svc:8443")
        String url();

        /** Directory that filesystem locations lie below; none are allowed when absent. */
        Optional<Path> filesystemRoot();

        /** How many uploads may hold a buffer at a time. */
        @WithDefault("16")
        int uploads();

        /** How long a mover may neither send nor take a byte of what it began; then the connection is closed. */
        @WithDefault("2M")
        Duration patience();
    }

    /** Mover Jobs. */
    interface Mover {
        @WithDefault("breakwater-mover:latest")
        String image();

        @WithDefault("IfNotPresent")
        String imagePullPolicy();

        /** When a Job is given up. */
        @WithDefault("12H")
        Duration deadline();

        /** How long the movers of a restore may all wait for a node, an image or a volume; then it is given up. */
        @WithDefault("15M")
        Duration start();
    }

    /** The admission webhook. */
    interface Webhook {
        /** Whether the operator serves it, keeps its registration, and watches over the gates. */
        @WithDefault("true")
        boolean enabled();

        @WithDefault("9443")
        int port();

        /** Service that the API server calls. */
        @WithDefault("breakwater-webhook")
        String service();

        /** Prefix of the webhook configurations and of the Secret with the certificate. */
        @WithDefault("breakwater")
        String name();
    }

    /** Catalog sync. */
    interface Catalog {
        /** How often locations are searched for new points. */
        @WithDefault("20S")
        Duration interval();
    }

    /** Removal of what was deleted. */
    interface Sweep {
        /** How long a deletion can be taken back; longer than any restore should take. */
        @WithDefault("24H")
        Duration grace();

        /**
         * When what captures and copies left behind without a seal is taken for garbage; longer than any of them takes, so at
         * least an hour longer than the deadline of movers.
         */
        @WithDefault("24H")
        Duration unsealed();

        /** How often locations are swept. */
        @WithDefault("10M")
        Duration interval();
    }
}
