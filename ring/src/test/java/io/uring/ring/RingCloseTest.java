package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Closing rings that are busy, and rings as small as they can be. */
@ExtendWith(DescriptorsReturn.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class RingCloseTest {
    private static final long SOON_NANOS = 10_000_000_000L;

    private static Ring enabled(RingConfig config) {
        Ring ring = Ring.open(config);
        ring.enable();
        return ring;
    }

    /** Reads that never end by themselves: their memory is free for another use after close. */
    @ParameterizedTest
    @EnumSource(RingType.class)
    void operationsInFlightNeverWriteAfterClose(RingType type) {
        try (Libc.Pair pair = Libc.socketPair(Libc.STREAM);
                Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(256);
            long start = System.nanoTime();
            try (Ring ring = enabled(type.config(8, 32))) {
                for (int i = 0; i < 8; i++) {
                    MemorySegment part = buffer.asSlice(32L * i, 32);
                    SocketOps.recv(ring.nextSqe(), Descriptor.of(pair.first()), part, 0)
                            .userData(1 + i);
                }
                ring.submit();
            }
            assertTrue(System.nanoTime() - start < SOON_NANOS);
            buffer.fill((byte) 'x');
            Libc.write(pair.second(), "must stay in the socket");
            assertEquals("must stay in the socket", Libc.read(pair.first()));
            assertEquals("x".repeat(256), Libc.string(buffer, 0, 256));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    void entriesThatWereNeverSubmittedAreNotRunByClose(RingType type) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofShared()) {
            MemorySegment text = arena.allocateFrom("no");
            try (Ring ring = enabled(type.config(8, 32))) {
                for (int i = 0; i < 8; i++) {
                    FileOps.write(ring.nextSqe(), Descriptor.of(pipe.second()), text, -1)
                            .userData(1);
                }
            }
            Libc.write(pipe.second(), "only this");
            assertEquals("only this", Libc.read(pipe.first()));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    void closeWhileDrainingIsRefused(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submitAndWait(1, TestRing.LIMIT_NANOS);
            AtomicInteger refused = new AtomicInteger();
            assertEquals(
                    1,
                    test.ring()
                            .drain((u, r, f) -> {
                                assertThrows(IllegalStateException.class, test.ring()::close);
                                assertThrows(
                                        IllegalStateException.class,
                                        () -> test.ring().drain((v, s, g) -> {}));
                                refused.incrementAndGet();
                            }));
            assertEquals(1, refused.get());
            ControlOps.nop(test.sqe()).userData(2);
            test.take(2, 0);
        }
    }

    @Test
    void closeAfterAHandlerThrewWorks() {
        Ring ring = enabled(RingType.BEST.config());
        ControlOps.nop(ring.nextSqe()).userData(1);
        ring.submit();
        assertThrows(
                ArithmeticException.class,
                () ->
                        ring.drain((u, r, f) -> {
                            throw new ArithmeticException("on purpose");
                        }));
        ring.close();
        assertThrows(IllegalStateException.class, ring::submit);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    void closeWithACompletionQueueThatOverflows(RingType type) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofShared()) {
            Ring ring = enabled(type.config(2, 2));
            MemorySegment buffer = arena.allocate(8);
            FileOps.read(nextOf(ring), Descriptor.of(pipe.first()), buffer, -1).userData(1);
            for (int i = 0; i < 20; i++) {
                ControlOps.nop(nextOf(ring)).userData(2);
            }
            ring.submit();
            long start = System.nanoTime();
            ring.close();
            assertTrue(System.nanoTime() - start < SOON_NANOS);
        }
    }

    private static Sqe nextOf(Ring ring) {
        Sqe sqe = ring.nextSqe();
        long start = System.nanoTime();
        while (sqe == null && System.nanoTime() - start < SOON_NANOS) {
            ring.submitAndWait(0, 0);
            sqe = ring.nextSqe();
        }
        return sqe;
    }

    /** One entry, and one place where the kernel allows it. */
    @ParameterizedTest
    @EnumSource(RingType.class)
    void smallestRingLosesNothing(RingType type) {
        int places = type == RingType.CQE_MIXED ? 2 : 1;
        try (Ring ring = enabled(type.config(1, places))) {
            List<Long> seen = new ArrayList<>();
            for (int i = 1; i <= 100; i++) {
                ControlOps.nop(nextOf(ring)).userData(i);
                ring.submit();
                if (i % 7 == 0) {
                    ring.drain((u, r, f) -> seen.add(u));
                }
            }
            long start = System.nanoTime();
            while (seen.size() < 100 && System.nanoTime() - start < SOON_NANOS) {
                ring.submitAndWait(1, 1_000_000);
                ring.drain((u, r, f) -> seen.add(u));
            }
            assertEquals(LongStream.rangeClosed(1, 100).boxed().toList(), seen);
            assertEquals(0, ring.lostCompletions());
        }
    }

    @Test
    void ringAttachedToOneWithoutADescriptorIsRefused() {
        RingConfig config = RingType.BEST.config(8, 32);
        MemorySegment memory = LibcProcess.mapped(config.memoryBytes());
        try (Ring hidden = Ring.open(config.inMemory(memory).withoutDescriptor())) {
            assertThrows(
                    IllegalStateException.class,
                    () -> Ring.open(RingType.BEST.config().attachedTo(hidden)));
            assertFalse(hidden.isEnabled());
        }
    }
}
