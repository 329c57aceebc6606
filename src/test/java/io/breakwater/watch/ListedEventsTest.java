package io.breakwater.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The events that a handler gets of an informer, before and after the first list. */
class ListedEventsTest {
    private final List<String> received = new ArrayList<>();
    private final ListedEvents<String> events =
            new ListedEvents<>(new RecordingHandler(), name -> name.startsWith("open"));

    private final class RecordingHandler implements ResourceEventHandler<String> {
        @Override
        public void onAdd(String object) {
            received.add("+" + object);
        }

        @Override
        public void onUpdate(String before, String object) {
            received.add("=" + object);
        }

        @Override
        public void onDelete(String object, boolean unknown) {
            received.add("-" + object);
        }
    }

    @Test
    void callsNoHandlerBeforeTheFirstListIsComplete() {
        events.onAdd("open1");
        events.onAdd("done1");
        events.onUpdate("done1", "done1b");

        assertThat(received).isEmpty();
    }

    @Test
    void passesOnWhatIsOfInterestInOrder() {
        events.onAdd("open1");
        events.onAdd("done1");
        events.onUpdate("done1", "done1b");
        events.onDelete("open1", false);

        events.pass();

        assertThat(received).containsExactly("+open1", "=done1b", "-open1");
    }

    @Test
    void passesOnLaterEventsAtOnce() {
        events.pass();

        events.onAdd("open2");
        events.onAdd("done2");

        assertThat(received).containsExactly("+open2");
    }

    /** A handler of the Java Operator SDK creates events while it handles one. */
    @Test
    void keepsTheOrderOfEventsThatArriveWhileItPassesOnOthers() {
        ListedEvents<String>[] self = newArray();
        self[0] = new ListedEvents<>(
                new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(String object) {
                        received.add(object);
                        if (object.equals("open1")) {
                            self[0].onAdd("open3");
                        }
                    }

                    @Override
                    public void onUpdate(String before, String object) {}

                    @Override
                    public void onDelete(String object, boolean unknown) {}
                },
                name -> true);
        self[0].onAdd("open1");
        self[0].onAdd("open2");

        self[0].pass();

        assertThat(received).containsExactly("open1", "open2", "open3");
    }

    @SuppressWarnings("unchecked")
    private static ListedEvents<String>[] newArray() {
        return new ListedEvents[1];
    }
}
