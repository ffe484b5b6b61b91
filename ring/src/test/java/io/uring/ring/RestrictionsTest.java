package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DescriptorsReturn.class)
final class RestrictionsTest {
    private static final int EACCES = 13;
    private static final int EBUSY = 16;
    private static final int EBADFD = 77;

    private static final int REGISTER_FILES = 2;
    private static final int UNREGISTER_FILES = 3;
    private static final int REGISTER_PERSONALITY = 9;
    private static final int REGISTER_RESTRICTIONS = 11;

    private static final int NO_FILE = 1_000_000;

    @Test
    @Behaviour("SEC-03")
    void restrictionsAreOnlyForARingThatIsNotEnabled() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            ring.enable();
            assertThrows(IllegalStateException.class, () -> new Restrictions().register(ring));
            assertEquals(-EBADFD, ring.tryRegister(REGISTER_RESTRICTIONS, 0, 0));
        }
        RingConfig plain = new RingConfig(8, 16, Set.of(Feature.R_DISABLED));
        try (Ring ring = Ring.open(plain)) {
            assertThrows(IllegalStateException.class, () -> new Restrictions().register(ring));
        }
    }

    @Test
    @Behaviour("SEC-03")
    void restrictionsAreRegisteredOnce() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            Restrictions restrictions = new Restrictions().allow(Opcode.NOP);
            restrictions.register(ring);
            RingException again =
                    assertThrows(RingException.class, () -> restrictions.register(ring));
            assertEquals(EBUSY, again.errno());
            assertTrue(String.valueOf(again.getMessage()).contains("RESTRICTIONS"));
        }
    }

    @Test
    @Behaviour("SEC-04")
    void whatIsNotAllowedIsDeniedOnceTheRingIsEnabled() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            new Restrictions()
                    .allow(Opcode.NOP)
                    .allow(Opcode.READ)
                    .allowSqeFlags(Restrictions.FIXED_FILE | Restrictions.ASYNC)
                    .allowRegister(UNREGISTER_FILES)
                    .register(ring);
            FileTable.register(ring, FileTable.EMPTY); // not yet in force
            ring.enable();
            assertEquals(0, result(ring, ControlOps.nop(ring.nextSqe())));
            assertEquals(0, result(ring, ControlOps.nop(ring.nextSqe()).async()));
            assertEquals(-EACCES, result(ring, ControlOps.nop(ring.nextSqe()).link()));
            assertEquals(
                    -EACCES,
                    result(ring, ControlOps.close(ring.nextSqe(), Descriptor.of(NO_FILE))));
            assertEquals(-EACCES, ring.tryRegister(REGISTER_PERSONALITY, 0, 0));
            assertEquals(0, ring.tryRegister(UNREGISTER_FILES, 0, 0));
            assertEquals(-EACCES, ring.tryRegister(REGISTER_FILES, 0, 0));
        }
    }

    @Test
    @Behaviour("SEC-04")
    void entriesWithoutRequiredFlagsAreDenied() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            new Restrictions().allow(Opcode.NOP).requireSqeFlags(Restrictions.ASYNC).register(ring);
            ring.enable();
            assertEquals(-EACCES, result(ring, ControlOps.nop(ring.nextSqe())));
            assertEquals(0, result(ring, ControlOps.nop(ring.nextSqe()).async()));
        }
    }

    @Test
    @Behaviour("SEC-05")
    void withoutARuleNothingIsAllowed() {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            new Restrictions().register(ring);
            ring.enable();
            for (Opcode opcode : new Opcode[] {Opcode.NOP, Opcode.READ, Opcode.CLOSE}) {
                assertEquals(-EACCES, result(ring, ring.nextSqe().fd(NO_FILE).opcode(opcode)));
            }
            for (int call : new int[] {REGISTER_FILES, UNREGISTER_FILES, REGISTER_PERSONALITY}) {
                assertEquals(-EACCES, ring.tryRegister(call, 0, 0), "register call " + call);
            }
        }
    }

    @Test
    void ringThatMayCancelFreesItsMemoryWhenItCloses() {
        try (Libc.Pair pipe = Libc.pipe()) {
            Ring ring = Ring.open(RingConfig.ofEntries(8, 16));
            new Restrictions().allow(Opcode.READ).allow(Opcode.ASYNC_CANCEL).register(ring);
            ring.enable();
            MemorySegment buffer = ring.allocate(8);
            FileOps.read(ring.nextSqe(), Descriptor.of(pipe.first()), buffer, 0).userData(1);
            ring.submit();
            ring.close();
            assertFalse(buffer.scope().isAlive());
        }
    }

    @Test
    void rulesThatTheKernelDoesNotKnowAreRefused() {
        Restrictions restrictions = new Restrictions();
        assertThrows(IllegalArgumentException.class, () -> restrictions.allowRegister(-1));
        assertThrows(IllegalArgumentException.class, () -> restrictions.allowRegister(256));
        assertThrows(IllegalArgumentException.class, () -> restrictions.allowSqeFlags(-1));
        assertThrows(IllegalArgumentException.class, () -> restrictions.requireSqeFlags(256));
    }

    private static int result(Ring ring, Sqe prepared) {
        prepared.userData(1);
        int[] result = {Integer.MIN_VALUE};
        ring.submitAndWait(1, TestRing.LIMIT_NANOS);
        int count = ring.drain((userData, value, flags) -> result[0] = value);
        assertEquals(1, count);
        return result[0];
    }
}
