package io.uring.ring.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Plain and ordered access to memory by absolute address. Nothing here is checked: callers own the
 * memory and know its bounds. Public entry points take segments and go through {@link #address}.
 */
public final class NativeMemory {
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
