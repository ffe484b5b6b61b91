package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.uring.testkit.Behaviour;
import io.uring.testkit.OpenDescriptors;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** Who may do what, and when. */
@ExtendWith(DescriptorsReturn.class)
final class RingLifecycleTest {
    private static final RingConfig CONFIG = new RingConfig(8, 32, Set.of());

    /** Everything that touches the queues. */
    private static Map<String, Consumer<Ring>> operations() {
        return Map.ofEntries(
                Map.entry("nextSqe", Ring::nextSqe),
                Map.entry("submit", Ring::submit),
                Map.entry("submitAndWait", ring -> ring.submitAndWait(0, 0)),
                Map.entry("submitAndWait forever", ring -> ring.submitAndWait(1, Ring.FOREVER)),
                Map.entry("wait as described", RingLifecycleTest::waitAsDescribed),
                Map.entry("waitForSpace", Ring::waitForSpace),
                Map.entry("drain", ring -> ring.drain((u, r, f) -> {})),
                Map.entry("drain some", ring -> ring.drain((u, r, f) -> {}, 1)),
                Map.entry("drain extended", ring -> ring.drain((u, r, f, x, y) -> {})),
                Map.entry("needsEnter", Ring::needsEnter),
                Map.entry("pendingSqes", Ring::pendingSqes),
                Map.entry("readyCqes", Ring::readyCqes),
                Map.entry("lostCompletions", Ring::lostCompletions),
                Map.entry("muteEventFd", ring -> ring.muteEventFd(true)),
                Map.entry("resize", ring -> ring.resize(8, 32)),
                Map.entry(
                        "register a buffer ring",
                        ring -> BufferRing.register(ring, 0, 1, 1, false)));
    }

    private static void waitAsDescribed(Ring ring) {
        try (Arena arena = Arena.ofConfined()) {
            ring.submitAndWait(1, new Wait(arena).timeoutNanos(1));
        }
    }

    @TestFactory
    @Behaviour("ERR-09")
    Stream<DynamicTest> useAfterCloseIsAnException() {
        return Stream.concat(
                        operations().entrySet().stream(),
                        Map.<String, Consumer<Ring>>of(
                                "enable",
                                Ring::enable,
                                "allocate",
                                ring -> ring.allocate(8),
                                "newArena",
                                Ring::newArena,
                                "message",
                                ring -> ring.message(1, 1),
                                "message header",
                                ring -> ring.newMessageHeader(1),
                                "event descriptor",
                                EventFd::open)
                                .entrySet()
                                .stream())
                .map(operation ->
                        dynamicTest(
                                operation.getKey(),
                                () -> {
                                    Ring ring = enabled();
                                    ring.close();
                                    assertIllegalState(() -> operation.getValue().accept(ring));
                                }));
    }

    @TestFactory
    Stream<DynamicTest> useBeforeEnableIsAnException() {
        return operations().entrySet().stream()
                .map(operation ->
                        dynamicTest(
                                operation.getKey(),
                                () -> {
                                    try (Ring ring = Ring.open(CONFIG)) {
                                        assertIllegalState(() -> operation.getValue().accept(ring));
                                    }
                                }));
    }

    @TestFactory
    @Behaviour({"SUB-16", "SUB-17"})
    Stream<DynamicTest> useFromAnotherThreadIsAnException() {
        return operations().entrySet().stream()
                .map(operation ->
                        dynamicTest(
                                operation.getKey(),
                                () -> {
                                    try (Ring ring = enabled()) {
                                        assertIllegalState(() ->
                                                onThread(() -> operation.getValue().accept(ring)));
                                    }
                                }));
    }

    /** Its descriptor may be another ring's by now. */
    @Test
    @Behaviour("ERR-09")
    void ringClosedBeforeItWasEnabledIsNotEnabled() {
        Ring closed = Ring.open(CONFIG);
        closed.close();
        try (Ring other = Ring.open(CONFIG)) {
            assertEquals(closed.fd(), other.fd());
            assertIllegalState(closed::enable);
            other.enable();
        }
    }

    @Test
    @Behaviour("ERR-09")
    void entryKeptAfterCloseWritesNowhere() {
        Ring ring = enabled();
        Sqe sqe = ring.nextSqe();
        assertNotNull(sqe);
        ring.close();
        assertDoesNotThrow(() -> ControlOps.nop(sqe).userData(1).clear());
    }

    @Test
    @Behaviour("ERR-09")
    void buffersKeptAfterCloseAreRefused() {
        Ring ring = enabled();
        BufferRing buffers = BufferRing.register(ring, 0, 4, 64, false);
        ring.close();
        assertIllegalState(() -> buffers.recycle(0));
        assertIllegalState(buffers::publish);
        assertIllegalState(buffers::unregister);
        assertIllegalState(() -> buffers.memory().fill((byte) 0));
    }

    @Test
    @Behaviour("ERR-09")
    void closeTwiceIsHarmless() {
        FaultyKernel kernel = new FaultyKernel(); // which fails a second close of a descriptor
        Ring ring = Ring.open(CONFIG, kernel);
        ring.enable();
        ring.close();
        ring.close();
        ring.abandon();
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings());
    }

    @Test
    void abandonClosesTheDescriptorAndKeepsTheMemory() {
        FaultyKernel kernel = new FaultyKernel();
        Ring ring = Ring.open(CONFIG, kernel);
        ring.enable();
        var memory = ring.allocate(64);
        ring.abandon();
        assertEquals(0, kernel.openDescriptors());
        assertTrue(kernel.openMappings() > 0);
        assertDoesNotThrow(() -> memory.fill((byte) 1));
    }

    @Test
    void ringThatWasNeverEnabledIsClosedByAnyThread() throws Throwable {
        FaultyKernel kernel = new FaultyKernel();
        Ring ring = Ring.open(CONFIG, kernel);
        onThread(ring::close);
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings());
    }

    @Test
    void closeByAnotherThreadIsRefusedAndTheRingGoesOn() {
        try (TestRing test = TestRing.open(CONFIG)) {
            assertIllegalState(() -> onThread(test.ring()::close));
            assertIllegalState(() -> onThread(test.ring()::abandon));
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
        }
    }

    @Test
    void ringOfAnEndedThreadIsClosedByAnyOther() throws Throwable {
        FaultyKernel kernel = new FaultyKernel();
        Ring ring = Ring.open(CONFIG, kernel);
        onThread(ring::enable);
        ring.close();
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings());
    }

    /** The table of registered rings is the thread's: another thread has other rings in it. */
    @Test
    @Behaviour("WAIT-17")
    void closeOfAnEndedThreadsRingLeavesOurRegisteredRingsAlone() throws Throwable {
        try (TestRing test = TestRing.open(CONFIG.masking(Feature.SINGLE_ISSUER))) {
            Ring orphan = Ring.open(CONFIG.masking(Feature.SINGLE_ISSUER));
            onThread(orphan::enable); // both have index 0, each in its thread
            orphan.close();
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("SET-22")
    void enableTwiceIsRefused() {
        try (Ring ring = enabled()) {
            assertIllegalState(ring::enable);
        }
    }

    @Test
    @Behaviour("SET-23")
    void enablingThreadOwnsARingThatAnotherThreadMade() throws Throwable {
        AtomicReference<Ring> made = new AtomicReference<>();
        onThread(() -> made.set(Ring.open(CONFIG)));
        try (Ring ring = made.get()) {
            ring.enable();
            ControlOps.nop(ring.nextSqe()).userData(1);
            assertEquals(1, ring.submitAndWait(1, TestRing.LIMIT_NANOS));
            assertEquals(1, ring.drain((u, r, f) -> {}));
        }
    }

    @Test
    void virtualThreadCannotOwnARing() throws InterruptedException {
        try (Ring ring = Ring.open(CONFIG)) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread thread =
                    Thread.ofVirtual()
                            .start(() ->
                                    thrown.set(
                                            assertThrows(
                                                    IllegalStateException.class, ring::enable)));
            thread.join(10_000);
            assertTrue(String.valueOf(thrown.get()).contains("virtual"));
            ring.enable();
        }
    }

    @Test
    @Behaviour("WAIT-17")
    void moreRingsThanTheThreadsTableHoldsWork() {
        List<TestRing> rings = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                rings.add(TestRing.open(CONFIG));
            }
            for (TestRing test : rings) {
                ControlOps.nop(test.sqe()).userData(1);
                test.take(1, 0);
            }
        } finally {
            rings.forEach(TestRing::close);
        }
    }

    @Test
    @Behaviour({"SET-21", "THR-03"})
    void thousandRingsOneAfterTheOtherLeaveNothing() {
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 1000; i++) {
            try (TestRing test = TestRing.open(CONFIG)) {
                ControlOps.nop(test.sqe()).userData(1);
                test.take(1, 0);
            }
        }
        assertEquals(before.rings(), OpenDescriptors.now().rings());
    }

    @Test
    void ringNamesItself() {
        try (Ring ring = enabled()) {
            assertEquals("Ring[fd=" + ring.fd() + ", sq=8, cq=32]", ring.toString());
        }
    }

    private static Ring enabled() {
        Ring ring = Ring.open(CONFIG);
        ring.enable();
        return ring;
    }

    private static void assertIllegalState(Executable executable) {
        assertThrows(IllegalStateException.class, executable);
    }

    /** Runs it on a thread that has ended on return, and throws what it threw. */
    static void onThread(Executable executable) throws Throwable {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread =
                new Thread(() -> {
                    try {
                        executable.execute();
                    } catch (Throwable e) {
                        thrown.set(e);
                    }
                });
        thread.start();
        thread.join(10_000);
        if (thrown.get() != null) {
            throw thrown.get();
        }
    }
}
