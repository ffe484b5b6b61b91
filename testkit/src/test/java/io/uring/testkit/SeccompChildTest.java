package io.uring.testkit;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SeccompChildTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @ParameterizedTest
    @ValueSource(ints = {SeccompChild.EPERM, SeccompChild.ENOSYS})
    void setupFailsWithTheChosenErrnoOnEveryThread(int errno) {
        try (ChildJvm child = SeccompChild.start(errno, List.of(), CallsSetup.class)) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            assertEquals("main " + errno + "\nthread " + errno + "\n", child.output());
        }
    }

    @Test
    void argumentsPassOn() {
        try (ChildJvm child =
                SeccompChild.start(SeccompChild.EPERM, List.of("-Da=b"), Prints.class, "x", "y")) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            assertEquals("[x, y] b\n", child.output());
        }
    }

    static final class Prints {
        private Prints() {}

        public static void main(String[] args) {
            System.out.println(List.of(args) + " " + System.getProperty("a"));
        }
    }

    static final class CallsSetup {
        private CallsSetup() {}

        public static void main(String[] args) throws Throwable {
            Thread thread = new Thread(() -> System.out.println("thread " + setup()));
            System.out.println("main " + setup());
            thread.start();
            thread.join();
        }

        /** The errno of io_uring_setup(0, NULL), which no kernel accepts. */
        private static int setup() {
            Linker linker = Linker.nativeLinker();
            MethodHandle syscall =
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("syscall"),
                            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                            Linker.Option.captureCallState("errno"),
                            Linker.Option.firstVariadicArg(1));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
                long result = (long) syscall.invokeExact(state, 425L, 0L, 0L);
                return result == -1 ? state.get(JAVA_INT, 0) : 0;
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }
    }
}
