package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * What {@link PathOps#statx} reports: a {@code struct statx}. Only the fields whose bits are in
 * {@link #mask} mean something.
 *
 * <pre>{@code
 * Statx status = new Statx(arena);
 * PathOps.statx(ring.nextSqe(), Fd.CWD, path, 0, Statx.BASIC_STATS, status).userData(1);
 * // once it has completed:
 * long size = status.size();
 * }</pre>
 *
 * <pre>
 * mask 0, blksize 4, attributes 8, nlink 16, uid 20, gid 24, mode 28 (16 bits), ino 32, size 40,
 * blocks 48, attributes_mask 56, atime 64, btime 80, ctime 96, mtime 112 (seconds, nanoseconds),
 * rdev 128, dev 136 (major, minor), mnt_id 144, dio_mem_align 152, dio_offset_align 156
 * </pre>
 */
public final class Statx {
    static final int BYTES = 256;

    public static final int TYPE = 1;
    public static final int MODE = 2;
    public static final int NLINK = 4;
    public static final int UID = 8;
    public static final int GID = 0x10;
    public static final int ATIME = 0x20;
    public static final int MTIME = 0x40;
    public static final int CTIME = 0x80;
    public static final int INO = 0x100;
    public static final int SIZE = 0x200;
    public static final int BLOCKS = 0x400;
    public static final int BASIC_STATS = 0x7ff;
    public static final int BTIME = 0x800;
    public static final int MNT_ID = 0x1000;
    public static final int DIOALIGN = 0x2000;

    private final MemorySegment memory;

    public Statx(Arena arena) {
        memory = arena.allocate(BYTES, Long.BYTES);
    }

    MemorySegment memory() {
        return memory;
    }

    /** The bits of what the file system told. */
    public int mask() {
        return intAt(0);
    }

    public int blockBytes() {
        return intAt(4);
    }

    public long attributes() {
        return longAt(8);
    }

    public int links() {
        return intAt(16);
    }

    public int uid() {
        return intAt(20);
    }

    public int gid() {
        return intAt(24);
    }

    /** Type and permissions. */
    public int mode() {
        return NativeMemory.getShort(at(28)) & 0xffff;
    }

    public long inode() {
        return longAt(32);
    }

    /** In bytes. */
    public long size() {
        return longAt(40);
    }

    /** Of 512 bytes each. */
    public long blocks() {
        return longAt(48);
    }

    public Instant accessed() {
        return time(64);
    }

    public Instant born() {
        return time(80);
    }

    public Instant changed() {
        return time(96);
    }

    public Instant modified() {
        return time(112);
    }

    public int deviceMajor() {
        return intAt(136);
    }

    public int deviceMinor() {
        return intAt(140);
    }

    public long mountId() {
        return longAt(144);
    }

    /** What memory is aligned to for O_DIRECT, in bytes; 0 when it does not work. */
    public int directMemoryAlignment() {
        return intAt(152);
    }

    /** What positions and lengths are aligned to for O_DIRECT, in bytes. */
    public int directOffsetAlignment() {
        return intAt(156);
    }

    private Instant time(int offset) {
        return Instant.ofEpochSecond(longAt(offset), intAt(offset + Long.BYTES));
    }

    private int intAt(int offset) {
        return NativeMemory.getInt(at(offset));
    }

    private long longAt(int offset) {
        return NativeMemory.getLong(at(offset));
    }

    private long at(int offset) {
        return NativeMemory.address(memory) + offset;
    }
}
