package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.Opcode;
import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** io_uring_register: what the layers above use, EINVAL for everything else. */
final class Registrations {
    private static final int MAX_RINGS = 16;

    private final World world;

    /** The thread's table of rings. */
    private final List<@Nullable SimulatedRing> rings = new ArrayList<>();

    Registrations(World world) {
        this.world = world;
        for (int i = 0; i < MAX_RINGS; i++) {
            rings.add(null);
        }
    }

    /** The ring of a registered index. */
    @Nullable SimulatedRing ring(int index) {
        return index >= 0 && index < MAX_RINGS ? rings.get(index) : null;
    }

    long register(@Nullable SimulatedRing ring, int fd, int opcode, long argument, int count) {
        if (opcode == Abi.REGISTER_SEND_MSG_RING) {
            return message(fd, argument);
        }
        if (ring == null) {
            return -Errno.EBADF;
        }
        return switch (opcode) {
            case Abi.REGISTER_PROBE -> probe(argument, count);
            case Abi.REGISTER_ENABLE_RINGS -> enable(ring);
            case Abi.REGISTER_RING_FDS -> addRing(argument);
            case Abi.UNREGISTER_RING_FDS -> removeRing(argument);
            case Abi.REGISTER_PBUF_RING -> addBuffers(ring, argument);
            case Abi.UNREGISTER_PBUF_RING ->
                    ring.groups.remove(group(argument)) == null ? -Errno.ENOENT : 0;
            // There is never the memory for larger queues.
            case Abi.REGISTER_RESIZE_RINGS ->
                    world.plan.hasRelease("6.13") ? -Errno.ENOMEM : -Errno.EINVAL;
            default -> -Errno.EINVAL;
        };
    }

    private long message(int fd, long sqe) {
        if (!world.plan.has(Feature.SEND_MSG_RING)) {
            return -Errno.EINVAL;
        }
        if (fd != -1) {
            return -Errno.EINVAL;
        }
        OpenFile target = world.descriptors.get(NativeMemory.getInt(sqe + Abi.SQE_FD));
        if (target == null) {
            world.problem("a message to a closed ring");
            return -Errno.EBADF;
        }
        if (!(target instanceof SimulatedRing ring) || !ring.isEnabled()) {
            return -Errno.EBADFD;
        }
        ring.message(
                NativeMemory.getLong(sqe + Abi.SQE_OFF), NativeMemory.getInt(sqe + Abi.SQE_LEN));
        return 0;
    }

    private long probe(long probe, int count) {
        int last = -1;
        for (int i = 0; i < Math.min(count, Opcode.values().length); i++) {
            long entry = probe + Abi.PROBE_OPS + (long) i * Abi.PROBE_OP_BYTES;
            NativeMemory.putByte(entry, (byte) i);
            boolean there = world.plan.hasRelease(Opcode.values()[i].since());
            // Operations that nobody here uses are known by name only: their releases tell what
            // the kernel has besides.
            NativeMemory.putShort(
                    entry + Abi.PROBE_OP_FLAGS, (short) (there ? Abi.PROBE_SUPPORTED : 0));
            last = there ? i : last;
        }
        NativeMemory.putByte(probe + Abi.PROBE_LAST_OP, (byte) last);
        return 0;
    }

    private static long enable(SimulatedRing ring) {
        if (ring.isEnabled()) {
            return -Errno.EBADFD;
        }
        ring.enable();
        return 0;
    }

    private long addRing(long update) {
        int fd = (int) NativeMemory.getLong(update + Abi.RSRC_UPDATE_DATA);
        int free = rings.indexOf(null);
        if (!world.plan.hasRelease("5.18")) {
            return -Errno.EINVAL;
        }
        if (free < 0 || !(world.descriptors.get(fd) instanceof SimulatedRing ring)) {
            return free < 0 ? -Errno.EBUSY : -Errno.EBADF;
        }
        rings.set(free, ring);
        ring.retain();
        NativeMemory.putInt(update + Abi.RSRC_UPDATE_OFFSET, free);
        return 1;
    }

    private long removeRing(long update) {
        int index = NativeMemory.getInt(update + Abi.RSRC_UPDATE_OFFSET);
        SimulatedRing ring = ring(index);
        if (ring == null) {
            return 0;
        }
        rings.set(index, null);
        ring.drop();
        return 1;
    }

    private static int group(long registration) {
        return NativeMemory.getShort(registration + Abi.BUF_REG_BGID) & 0xffff;
    }

    private long addBuffers(SimulatedRing ring, long registration) {
        int flags = NativeMemory.getShort(registration + Abi.BUF_REG_FLAGS);
        int entries = NativeMemory.getInt(registration + Abi.BUF_REG_ENTRIES);
        boolean incremental = (flags & Abi.PBUF_RING_INC) != 0;
        boolean has = world.plan.has(Feature.PBUF_RING);
        has &= !incremental || world.plan.has(Feature.PBUF_RING_INC);
        if (!has || (flags & ~Abi.PBUF_RING_INC) != 0 || Integer.bitCount(entries) != 1) {
            return -Errno.EINVAL;
        }
        if (ring.groups.containsKey(group(registration))) {
            return -Errno.EEXIST;
        }
        long address = NativeMemory.getLong(registration + Abi.BUF_REG_ADDR);
        ring.groups.put(
                group(registration), new ProvidedBuffers(world, address, entries, incremental));
        return 0;
    }
}
