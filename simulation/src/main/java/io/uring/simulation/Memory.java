package io.uring.simulation;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.TreeMap;

/**
 * The memory of the process as the kernel sees it. What is unmapped stays where it is until the end
 * of the simulation, so that its use is found and not fatal.
 */
final class Memory {
    private static final int PAGE_BYTES = 4096;
    private static final byte UNMAPPED = (byte) 0xdd;

    private static final class Region {
        final MemorySegment segment;
        int owners;
        boolean unmapped;

        Region(MemorySegment segment) {
            this.segment = segment;
        }
    }

    private final World world;
    private final Arena arena = Arena.ofConfined();
    private final TreeMap<Long, Region> regions = new TreeMap<>();

    Memory(World world) {
        this.world = world;
    }

    /** Zeroed memory, aligned to pages. */
    long map(long bytes) {
        MemorySegment segment = arena.allocate(bytes, PAGE_BYTES);
        regions.put(segment.address(), new Region(segment));
        return segment.address();
    }

    /** A segment over mapped memory, which is unmapped with its last owner. */
    MemorySegment own(Arena owner, long address, long bytes) {
        Region region = regions.get(address);
        if (region == null || region.unmapped || bytes > region.segment.byteSize()) {
            throw new AssertionError("not mapped: " + bytes + " bytes");
        }
        region.owners++;
        return NativeMemory.segment(owner, address, bytes, () -> unmap(region));
    }

    private void unmap(Region region) {
        region.owners--;
        if (region.owners == 0) {
            region.unmapped = true;
            region.segment.fill(UNMAPPED);
        }
    }

    /** Mappings that have an owner. */
    long mapped() {
        return regions.values().stream().filter(region -> region.owners > 0).count();
    }

    byte[] read(long address, int count, Object reader) {
        check(address, count, reader);
        byte[] bytes = new byte[count];
        MemorySegment.copy(
                NativeMemory.segment(address, count), ValueLayout.JAVA_BYTE, 0, bytes, 0, count);
        return bytes;
    }

    void write(long address, byte[] bytes, Object writer) {
        check(address, bytes.length, writer);
        NativeMemory.copy(MemorySegment.ofArray(bytes), address);
    }

    /** Memory that belongs to the kernel may hold anything. */
    void scribble(long address, int count, Object writer) {
        check(address, count, writer);
        NativeMemory.segment(address, count).fill((byte) 0xa5);
    }

    private void check(long address, long count, Object user) {
        Map.Entry<Long, Region> entry = regions.floorEntry(address);
        if (entry == null) {
            return; // the caller's own
        }
        Region region = entry.getValue();
        long end = region.segment.address() + region.segment.byteSize();
        if (address >= end) {
            return;
        }
        if (region.unmapped) {
            world.problem("memory was unmapped before its last use: " + user);
        } else if (address + count > end) {
            world.problem("memory used beyond its end: " + user);
        }
    }

    void close() {
        arena.close();
    }
}
