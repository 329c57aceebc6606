package io.breakwater.lease;

import java.util.function.Supplier;

/** Makes calls on the thread of the caller, without limits. */
public final class DirectCalls extends StoreBulkhead {
    public DirectCalls() {
        super("test");
    }

    @Override
    public <T> T call(Supplier<T> call) {
        return call.get();
    }
}
