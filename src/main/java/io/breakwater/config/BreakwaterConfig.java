package io.breakwater.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The settings of an installation. The Helm chart passes each one as an environment variable. */
@ConfigMapping(prefix = "breakwater")
public interface BreakwaterConfig {
    /** Role of this process. */
    @WithDefault("operator")
    Role role();

    /** Name of this site, in the keys of stores and in FailoverPlans. */
    @WithDefault("local")
    String site();

    /** Uids of the lost clusters that this one replaces. */
    Optional<List<String>> siteSucceeds();

    /** Whether an administrator attests that none of these clusters runs any more. */
    @WithDefault("false")
    boolean siteLossAttested();

    /** Namespace that the operator runs in. */
    @WithDefault("breakwater-system")
    String namespace();

    /** Whether the operator creates the location of the quickstart. */
    @WithDefault("false")
    boolean quickstart();

    Election election();

    Gateway gateway();

    Mover mover();

    Webhook webhook();

    Restore restore();

    Store store();

    Policy policy();

    Budget budget();

    Coverage coverage();

    Catalog catalog();

    Sweep sweep();

    Sandbox sandbox();

    Metrics metrics();

    /** Roles of a process. */
    enum Role {
        /** Renews leases, gates namespaces, serves the admission webhook, and reconciles FailoverPlans. */
        guard,
        /** All other controllers. */
        operator,
        /** The restic REST server alone. */
        gateway
    }

    /** The election of the pod that runs the controllers. */
    interface Election {
        /** Name of this pod among its competitors. Without one, this process is alone. */
        Optional<String> identity();
    }

    /** Writes of restored objects. */
    interface Restore {
        /**
         * Whether the operator writes restored objects as the author of the Restore. Otherwise it asks the API server about the
         * rights of the author and writes them itself.
         */
        @WithDefault("true")
        boolean impersonate();

        /** Bytes that copies of archives may have at the same time in the temporary directory, as a quantity of Kubernetes. */
        @WithDefault("20Gi")
        String tmp();
    }

    /** The restic REST server. */
    interface Gateway {
        /** Whether the process of the operator contains the gateway. */
        @WithDefault("true")
        boolean embedded();

        @WithDefault("8443")
        int port();

        /** URL of the gateway for movers. */
        @WithDefault("https://breakwater-gateway.breakwater-system.svc:8443")
        String url();

        /** Directory that contains all locations with {@code spec.filesystem}. Without it, they are refused. */
        Optional<Path> filesystemRoot();

        /** Number of uploads that may hold a buffer at the same time. */
        @WithDefault("16")
        int uploads();

        /** Time without a byte from or to a mover during a request, after which the gateway closes the connection. */
        @WithDefault("2M")
        Duration patience();
    }

    /** Mover Jobs. */
    interface Mover {
        @WithDefault("breakwater-mover:latest")
        String image();

        @WithDefault("IfNotPresent")
        String imagePullPolicy();

        /** Time after which a Job fails. */
        @WithDefault("12H")
        Duration deadline();

        /** Time for which all movers of a run may wait for a permission, a node, an image or a volume. Then the run fails. */
        @WithDefault("15M")
        Duration start();

        /** Size limit of the temporary directory of a mover. */
        @WithDefault("10Gi")
        String tmp();

        /** Defaults of the pods of movers, as the JSON that the chart writes. */
        Optional<String> podDefaults();
    }

    /** The admission webhook. */
    interface Webhook {
        /** Whether the guard serves the webhook, maintains its registration, and checks the gates. */
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

    /** Sandboxes of Verifications. */
    interface Sandbox {
        /** Kinds that sandboxes may have in addition to the usual ones, such as {@code certificates.cert-manager.io}. */
        Optional<List<String>> kinds();
    }

    /** Limits of what is read from the store of a location. */
    interface Store {
        /** Number of objects that one listing of a location may have. */
        @WithDefault("10000000")
        long maxObjects();

        /** Number of objects of one listing that may be in memory at the same time, such as the points of a location. */
        @WithDefault("100000")
        int maxGathered();

        /** Hosts that endpoints of locations may name in addition to those of clouds. Without it, every host may be named. */
        Optional<List<String>> allowedEndpoints();

        /** Addresses of pods, Services and nodes that the API server does not report. */
        Optional<List<String>> clusterCidrs();

        Proxy proxy();

        /** The proxy of connections to stores. Without it, the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. */
        interface Proxy {
            /** URL of an HTTP proxy, with user and password if it needs them. */
            Optional<String> url();

            /** Hosts, domains, addresses and CIDRs that are reached without the proxy. */
            Optional<List<String>> noProxy();
        }
    }

    /** What the process exports to Prometheus. */
    interface Metrics {
        /** Whether each policy has series of its own. Otherwise counters and durations are sums over all policies. */
        @WithDefault("true")
        boolean policies();
    }

    /** BackupPolicies. */
    interface Policy {
        /**
         * Least time between two times of a schedule. It applies to templates, and to all policies outside of the operator's
         * namespace.
         */
        @WithDefault("5M")
        Duration shortestInterval();
    }

    /** How much work is in progress at the same time. Further work waits. */
    interface Budget {
        /** Captures, from their start until the archive of their resources is written. */
        @WithDefault("8")
        int captures();

        /** Movers that read or write volumes. */
        @WithDefault("32")
        int movers();

        /** Movers on one node, if their volume is in use on that node. */
        @WithDefault("8")
        int moversPerNode();

        /** Movers that use one location. */
        @WithDefault("24")
        int moversPerLocation();

        /** Movers that delete data of repositories. */
        @WithDefault("2")
        int prunes();
    }

    /** The count of the namespaces that no policy covers. */
    interface Coverage {
        /** Interval between two counts. */
        @WithDefault("5M")
        Duration interval();

        /** Names of namespaces that are excluded, in which {@code *} matches any text. */
        Optional<List<String>> exclude();
    }

    /** Catalog sync. */
    interface Catalog {
        /** Interval between searches of a location for new points. */
        @WithDefault("20S")
        Duration interval();
    }

    /** Deletion of objects after their grace period, and of data of unfinished backups. */
    interface Sweep {
        /** Time for which a deletion can be undone. It must be longer than any restore takes. */
        @WithDefault("24H")
        Duration grace();

        /**
         * Age at which data of captures and copies without a seal is deleted. It must be longer than any of them takes: at least
         * one hour more than the deadline of movers.
         */
        @WithDefault("24H")
        Duration unsealed();

        /** Interval between sweeps of a location. */
        @WithDefault("10M")
        Duration interval();

        Prune prune();

        /** Prunes of repositories. */
        interface Prune {
            /**
             * Time between two prunes of a repository, and the age at which deleted data is pruned, even if it is a small part of
             * the repository.
             */
            @WithDefault("24H")
            Duration interval();

            /** Bytes of packs that one prune rewrites at most, in the notation of restic. */
            @WithDefault("10G")
            String maxRepack();
        }
    }
}
