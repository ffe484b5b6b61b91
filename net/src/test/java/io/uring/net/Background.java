package io.uring.net;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** Work beside the test's thread, such as a peer that sends while the test receives. */
final class Background {
    private Background() {}

    static <T> CompletableFuture<T> run(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .name("background")
                .start(() -> {
                    try {
                        result.complete(task.call());
                    } catch (Throwable t) {
                        result.completeExceptionally(t);
                    }
                });
        return result;
    }
}
