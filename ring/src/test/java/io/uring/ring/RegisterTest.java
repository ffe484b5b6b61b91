package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What all register calls have in common, and the probe. */
@ExtendWith(DescriptorsReturn.class)
final class RegisterTest {
    private static final int EBADF = 9;
    private static final int EACCES = 13;
    private static final int EINVAL = 22;
    private static final int EOPNOTSUPP = 95;

    private static final int UNREGISTER_BUFFERS = 1;
    private static final int UNREGISTER_FILES = 3;
    private static final int REGISTER_EVENTFD = 4;
    private static final int PROBE = 8;
    private static final int PERSONALITY = 9;
    private static final int SEND_MSG_RING = 31;
    private static final int QUERY = 35;
    private static final int LAST = 36;

    @Test
    @Behaviour("REG-01")
    void probeIsZeroedAndHasAtMost256Operations() {
        try (TestRing test = TestRing.open()) {
            MemorySegment probe = test.ring().allocate(16 + 8 * 257);
            assertEquals(-EINVAL, probe(test, probe, 257));
            probe.set(ValueLayout.JAVA_BYTE, 16, (byte) 1);
            assertEquals(-EINVAL, probe(test, probe, 256));
            probe.set(ValueLayout.JAVA_BYTE, 16, (byte) 0);
            assertEquals(0, probe(test, probe, 256));
            int last = probe.get(ValueLayout.JAVA_BYTE, 0) & 0xff;
            assertEquals(last + 1, probe.get(ValueLayout.JAVA_BYTE, 1) & 0xff);
            probe.fill((byte) 0);
            assertEquals(0, probe(test, probe, 2));
            assertEquals(2, probe.get(ValueLayout.JAVA_BYTE, 1));
            MemorySegment rest = probe.asSlice(16 + 8 * 2);
            assertEquals(-1, rest.mismatch(test.ring().allocate(rest.byteSize())));
        }
    }

    private static int probe(TestRing test, MemorySegment probe, int operations) {
        return test.ring().tryRegister(PROBE, probe.address(), operations);
    }

    /** A ring that may do nothing tells operations it knows from others, and runs none. */
    @Test
    @Behaviour("REG-01")
    void probedOperationsAreThoseThatTheKernelKnows() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            new Restrictions().register(ring);
            ring.enable();
            for (int code = 0; code < 256; code++) {
                ring.nextSqe().putByte(0, code).userData(code);
                ring.submitAndWait(1, TestRing.LIMIT_NANOS);
                int expected = isSupported(ring, code) ? -EACCES : -EINVAL;
                int drained =
                        ring.drain((userData, result, flags) ->
                                assertEquals(expected, result, "operation " + userData));
                assertEquals(1, drained);
            }
        }
    }

    private static boolean isSupported(Ring ring, int code) {
        return code < Opcode.values().length && ring.capabilities().supports(Opcode.values()[code]);
    }

    @Test
    @Behaviour("REG-02")
    void wrongArgumentsAreRefused() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            long memory = ring.allocate(64).address();
            for (int unknown : new int[] {LAST + 10, 100, 0x7fff_ffff}) {
                assertEquals(-EINVAL, ring.tryRegister(unknown, 0, 0), "call " + unknown);
            }
            assertEquals(-EINVAL, ring.tryRegister(PERSONALITY, memory, 0));
            assertEquals(-EINVAL, ring.tryRegister(PERSONALITY, 0, 1));
            assertEquals(-EINVAL, ring.tryRegister(UNREGISTER_FILES, memory, 0));
            assertEquals(-EINVAL, ring.tryRegister(UNREGISTER_BUFFERS, 0, 1));
            assertEquals(-EINVAL, ring.tryRegister(REGISTER_EVENTFD, memory, 0));
            RingException e =
                    assertThrows(RingException.class, () -> ring.register("NOTHING", 100, 0, 0));
            assertTrue(String.valueOf(e.getMessage()).contains("NOTHING"));
        }
    }

    @Test
    @Behaviour("REG-02")
    void descriptorsThatAreNoRingsAreRefused() {
        LinuxKernel kernel = LinuxKernel.instance();
        int closed;
        try (Libc.Pair pipe = Libc.pipe()) {
            closed = pipe.first();
            assertEquals(-EOPNOTSUPP, kernel.register(pipe.first(), PERSONALITY, 0, 0));
        }
        assertEquals(-EBADF, kernel.register(closed, PERSONALITY, 0, 0));
    }

    @Test
    @Behaviour("REG-03")
    void ringIsNamedByItsIndexInTheThreadsTable() {
        RingConfig config = RingConfig.ofEntries(8, 16);
        MemorySegment memory = PagedMemory.allocate(config.memoryBytes());
        try (TestRing test = TestRing.open(config.inMemory(memory).withoutDescriptor())) {
            assertThrows(IllegalStateException.class, test.ring()::fd);
            try (Personality personality = Personality.register(test.ring())) {
                ControlOps.nop(test.sqe()).personality(personality).userData(1);
                test.take(1, 0);
            }
            FileTable files = FileTable.sparse(test.ring(), 2);
            SocketOps.socketDirect(test.sqe(), 1, 1, 0, files.slot(1)).userData(2);
            test.take(2, 0);
            files.close();
        }
    }

    @Test
    @Behaviour("REG-10")
    void onlyTwoCallsNeedNoRing() {
        try (Arena arena = Arena.ofConfined()) {
            long memory = arena.allocate(256, 8).address();
            for (int call = 0; call < LAST; call++) {
                long result = LinuxKernel.instance().register(-1, call, memory, 1);
                if (call != SEND_MSG_RING && call != QUERY) {
                    assertEquals(-EINVAL, result, "call " + call);
                }
            }
            assertEquals(0, LinuxKernel.instance().register(-1, QUERY, query(arena), 0));
            MemorySegment nop = arena.allocate(64, 8); // a message must be a MSG_RING
            assertEquals(
                    -EINVAL, LinuxKernel.instance().register(-1, SEND_MSG_RING, nop.address(), 1));
            nop.set(ValueLayout.JAVA_BYTE, 0, (byte) 40);
            nop.set(ValueLayout.JAVA_INT, 4, -1);
            assertNotEquals(
                    -EINVAL, LinuxKernel.instance().register(-1, SEND_MSG_RING, nop.address(), 1));
        }
    }

    private static long query(Arena arena) {
        MemorySegment header = arena.allocate(40, 8);
        header.set(ValueLayout.JAVA_LONG, 8, arena.allocate(48, 8).address());
        header.set(ValueLayout.JAVA_INT, 20, 48);
        return header.address();
    }
}
