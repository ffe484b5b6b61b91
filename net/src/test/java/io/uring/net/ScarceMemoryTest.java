package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Errno;
import io.uring.simulation.FailingKernel;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Memory that is missing just then costs the connection that needs it, and nothing else. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ScarceMemoryTest {
    private final AtomicInteger failures = new AtomicInteger();

    private boolean strikes() {
        return failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    /** The first steps of an end find the heap as full as what it ends for. */
    @Test
    void connectionThatFindsNoMemoryToEndEndsLater() throws Exception {
        OutOfMemoryError failure = new OutOfMemoryError("on purpose");
        Recorder server =
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        failures.set(5);
                        throw failure;
                    }
                };
        FailingKernel.Failures full =
                call -> {
                    if (call.equals("SETSOCKOPT") && strikes()) { // for the reset
                        throw new OutOfMemoryError("on purpose, again");
                    }
                    return FailingKernel.GO_ON;
                };
        try (FailingKernel _ = FailingKernel.install(full);
                Loops loops = Loops.start(1);
                Peer healthy = Peer.connect(loops.serve(new Echo()))) {
            try (Peer peer = Peer.connect(loops.serve(server)).send("x")) {
                assertSame(failure, server.closeCause().getCause());
                assertThrows(IOException.class, () -> peer.read(1), "a reset");
            }
            assertEquals(0, failures.get());
            assertEquals(1, server.closes.get());
            assertEquals("ping", healthy.send("ping").readText(4));
            assertTrue(loops.loop().isRunning());
        }
    }

    @Test
    void connectionWhoseFileFindsNoBlockEndsAndTells(@TempDir Path directory) throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[100]);
        CompletableFuture<IOException> told = new CompletableFuture<>();
        Recorder server = new Recorder();
        FailingKernel.Failures full =
                call -> call.equals("map") && strikes() ? -Errno.ENOMEM : FailingKernel.GO_ON;
        try (FailingKernel _ = FailingKernel.install(full);
                Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(path);
                Peer healthy = Peer.connect(loops.serve(new Echo()));
                Peer peer = Peer.connect(loops.serve(server))) {
            assertEquals("ping", healthy.send("ping").readText(4));
            server.onLoop(socket -> {
                failures.set(1);
                socket.write(file, 0, 100, told::complete);
            });
            assertEquals(0, failures.get(), "a block was asked for");
            assertInstanceOf(IOException.class, Loops.get(told));
            assertTrue(String.valueOf(server.closeCause()).contains("ENOMEM"));
            assertThrows(IOException.class, () -> peer.read(1));
            assertEquals("pong", healthy.send("pong").readText(4));
        }
    }
}
