package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A receive queue of a network card that writes into memory of this process. Needs a card and a
 * driver made for it, CAP_NET_ADMIN, a ring with DEFER_TASKRUN and {@link RingConfig#cqe32} or
 * {@link RingConfig#mixedCqes}. Kernel 6.15.
 *
 * <pre>{@code
 * MemorySegment area = ring.allocate(64 << 20);
 * ZeroCopyQueue queue = ZeroCopyQueue.register(ring, interfaceIndex, 3, 4096, area);
 * ZeroCopyOps.recv(ring.nextSqe(), socket, queue.id(), 0).userData(1);
 * // in the extended handler:
 * use(queue.area().asSlice(ZeroCopyQueue.offset(extra1), result));
 * queue.giveBack(extra1, result);
 * }</pre>
 */
public final class ZeroCopyQueue {
    /** The place in the area is in the low bits of a completion's word, the area's id above. */
    private static final int OFFSET_BITS = 48;

    private final Ring ring;
    private final int id;
    private final MemorySegment area;
    private final long areaToken;
    private final long tailAddress;
    private final long headAddress;
    private final long entries;
    private final int mask;
    private int tail;

    private ZeroCopyQueue(Ring ring, MemorySegment area, long token, long base, long reg) {
        this.ring = ring;
        this.id = NativeMemory.getInt(reg + RegisterAbi.ZCRX_IFQ_ID);
        this.area = area;
        this.areaToken = token;
        this.headAddress = base + NativeMemory.getInt(reg + RegisterAbi.ZCRX_IFQ_HEAD);
        this.tailAddress = base + NativeMemory.getInt(reg + RegisterAbi.ZCRX_IFQ_TAIL);
        this.entries = base + NativeMemory.getInt(reg + RegisterAbi.ZCRX_IFQ_RQES);
        this.mask = NativeMemory.getInt(reg + RegisterAbi.ZCRX_IFQ_RQ_ENTRIES) - 1;
        this.tail = NativeMemory.getInt(tailAddress);
    }

    /**
     * Registers a queue. It lives as long as the ring.
     *
     * @param interfaceIndex of the network interface
     * @param queue of the interface
     * @param refillEntries buffers that can be on their way back, rounded up to a power of two
     * @param area aligned to pages, of the ring's or kept as long as the ring
     * @throws IllegalStateException when the ring is of another kind
     * @throws RingException when the kernel, the driver or the card refuses
     */
    public static ZeroCopyQueue register(
            Ring ring, int interfaceIndex, int queue, int refillEntries, MemorySegment area) {
        if (interfaceIndex < 1 || queue < 0 || refillEntries < 1) {
            throw new IllegalArgumentException(
                    "interface " + interfaceIndex + ", queue " + queue + ", " + refillEntries);
        }
        boolean large =
                ring.config().has(Abi.SETUP_CQE32) || ring.config().has(Abi.SETUP_CQE_MIXED);
        if (!ring.capabilities().has(Feature.DEFER_TASKRUN) || !large) {
            throw new IllegalStateException(
                    "receiving without copies needs DEFER_TASKRUN and completions of 32 bytes");
        }
        ring.support().require(Opcode.RECV_ZC);
        long areaAddress = NativeMemory.writableAddress(area, 0, area.byteSize());
        if (area.byteSize() == 0) {
            throw new IllegalArgumentException("an area of 0 bytes");
        }
        long refillBytes =
                ((long) refillEntries * 2 * RegisterAbi.ZCRX_RQE_BYTES
                                + NativeMemory.PAGE_BYTES * 2L)
                        & -NativeMemory.PAGE_BYTES;
        MemorySegment refill = ring.allocate(refillBytes);
        try (Arena scratch = Arena.ofConfined()) {
            long areaReg = scratch.allocate(RegisterAbi.ZCRX_AREA_BYTES, Long.BYTES).address();
            NativeMemory.putLong(areaReg + RegisterAbi.ZCRX_AREA_ADDR, areaAddress);
            NativeMemory.putLong(areaReg + RegisterAbi.ZCRX_AREA_LEN, area.byteSize());
            long region = scratch.allocate(Abi.REGION_BYTES, Long.BYTES).address();
            NativeMemory.putLong(region + Abi.REGION_USER_ADDR, refill.address());
            NativeMemory.putLong(region + Abi.REGION_SIZE, refill.byteSize());
            NativeMemory.putInt(region + Abi.REGION_FLAGS, Abi.REGION_TYPE_USER);
            long reg = scratch.allocate(RegisterAbi.ZCRX_IFQ_BYTES, Long.BYTES).address();
            NativeMemory.putInt(reg + RegisterAbi.ZCRX_IFQ_IF_IDX, interfaceIndex);
            NativeMemory.putInt(reg + RegisterAbi.ZCRX_IFQ_IF_RXQ, queue);
            NativeMemory.putInt(reg + RegisterAbi.ZCRX_IFQ_RQ_ENTRIES, refillEntries);
            NativeMemory.putLong(reg + RegisterAbi.ZCRX_IFQ_AREA_PTR, areaReg);
            NativeMemory.putLong(reg + RegisterAbi.ZCRX_IFQ_REGION_PTR, region);
            check(ring, ring.tryRegister(RegisterAbi.REGISTER_ZCRX_IFQ, reg, 1));
            long token = NativeMemory.getLong(areaReg + RegisterAbi.ZCRX_AREA_TOKEN);
            return new ZeroCopyQueue(ring, area, token, refill.address(), reg);
        }
    }

    private static void check(Ring ring, int result) {
        if (result < 0) {
            String remedy =
                    switch (-result) {
                        case Errno.EPERM -> "It needs CAP_NET_ADMIN.";
                        case Errno.EOPNOTSUPP -> "The card's driver cannot do it.";
                        default -> "";
                    };
            throw new RingException("io_uring_register(ZCRX_IFQ) on " + ring, -result, remedy);
        }
    }

    /** For {@link ZeroCopyOps#recv}. */
    public int id() {
        return id;
    }

    /** Where the data arrives. */
    public MemorySegment area() {
        return area;
    }

    /** The place in the area that the first extra word of a completion names. */
    public static long offset(long extra1) {
        return extra1 & (1L << OFFSET_BITS) - 1;
    }

    /**
     * Gives a piece back to the card.
     *
     * @return false when the kernel has not taken the earlier ones yet: try again later
     */
    public boolean giveBack(long extra1, int bytes) {
        ring.checkOwner(); // the queue is the ring's memory
        if (tail - NativeMemory.getIntAcquire(headAddress) > mask) {
            return false;
        }
        long entry = entries + (long) (tail & mask) * RegisterAbi.ZCRX_RQE_BYTES;
        NativeMemory.putLong(entry, offset(extra1) | areaToken);
        NativeMemory.putInt(entry + RegisterAbi.ZCRX_RQE_LEN, bytes);
        tail++;
        // The kernel must see the entry before the tail that covers it.
        NativeMemory.putIntRelease(tailAddress, tail);
        return true;
    }
}
