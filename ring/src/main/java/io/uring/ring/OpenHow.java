package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;

/**
 * An {@code open_how}: flags at 0, mode at 8, resolve at 16.
 *
 * <pre>{@code
 * OpenHow inside = new OpenHow(arena).set(OpenFlags.O_RDONLY, 0, OpenHow.RESOLVE_BENEATH);
 * PathOps.openat2(ring.nextSqe(), directory, path, inside).userData(1);
 * }</pre>
 */
public final class OpenHow extends KernelStruct {
    static final int BYTES = 24;

    /** No mount point on the way. */
    public static final long RESOLVE_NO_XDEV = 1;

    /** No magic link, such as those in /proc, on the way. */
    public static final long RESOLVE_NO_MAGICLINKS = 2;

    /** No symbolic link on the way. */
    public static final long RESOLVE_NO_SYMLINKS = 4;

    /** Nothing outside of the directory on the way: EXDEV. */
    public static final long RESOLVE_BENEATH = 8;

    /** As if the directory were the root. */
    public static final long RESOLVE_IN_ROOT = 0x10;

    /** Only what the kernel has cached: EAGAIN. */
    public static final long RESOLVE_CACHED = 0x20;

    public OpenHow(Arena arena) {
        super(arena, BYTES);
    }

    /**
     * @param flags of {@link OpenFlags}
     * @param mode the permissions of a file that is made, else 0
     * @param resolve RESOLVE flags
     */
    public OpenHow set(long flags, long mode, long resolve) {
        checkMutable();
        NativeMemory.putLong(base(), flags);
        NativeMemory.putLong(base() + 8, mode);
        NativeMemory.putLong(base() + 16, resolve);
        return this;
    }
}
