package io.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs on a thread of its own, for what belongs to a thread: workers, tables, privileges. The
 * system call that drops them changes one thread, unlike the function of the C library.
 */
final class OwnThread {
    /** A user that nobody else is, so that what it has locked is what the test has locked. */
    private static final long USER = 2_000_000_000L + ProcessHandle.current().pid() % 1_000_000;

    private static final long LIMIT_SECONDS = 20;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SYSCALL =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    private OwnThread() {}

    /** What a thread does, with exceptions. */
    @FunctionalInterface
    interface Body {
        void run() throws Exception;
    }

    /** Skips a test that has no privileges to drop; to be called on the test's thread. */
    static void assumeRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    }

    /** Runs on a new thread, and throws what it throws. */
    static void run(Body body) throws Exception {
        FutureTask<Void> task =
                new FutureTask<>(() -> {
                    body.run();
                    return null;
                });
        Thread thread = Thread.ofPlatform().start(task);
        try {
            task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new AssertionError(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError(thread + " does not end", e);
        }
        thread.join();
    }

    /** Drops the privileges of the calling thread for good. */
    static void dropPrivileges() {
        long number = "aarch64".equals(System.getProperty("os.arch")) ? 147 : 117; // setresuid
        try {
            assertTrue((long) SYSCALL.invokeExact(number, USER, USER, USER) == 0);
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
