package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Large writes whose memory the kernel reads in place. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ZeroCopyWriteTest {
    private static final StreamConfig CONFIG = StreamConfig.defaults().withZeroCopyBytes(1000);

    @TempDir private Path directory;

    private final AtomicInteger tellings = new AtomicInteger();

    private static MemorySegment memory(Arena arena, byte[] bytes) {
        MemorySegment memory = arena.allocate(bytes.length);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, 0, bytes.length);
        return memory;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cancel_fd", "reg_reg_ring"})
    void largeAndSmallWritesArriveInOrderAndAreTold(String mask) throws Exception {
        Random random = Seed.random("ZeroCopyWriteTest.order");
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        Recorder server = new Recorder();
        int writes = 0;
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1, mask, io.uring.reactor.ReactorConfig.defaults());
                Peer peer = Peer.connect(loops.serve(CONFIG, server))) {
            CompletableFuture<byte[]> all = Background.run(peer::readToEnd);
            for (int i = 0; i < 200; i++) {
                byte[] bytes = new byte[1 + random.nextInt(random.nextBoolean() ? 2000 : 200_000)];
                random.nextBytes(bytes);
                expected.writeBytes(bytes);
                if (random.nextInt(3) == 0) {
                    server.onLoop(socket -> socket.write(ByteBuffer.wrap(bytes)));
                } else {
                    writes++;
                    server.onLoop(socket -> socket.write(memory(arena, bytes), this::sent));
                }
            }
            server.onLoop(StreamSocket::close);
            assertArrayEquals(expected.toByteArray(), Loops.get(all));
            assertNull(server.closeCause());
            int total = writes;
            Eventually.isTrue(Loops.LIMIT, "all are told", () -> tellings.get() == total);
        }
    }

    private void sent(IOException failure) {
        assertNull(failure);
        tellings.incrementAndGet();
    }

    /** Loopback copies when the peer is on the same machine, and says so. */
    @Test
    void connectionGivesItUpWhenTheKernelCopiesAnyway() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(CONFIG, server))) {
            MemorySegment data = memory(arena, new byte[5000]);
            server.onLoop(socket -> {
                socket.write(data, this::sent);
                assertTrue(socket.sender.isZeroCopy());
            });
            peer.read(5000);
            Eventually.isTrue(Loops.LIMIT, "told", () -> tellings.get() == 1);
            server.onLoop(socket -> {
                assertFalse(socket.sender.isZeroCopy());
                socket.write(data, this::sent);
            });
            peer.read(5000);
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
        }
    }

    @Test
    void unixSocketsHaveNoneAndSendAllTheSame() throws Exception {
        Recorder server = new Recorder();
        byte[] content = new byte[300_000];
        new Random(7).nextBytes(content);
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1)) {
            java.net.SocketAddress path =
                    java.net.UnixDomainSocketAddress.of(directory.resolve("socket"));
            Listener listener =
                    Listener.open(
                            loops.group(), ListenerConfig.of(path).withStream(CONFIG), _ -> server);
            try (Peer peer = Peer.connect(path)) {
                CompletableFuture<byte[]> all = Background.run(peer::readToEnd);
                server.onLoop(socket -> {
                    socket.write(memory(arena, content), this::sent);
                    socket.close();
                });
                assertArrayEquals(content, Loops.get(all));
                assertEquals(1, tellings.get());
            }
            Loops.get(listener.close());
        }
    }

    @Test
    void resetTellsEveryWriteOnceWhenTheKernelIsDoneWithIt() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(CONFIG, server))) {
            MemorySegment data = memory(arena, new byte[8 << 20]);
            AtomicInteger failures = new AtomicInteger();
            server.onLoop(socket -> {
                for (int i = 0; i < 4; i++) {
                    socket.write(
                            data,
                            failure -> {
                                tellings.incrementAndGet();
                                if (failure != null) {
                                    failures.incrementAndGet();
                                }
                            });
                }
            });
            peer.read(100_000);
            peer.reset();
            assertInstanceOf(IOException.class, server.closeCause());
            Eventually.isTrue(Loops.LIMIT, "all are told", () -> tellings.get() == 4);
            assertEquals(4, failures.get());
        }
    }

    @Test
    void impossibleThresholdIsRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> StreamConfig.defaults().withZeroCopyBytes(0));
    }
}
