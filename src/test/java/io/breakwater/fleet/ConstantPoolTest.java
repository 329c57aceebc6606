package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** Calls of the clock become calls of another class, also where a method is only named. */
class ConstantPoolTest {
    /** What is changed. */
    public static final class Sample {
        /** The time, by a call. */
        public static long called() {
            return System.nanoTime();
        }

        /** The time, by the name of the method. */
        public static LongSupplier named() {
            return System::nanoTime;
        }

        /** Not the time. */
        public static int other() {
            return System.identityHashCode(null);
        }
    }

    /** Replaces the clock. */
    public static final class Fixed {
        /** Always the same. */
        public static long nanoTime() {
            return 42;
        }
    }

    @Test
    void replacesCallsAndNames() throws ReflectiveOperationException, IOException {
        byte[] changed = new ConstantPool(bytes())
                .withCallsOf(Map.of(
                        "java/lang/System.nanoTime ()J", Fixed.class.getName().replace('.', '/')));

        Class<?> sample = define(changed);
        assertThat(sample.getMethod("called").invoke(null)).isEqualTo(42L);
        assertThat(((LongSupplier) sample.getMethod("named").invoke(null)).getAsLong())
                .isEqualTo(42);
        assertThat(sample.getMethod("other").invoke(null)).isEqualTo(0);
    }

    @Test
    void replacesNamesEverywhere() throws ReflectiveOperationException, IOException {
        byte[] changed = new ConstantPool(bytes()).withNames("called", "askedForTheTime");

        assertThat(define(changed).getMethod("askedForTheTime").invoke(null)).isInstanceOf(Long.class);
    }

    private static byte[] bytes() throws IOException {
        try (InputStream in = ConstantPoolTest.class.getResourceAsStream("ConstantPoolTest$Sample.class")) {
            return in.readAllBytes();
        }
    }

    private static Class<?> define(byte[] file) {
        return new ClassLoader(ConstantPoolTest.class.getClassLoader()) {
            Class<?> define() {
                return defineClass(Sample.class.getName(), file, 0, file.length);
            }
        }.define();
    }
}
