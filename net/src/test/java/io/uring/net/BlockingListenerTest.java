package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Threads that wait for connections. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class BlockingListenerTest {
    private static BlockingListener open(Loops loops, int backlog) throws Exception {
        return BlockingListener.open(
                loops.group(), ListenerConfig.of(Loops.loopback()).withBacklog(backlog));
    }

    private static CompletableFuture<Throwable> acceptFails(
            BlockingListener listener, CompletableFuture<Thread> thread) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        thread.complete(
                Thread.startVirtualThread(() -> {
                    try {
                        listener.accept().close();
                        failure.completeExceptionally(new AssertionError("accepted"));
                    } catch (Throwable t) {
                        failure.complete(t);
                    }
                }));
        Thread waiter = thread.join();
        Eventually.isTrue(Loops.LIMIT, "it waits", () -> waiter.getState() == Thread.State.WAITING);
        return failure;
    }

    @Test
    void acceptGivesConnectionsInTurn() throws Exception {
        try (Loops loops = Loops.start(2);
                BlockingListener listener = open(loops, 16)) {
            for (int i = 0; i < 50; i++) {
                try (Peer peer = Peer.connect(listener.address());
                        BlockingStream stream = listener.accept()) {
                    peer.send("ping");
                    assertEquals('p', stream.input().read());
                    stream.output().write('x');
                    assertEquals("x", peer.readText(1));
                    assertEquals(3, stream.input().readNBytes(3).length);
                }
            }
        }
    }

    @Test
    void closeWakesAllWhoWait() throws Exception {
        try (Loops loops = Loops.start(1)) {
            BlockingListener listener = open(loops, 16);
            List<CompletableFuture<Throwable>> failures = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                failures.add(acceptFails(listener, new CompletableFuture<>()));
            }
            listener.close();
            for (CompletableFuture<Throwable> failure : failures) {
                assertInstanceOf(ClosedChannelException.class, Loops.get(failure));
            }
            assertThrows(ClosedChannelException.class, listener::accept);
        }
    }

    @Test
    void interruptClosesTheListener() throws Exception {
        try (Loops loops = Loops.start(1)) {
            BlockingListener listener = open(loops, 16);
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            CompletableFuture<Throwable> failure = acceptFails(listener, thread);
            thread.join().interrupt();
            assertEquals(ClosedByInterruptException.class, Loops.get(failure).getClass());
            assertThrows(ClosedChannelException.class, listener::accept);
        }
    }

    @Test
    void connectionsThatNobodyAcceptedAreClosed() throws Exception {
        try (Loops loops = Loops.start(1)) {
            BlockingListener listener = open(loops, 16);
            try (Peer peer = Peer.connect(listener.address())) {
                listener.close();
                peer.assertEnd();
            }
        }
    }

    @Test
    void tooManyWaitInTheKernelAndNoneIsLost() throws Exception {
        int count = 40;
        try (Loops loops = Loops.start(2);
                BlockingListener listener = open(loops, 8)) {
            List<Peer> peers = new ArrayList<>();
            CompletableFuture<Integer> accepted =
                    Background.run(() -> {
                        int streams = 0;
                        for (; streams < count; streams++) {
                            try (BlockingStream stream = listener.accept()) {
                                assertTrue(stream.isOpen());
                            }
                        }
                        return streams;
                    });
            for (int i = 0; i < count; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            assertEquals(count, Loops.get(accepted));
            for (Peer peer : peers) {
                peer.close();
            }
        }
    }

    @Test
    void thousandVirtualThreadsAreServed() throws Exception {
        int count = 1000;
        AtomicInteger served = new AtomicInteger();
        try (Loops loops = Loops.start(2);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Listener listener =
                    BlockingListener.serve(
                            loops.group(),
                            ListenerConfig.of(Loops.loopback()),
                            threads,
                            stream -> {
                                try {
                                    stream.input().transferTo(stream.output());
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                                served.incrementAndGet();
                            });
            List<Future<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                byte[] request = request(i);
                answers.add(
                        threads.submit(() -> {
                            try (BlockingStream stream =
                                    BlockingStream.connect(
                                            loops.group().next(),
                                            listener.address(),
                                            StreamConfig.defaults(),
                                            0)) {
                                stream.output().write(request);
                                stream.shutdownOutput();
                                return stream.input().readAllBytes();
                            }
                        }));
            }
            for (int i = 0; i < count; i++) {
                assertArrayEquals(request(i), answers.get(i).get());
            }
            Eventually.isTrue(Loops.LIMIT, "all were served", () -> served.get() == count);
            Loops.get(listener.close());
        }
    }

    private static byte[] request(int seed) {
        byte[] bytes = new byte[1 + seed * 20];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void rejectedConnectionIsClosed() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Listener listener =
                    BlockingListener.serve(
                            loops.group(),
                            ListenerConfig.of(Loops.loopback()),
                            _ -> {
                                throw new RejectedExecutionException("full");
                            },
                            _ -> {});
            try (Peer peer = Peer.connect(listener.address())) {
                peer.assertEnd();
            }
            Loops.get(listener.close());
        }
    }
}
