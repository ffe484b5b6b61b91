package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The ring's table of registered files, whose slots are {@link DirectDescriptor}s. A ring has one
 * table. Belongs to the ring's owner.
 *
 * <pre>{@code
 * FileTable files = FileTable.sparse(ring, 1024);
 * SocketOps.acceptDirect(ring.nextSqe(), listener, DirectDescriptor.ANY).userData(1);
 * files.set(7, Descriptor.of(fd)); // and fd may be closed
 * SocketOps.recv(ring.nextSqe(), files.slot(7), buffer, 0).userData(2);
 * }</pre>
 */
public final class FileTable implements AutoCloseable {
    /** The most slots of a ring; RLIMIT_NOFILE limits them too. */
    public static final int MAX_FILES = 1 << 20;

    /** In place of a descriptor: an empty slot. */
    public static final int EMPTY = -1;

    /** In place of a descriptor, in an update: leave the slot as it is. Kernel 5.12. */
    public static final int SKIP = -2;

    private final Ring ring;
    private final int size;
    private boolean closed;

    private FileTable(Ring ring, int size) {
        this.ring = ring;
        this.size = size;
    }

    /**
     * Registers descriptors, from slot 0 on, or {@link #EMPTY}. Kernel 5.1.
     *
     * @throws RingException when the kernel refuses: EBUSY (there is a table), EBADF, EMFILE
     */
    public static FileTable register(Ring ring, int... fds) {
        return register(ring, fds, null);
    }

    /**
     * The same with a tag for each: when a file is no longer used by the kernel, because it was
     * replaced or unregistered, there is a completion with its tag as user data; 0 for none. Kernel
     * 5.13.
     */
    public static FileTable register(Ring ring, int[] fds, long @Nullable [] tags) {
        checkCount(fds.length);
        try (Arena scratch = Arena.ofConfined()) {
            long data = scratch.allocateFrom(ValueLayout.JAVA_INT, fds).address();
            ResourceTable.register(ring, ResourceTable.Kind.FILES, scratch, fds.length, data, tags);
        }
        return new FileTable(ring, fds.length);
    }

    /** A table of empty slots. Kernel 5.19. */
    public static FileTable sparse(Ring ring, int count) {
        checkCount(count);
        ring.support().require(519, "a sparse table");
        try (Arena scratch = Arena.ofConfined()) {
            ResourceTable.register(ring, ResourceTable.Kind.FILES, scratch, count, 0, null);
        }
        return new FileTable(ring, count);
    }

    private static void checkCount(int count) {
        if (count < 1 || count > MAX_FILES) {
            throw new IllegalArgumentException(count + " files, not 1 to " + MAX_FILES);
        }
    }

    /** A slot of this table. */
    public DirectDescriptor slot(int index) {
        return Descriptor.direct(Objects.checkIndex(index, size));
    }

    /**
     * Puts a descriptor's file into a slot; the descriptor may be closed afterwards. Kernel 5.5.
     */
    public void set(int index, Fd fd) {
        update(index, fd.number());
    }

    /** Empties a slot; operations in flight keep the file. Kernel 5.5. */
    public void clear(int index) {
        update(index, EMPTY);
    }

    /**
     * Changes slots from {@code first} on: descriptors, {@link #EMPTY} or {@link #SKIP}. Kernel
     * 5.5.
     *
     * @return how many were processed
     * @throws RingException when the kernel refuses
     */
    public int update(int first, int... fds) {
        return update(first, fds, null);
    }

    /** The same, with tags for when the new files go. Kernel 5.13. */
    public int update(int first, int[] fds, long @Nullable [] tags) {
        checkOpen();
        Objects.checkFromIndexSize(first, fds.length, size);
        if (fds.length == 0) {
            return 0;
        }
        try (Arena scratch = Arena.ofConfined()) {
            long data = scratch.allocateFrom(ValueLayout.JAVA_INT, fds).address();
            return ResourceTable.update(
                    ring, ResourceTable.Kind.FILES, scratch, first, fds.length, data, tags);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the files are unregistered");
        }
    }

    /** Where the kernel looks for free slots from now on. Kernel 6.0. */
    public void allocationRange(int first, int count) {
        checkOpen();
        Objects.checkFromIndexSize(first, count, size);
        ring.support().require(600, "a range for the allocation of slots");
        try (Arena scratch = Arena.ofConfined()) {
            long range = scratch.allocate(RegisterAbi.FILE_INDEX_RANGE_BYTES, 8).address();
            NativeMemory.putInt(range + RegisterAbi.FILE_INDEX_RANGE_OFF, first);
            NativeMemory.putInt(range + RegisterAbi.FILE_INDEX_RANGE_LEN, count);
            ring.register("FILE_ALLOC_RANGE", RegisterAbi.REGISTER_FILE_ALLOC_RANGE, range, 0);
        }
    }

    /** Slots, filled or not. */
    public int size() {
        return size;
    }

    /** Unregisters the table; operations in flight keep their files. Closing again does nothing. */
    @Override
    public void close() {
        if (!closed && !ring.isClosed()) {
            int result = ring.tryRegister(RegisterAbi.UNREGISTER_FILES, 0, 0);
            closed = true; // only now: another thread may not, and has released nothing
            ResourceTable.check(ring, "UNREGISTER_FILES", result);
        }
    }
}
