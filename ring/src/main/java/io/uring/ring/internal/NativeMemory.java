package io.uring.ring.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Plain and ordered access to memory by absolute address. Nothing here is checked: callers own the
 * memory and know its bounds. Public entry points take segments and go through {@link #address}.
 */
public final class NativeMemory {
    /**
     * What memory for the kernel is aligned to: the largest page of any Linux machine, so that one
     * number serves all.
     */
    public static final int PAGE_BYTES = 65536;

    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    private static final VarHandle SHORT = ValueLayout.JAVA_SHORT.varHandle();

    private NativeMemory() {}

    public static byte getByte(long address) {
        return Native.EVERYTHING.get(ValueLayout.JAVA_BYTE, address);
    }

    public static void putByte(long address, byte value) {
        Native.EVERYTHING.set(ValueLayout.JAVA_BYTE, address, value);
    }

    public static short getShort(long address) {
        return Native.EVERYTHING.get(ValueLayout.JAVA_SHORT, address);
    }

    public static void putShort(long address, short value) {
        Native.EVERYTHING.set(ValueLayout.JAVA_SHORT, address, value);
    }

    public static int getInt(long address) {
        return Native.EVERYTHING.get(ValueLayout.JAVA_INT, address);
    }

    public static void putInt(long address, int value) {
        Native.EVERYTHING.set(ValueLayout.JAVA_INT, address, value);
    }

    public static long getLong(long address) {
        return Native.EVERYTHING.get(ValueLayout.JAVA_LONG, address);
    }

    public static void putLong(long address, long value) {
        Native.EVERYTHING.set(ValueLayout.JAVA_LONG, address, value);
    }

    /** For the packed structures that x86-64 has. */
    public static long getLongUnaligned(long address) {
        return Native.EVERYTHING.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    public static void putLongUnaligned(long address, long value) {
        Native.EVERYTHING.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    public static int getIntAcquire(long address) {
        return (int) INT.getAcquire(Native.EVERYTHING, address);
    }

    public static int getIntOpaque(long address) {
        return (int) INT.getOpaque(Native.EVERYTHING, address);
    }

    public static void putIntRelease(long address, int value) {
        INT.setRelease(Native.EVERYTHING, address, value);
    }

    public static void putShortRelease(long address, short value) {
        SHORT.setRelease(Native.EVERYTHING, address, value);
    }

    /** Orders every store before it and every load behind it, also store before load. */
    public static void fullFence() {
        VarHandle.fullFence();
    }

    /** Zeroes 64 bytes at {@code address}; written out, since a loop is not always unrolled. */
    public static void clear64(long address) {
        putLong(address, 0);
        putLong(address + 8, 0);
        putLong(address + 16, 0);
        putLong(address + 24, 0);
        putLong(address + 32, 0);
        putLong(address + 40, 0);
        putLong(address + 48, 0);
        putLong(address + 56, 0);
    }

    /** Copies all of {@code source}, which may be on the heap, to {@code address}. */
    public static void copy(MemorySegment source, long address) {
        MemorySegment.copy(source, 0, Native.EVERYTHING, address, source.byteSize());
    }

    /**
     * The address space, in which an absolute address is an offset: names memory of others in an
     * operation without an object for each. Whoever does that keeps the memory alive.
     */
    public static MemorySegment everything() {
        return Native.EVERYTHING;
    }

    /** Memory by address, without an owner and unchecked but for its length. */
    public static MemorySegment segment(long address, long bytes) {
        return Native.EVERYTHING.asSlice(address, bytes);
    }

    /** The same with an owner, whose close is told. */
    @SuppressWarnings("restricted")
    public static MemorySegment segment(Arena owner, long address, long bytes, Runnable onClose) {
        return segment(address, bytes).reinterpret(owner, _ -> onClose.run());
    }

    /** Zeroes {@code bytes} at {@code address}. */
    public static void clear(long address, long bytes) {
        Native.EVERYTHING.asSlice(address, bytes).fill((byte) 0);
    }

    /**
     * The address of a segment the kernel may read or write.
     *
     * @throws IllegalArgumentException when the segment is on the heap
     * @throws IllegalStateException when its arena is closed
     */
    public static long address(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException(
                    "heap segment: the kernel needs memory that does not move; "
                            + "use Arena.allocate or ByteBuffer.allocateDirect");
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("segment is closed");
        }
        return segment.address();
    }

    /**
     * The address of {@code length} bytes at {@code offset} in a segment, checked like {@link
     * #address}.
     */
    public static long address(MemorySegment segment, long offset, long length) {
        java.util.Objects.checkFromIndexSize(offset, length, segment.byteSize());
        return address(segment) + offset;
    }

    /**
     * The address of a string that ends with NUL inside its segment: the kernel reads as far as
     * that.
     *
     * @throws IllegalArgumentException when there is no NUL
     */
    public static long stringAddress(MemorySegment text) {
        long address = address(text);
        for (long i = 0; i < text.byteSize(); i++) {
            if (getByte(address + i) == 0) {
                return address;
            }
        }
        throw new IllegalArgumentException(
                "no NUL at the end of a string: use Arena.allocateFrom(String)");
    }

    /**
     * As above, for memory that the kernel writes.
     *
     * @throws IllegalArgumentException when the segment is read-only
     */
    public static long writableAddress(MemorySegment segment, long offset, long length) {
        if (segment.isReadOnly()) {
            throw new IllegalArgumentException("read-only segment: the kernel would write into it");
        }
        return address(segment, offset, length);
    }
}
