package io.breakwater.trust;

import io.breakwater.config.BreakwaterConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/** The cluster that this one replaces: the namespaces of this cluster adopt the data of the namespaces of the same name there. */
@ApplicationScoped
public class SiteSuccession {
    private final BreakwaterConfig config;

    SiteSuccession(BreakwaterConfig config) {
        this.config = config;
    }

    /** Uid of the earlier cluster of this site; empty when an administrator has named none. */
    public Optional<String> predecessor() {
        return config.siteSucceeds();
    }
}
