package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.Set;

/**
 * Finds out what a ring can do: set-up flags, feature bits, the probe, and a trial where none of
 * them tells.
 */
final class RingProbe {
    /** A register call on the ring that is probed. */
    @FunctionalInterface
    interface Registrar {
        int register(int opcode, long argument, int count);
    }

    private static final int MAX_OPS = 256;
    private static final int BLIND = -1;

    /** Up to 5.5 an operation is there or not by the release alone. */
    private static final int LAST_WITHOUT_PROBE = 505;

    /**
     * A group for the trial registration of a buffer ring, which is gone again before anybody
     * else's.
     */
    private static final int TRIAL_GROUP = 0;

    private final Kernel kernel;
    private final Registrar ring;
    private final RingConfig config;
    private final Set<Feature> features = EnumSet.noneOf(Feature.class);
    private final Set<Opcode> opcodes;
    private int setupFlags;
    private int release;

    RingProbe(Kernel kernel, Registrar ring, RingSetup setup, RingConfig config, Arena arena) {
        this.kernel = kernel;
        this.ring = ring;
        this.config = config;
        add(Feature.IO_URING, true);
        for (Feature flag : setup.asked()) {
            features.add(flag);
            setupFlags |= flag.bit();
        }
        for (Feature feature : Feature.values()) {
            if (feature.kind() == Feature.Kind.FEATURE) {
                add(feature, (setup.params.features() & feature.bit()) != 0);
            }
        }
        setupFlags |= config.setupFlags();
        if (!features.contains(Feature.NODROP)) {
            features.remove(Feature.CQE_SKIP); // silent operations cannot be counted
        }
        this.opcodes = probe(arena);
        this.release = release(setup.params.features());
        // Flags of operations are not probed: an operation of the same release stands for them.
        add(Feature.RING_FDS, opcodes.contains(Opcode.MSG_RING));
        add(Feature.MULTISHOT_ACCEPT, opcodes.contains(Opcode.SOCKET));
        add(Feature.CANCEL_FD, opcodes.contains(Opcode.SOCKET));
        add(Feature.MULTISHOT_RECV, opcodes.contains(Opcode.SEND_ZC));
        add(Feature.PBUF_RING, triesBufferRing(0));
        boolean rings = features.contains(Feature.PBUF_RING);
        add(Feature.PBUF_RING_INC, rings && triesBufferRing(Abi.PBUF_RING_INC));
        boolean messages = triesMessage(); // and what came with it
        add(Feature.SEND_MSG_RING, messages);
        add(Feature.RESIZE_RINGS, messages && canResize());
    }

    private void add(Feature feature, boolean present) {
        if (present && !config.masked().contains(feature)) {
            features.add(feature);
        }
    }

    private Set<Opcode> probe(Arena arena) {
        long bytes = Abi.PROBE_OPS + (long) MAX_OPS * Abi.PROBE_OP_BYTES;
        long probe = arena.allocate(bytes, Long.BYTES).address();
        Set<Opcode> supported = EnumSet.noneOf(Opcode.class);
        if (ring.register(Abi.REGISTER_PROBE, probe, MAX_OPS) < 0) {
            return byRelease(); // before 5.6
        }
        int last = NativeMemory.getByte(probe + Abi.PROBE_LAST_OP) & 0xff;
        for (Opcode opcode : Opcode.values()) {
            long entry = probe + Abi.PROBE_OPS + (long) opcode.ordinal() * Abi.PROBE_OP_BYTES;
            int flags = NativeMemory.getShort(entry + Abi.PROBE_OP_FLAGS);
            if (opcode.ordinal() <= last && (flags & Abi.PROBE_SUPPORTED) != 0) {
                supported.add(opcode);
            }
        }
        return supported;
    }

    /** Before there was a probe, the release said it. */
    private static Set<Opcode> byRelease() {
        Set<Opcode> supported = EnumSet.noneOf(Opcode.class);
        int running = Math.min(KernelSupport.runningRelease(), LAST_WITHOUT_PROBE);
        for (Opcode opcode : Opcode.values()) {
            if (KernelSupport.release(opcode.since()) <= running) {
                supported.add(opcode);
            }
        }
        return supported;
    }

    /**
     * The newest release of which the kernel shows something: distributions bring features to
     * kernels that call themselves older.
     */
    private int release(int featureBits) {
        int newest = KernelSupport.runningRelease();
        for (Opcode opcode : opcodes) {
            newest = Math.max(newest, KernelSupport.release(opcode.since()));
        }
        for (Feature feature : Feature.values()) {
            if (feature.kind() == Feature.Kind.FEATURE && (featureBits & feature.bit()) != 0) {
                newest = Math.max(newest, KernelSupport.release(feature.since()));
            }
        }
        return newest;
    }

    private boolean triesBufferRing(int flags) {
        try (Arena scratch = Arena.ofConfined()) {
            long memory = RingMapping.map(kernel, scratch, BufferRing.PAGE_BYTES, -1, 0).address();
            long registration = BufferRing.registration(scratch, memory, 1, TRIAL_GROUP, flags);
            if (ring.register(Abi.REGISTER_PBUF_RING, registration, 1) < 0) {
                return false;
            }
            registration = BufferRing.registration(scratch, 0, 0, TRIAL_GROUP, 0);
            return ring.register(Abi.UNREGISTER_PBUF_RING, registration, 1) == 0;
        }
    }

    private boolean canResize() {
        return features.contains(Feature.DEFER_TASKRUN)
                && features.contains(Feature.NO_SQARRAY)
                && !config.has(Abi.SETUP_NO_MMAP);
    }

    /** A message to something that is no ring: a kernel that knows the call answers EBADFD. */
    private boolean triesMessage() {
        long eventfd = kernel.eventfd();
        if (eventfd < 0) {
            return false;
        }
        try (Arena scratch = Arena.ofConfined()) {
            long sqe = scratch.allocate(Abi.SQE_BYTES, Long.BYTES).address();
            MessageOps.send(new Sqe().at(sqe), Descriptor.of((int) eventfd), 0, 0);
            return kernel.register(BLIND, Abi.REGISTER_SEND_MSG_RING, sqe, 1) == -Errno.EBADFD;
        } finally {
            kernel.close((int) eventfd);
        }
    }

    Set<Feature> features() {
        return features;
    }

    Set<Opcode> opcodes() {
        return opcodes;
    }

    int setupFlags() {
        return setupFlags;
    }

    KernelSupport support() {
        return KernelSupport.of(opcodes, features, release);
    }
}
