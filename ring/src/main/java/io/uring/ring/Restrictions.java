package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * What a ring may do, decided once before it is enabled: everything else is EACCES. For a ring that
 * is handed to code that is not trusted. Kernel 5.10. Closing a ring ends what is in flight with
 * ASYNC_CANCEL, so that should be allowed.
 *
 * <pre>{@code
 * Ring ring = Ring.open(config);
 * new Restrictions().allow(Opcode.READ).allowSqeFlags(Restrictions.FIXED_FILE).register(ring);
 * ring.enable();
 * }</pre>
 */
public final class Restrictions {
    /** Bits of the flags of an entry. */
    public static final int FIXED_FILE = 1;

    public static final int IO_DRAIN = 1 << 1;
    public static final int IO_LINK = 1 << 2;
    public static final int IO_HARDLINK = 1 << 3;
    public static final int ASYNC = 1 << 4;
    public static final int BUFFER_SELECT = 1 << 5;
    public static final int CQE_SKIP_SUCCESS = 1 << 6;

    private record Rule(int opcode, int value) {}

    private final List<Rule> rules = new ArrayList<>();

    /** No rule yet, which forbids everything. */
    public Restrictions() {}

    /** Allows an operation. */
    public Restrictions allow(Opcode opcode) {
        return add(RegisterAbi.RESTRICTION_SQE_OP, opcode.ordinal());
    }

    /** Allows a register call, by the kernel's number. */
    public Restrictions allowRegister(int opcode) {
        if (opcode < 0 || opcode > 0xff) {
            throw new IllegalArgumentException("register call " + opcode);
        }
        return add(RegisterAbi.RESTRICTION_REGISTER_OP, opcode);
    }

    /** Allows these flags of an entry. */
    public Restrictions allowSqeFlags(int flags) {
        return add(RegisterAbi.RESTRICTION_SQE_FLAGS_ALLOWED, checked(flags));
    }

    /** Demands these flags of each entry. */
    public Restrictions requireSqeFlags(int flags) {
        return add(RegisterAbi.RESTRICTION_SQE_FLAGS_REQUIRED, checked(flags));
    }

    private static int checked(int flags) {
        if ((flags & 0x7f) != flags) {
            throw new IllegalArgumentException("flags 0x" + Integer.toHexString(flags));
        }
        return flags;
    }

    private Restrictions add(int opcode, int value) {
        rules.add(new Rule(opcode, value));
        return this;
    }

    /**
     * Restricts a ring. Without any rule it may do nothing at all once it is enabled.
     *
     * @throws IllegalStateException when the ring is enabled, or was made without R_DISABLED
     * @throws RingException when the kernel refuses: EBUSY the second time
     */
    public void register(Ring ring) {
        if (ring.isEnabled() || !ring.capabilities().has(Feature.R_DISABLED)) {
            throw new IllegalStateException(
                    "restrictions are registered before the ring is enabled");
        }
        try (Arena scratch = Arena.ofConfined()) {
            long bytes = Math.max(rules.size(), 1L) * RegisterAbi.RESTRICTION_BYTES;
            long entries = scratch.allocate(bytes, Long.BYTES).address();
            for (int i = 0; i < rules.size(); i++) {
                long entry = entries + (long) i * RegisterAbi.RESTRICTION_BYTES;
                Rule rule = rules.get(i);
                NativeMemory.putShort(
                        entry + RegisterAbi.RESTRICTION_OPCODE, (short) rule.opcode());
                NativeMemory.putByte(entry + RegisterAbi.RESTRICTION_VALUE, (byte) rule.value());
            }
            ring.register("RESTRICTIONS", RegisterAbi.REGISTER_RESTRICTIONS, entries, rules.size());
        }
    }
}
