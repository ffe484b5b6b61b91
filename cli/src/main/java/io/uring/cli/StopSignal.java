package io.uring.cli;

import java.io.PrintWriter;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/** Makes SIGINT and SIGTERM an orderly stop. */
final class StopSignal {

    private StopSignal() {}

    /**
     * Calls {@code stop} when the process is told to end, then exits with 0 if it returned true and
     * with 1 otherwise. The JVM by itself would exit with 128 plus the signal's number, which
     * service managers take for a failure; only halt, at the end of a shutdown hook, can change
     * that status.
     */
    static void onStop(BooleanSupplier stop, PrintWriter err) {
        Runnable hook =
                () -> {
                    int status = 1;
                    try {
                        if (stop.getAsBoolean()) {
                            status = 0;
                        } else {
                            err.println("uring: stopped before all connections had finished");
                        }
                    } finally {
                        err.flush();
                        System.out.flush();
                        Runtime.getRuntime().halt(status);
                    }
                };
        Runtime.getRuntime().addShutdownHook(new Thread(hook, "stop"));
    }

    /** Keeps the main thread until the signal has ended the process. */
    static int await() throws InterruptedException {
        new CountDownLatch(1).await();
        return 0;
    }
}
