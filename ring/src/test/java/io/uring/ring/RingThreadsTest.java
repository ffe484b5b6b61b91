package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rings among threads, and what is left when they go. */
@ExtendWith(DescriptorsReturn.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class RingThreadsTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int POLLIN = 1;
    private static final int IO_URING_ENTER = 426;

    @Test
    @Behaviour("THR-01")
    void ringWithoutASingleIssuerWorksOnEveryThread() throws Throwable {
        try (RawRing ring = RawRing.open(8, 0)) {
            useByIndex(ring);
            for (int i = 0; i < 3; i++) {
                RingLifecycleTest.onThread(() -> {
                    int flags = RawRing.REGISTERED_RING;
                    assertEquals(-Errno.EINVAL, RawRing.enter(0, 0, 0, flags), "no table yet");
                    useByIndex(ring);
                });
            }
            ring.nop(2);
            assertEquals(1, ring.enter(1, 1, RawRing.GETEVENTS));
            assertEquals(new RawRing.Completion(2, 0), ring.take());
        }
    }

    private static void useByIndex(RawRing ring) {
        int index = ring.registerRingFd();
        assertTrue(index >= 0, "index " + index);
        ring.nop(1);
        int flags = RawRing.GETEVENTS | RawRing.REGISTERED_RING;
        assertEquals(1, RawRing.enter(index, 1, 1, flags));
        assertEquals(new RawRing.Completion(1, 0), ring.take());
        assertEquals(1, RawRing.unregister(ring.fd, false, index));
        assertEquals(-Errno.EBADF, RawRing.enter(index, 0, 0, flags), "no longer there");
    }

    /** Why closing a shared ring must wake its threads itself. */
    @Test
    @Behaviour("THR-02")
    void closedDescriptorDoesNotEndAWait() throws Exception {
        RawRing ring = RawRing.open(8, 0);
        CompletableFuture<Long> waited = new CompletableFuture<>();
        Thread waiter =
                new Thread(() -> {
                    long start = System.nanoTime();
                    int result = ring.await(700_000_000);
                    waited.complete(result == -Errno.ETIME ? System.nanoTime() - start : result);
                });
        waiter.start();
        Eventually.isTrue(LIMIT, "a wait", () -> LibcProcess.inSystemCall(IO_URING_ENTER));
        ring.closeDescriptor();
        long nanos = waited.get(10, TimeUnit.SECONDS);
        assertTrue(nanos >= 700_000_000, "the wait ended with " + nanos);
        waiter.join(10_000);
        ring.unmap();
    }

    @Test
    @Behaviour("THR-03")
    void ringsOfSeveralThreadsLeaveNothing() throws Exception {
        int rings = OpenDescriptors.now().rings();
        long mappings = LibcProcess.ringMappings();
        String locked = LibcProcess.threadField(ownPid(), "VmLck");
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            RingType type = List.of(RingType.values()).get(i);
            all.add(
                    onPlatformThread(() -> {
                        for (int round = 0; round < 250; round++) {
                            try (TestRing test = TestRing.open(type.config(4, 16))) {
                                ControlOps.nop(test.sqe()).userData(1);
                                test.take(1, 0);
                            }
                        }
                    }));
        }
        for (CompletableFuture<Void> each : all) {
            each.get(60, TimeUnit.SECONDS);
        }
        assertEquals(rings, OpenDescriptors.now().rings());
        assertEquals(mappings, LibcProcess.ringMappings());
        assertEquals(locked, LibcProcess.threadField(ownPid(), "VmLck"));
        try (Ring large = Ring.open(new RingConfig(32768, 65536, Set.of()))) {
            assertEquals(32768, large.sqEntries(), "there is memory for the largest ring");
        }
    }

    private static String ownPid() {
        return Long.toString(ProcessHandle.current().pid());
    }

    static CompletableFuture<Void> onPlatformThread(Runnable body) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread =
                new Thread(() -> {
                    try {
                        body.run();
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                });
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    @Test
    @Behaviour("THR-04")
    void queuesAreUnmappedBeforeOrAfterTheDescriptorIsClosed() {
        long mappings = LibcProcess.ringMappings();
        for (int round = 0; round < 100; round++) {
            RawRing ring = RawRing.open(8, 0);
            ring.nop(1);
            assertEquals(1, ring.enter(1, 1, RawRing.GETEVENTS));
            assertEquals(mappings + 2, LibcProcess.ringMappings());
            if (round % 2 == 0) {
                ring.unmap();
                assertEquals(0, ring.enter(0, 0, RawRing.GETEVENTS), "the ring lives on");
                ring.closeDescriptor();
            } else {
                ring.closeDescriptor();
                assertEquals(1, ring.ready(), "the memory lives on");
                assertEquals(new RawRing.Completion(1, 0), ring.take());
                ring.unmap();
            }
        }
        assertEquals(mappings, LibcProcess.ringMappings());
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("THR-05")
    void portIsFreeSoonAfterTheRingThatAcceptedOnIt(RingType type) {
        int port;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (Ring ring = Ring.open(type.config())) {
            ring.enable();
            Descriptor listener = listen(ring, address);
            SocketOps.accept(ring.nextSqe(), listener).userData(4);
            ring.submit();
            Eventually.isTrue(LIMIT, "the accept is there", () -> ring.pendingSqes() == 0);
            Libc.close(listener.number()); // the pending operation still holds the socket
            assertFalse(binds(address), "held by the pending accept");
        }
        Eventually.isTrue(LIMIT, "the port is free", () -> binds(address));
    }

    private static Descriptor listen(Ring ring, InetSocketAddress address) {
        SocketOps.socket(ring.nextSqe(), 2, 0x80001, 0).userData(1);
        Descriptor listener = Descriptor.of(result(ring, 1));
        Sockaddr encoded = Sockaddr.of(Arena.ofAuto(), address);
        SocketOps.bind(ring.nextSqe(), listener, encoded).userData(2);
        assertEquals(0, result(ring, 2));
        SocketOps.listen(ring.nextSqe(), listener, 16).userData(3);
        assertEquals(0, result(ring, 3));
        return listener;
    }

    private static int result(Ring ring, long expected) {
        int[] results = {Integer.MIN_VALUE};
        ring.submitAndWait(1, TestRing.LIMIT_NANOS);
        ring.drain((userData, result, flags) -> {
            assertEquals(expected, userData);
            results[0] = result;
        });
        assertNotEquals(Integer.MIN_VALUE, results[0], "no completion");
        return results[0];
    }

    private static boolean binds(InetSocketAddress address) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(false);
            socket.bind(address);
            return true;
        } catch (IOException inUse) {
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("THR-06")
    void pendingReceiveKeepsAClosedSocketOpenUntilItIsCancelled(RingType type) {
        try (TestRing test = type.open()) {
            Libc.Pair pair = Libc.socketPair(Libc.STREAM);
            MemorySegment buffer = test.ring().allocate(8);
            SocketOps.recv(test.sqe(), Descriptor.of(pair.first()), buffer, 0).userData(1);
            PollOps.poll(test.sqe(), Descriptor.of(pair.second()), POLLIN).userData(2);
            test.ring().submitAndWait(1, 50_000_000); // by then both wait, on a polled ring too
            Libc.close(pair.first());
            test.ring().submitAndWait(1, 100_000_000);
            assertEquals(List.of(), test.takeReady(), "the peer still sees an open socket");
            CancelOps.cancel(test.sqe(), 1).userData(3);
            test.take(3, 0);
            test.take(1, -125);
            assertTrue((test.take(2).result() & POLLIN) != 0, "the peer sees the end");
            assertEquals("", Libc.read(pair.second()));
            Libc.close(pair.second());
        }
    }
}
