package io.uring.simulation;

/** Bytes on their way, up to a bound. */
final class ByteQueue {
    private final byte[] bytes;
    private int head;
    private int size;

    ByteQueue(int capacity) {
        bytes = new byte[capacity];
    }

    int size() {
        return size;
    }

    int room() {
        return bytes.length - size;
    }

    void put(byte[] source, int offset, int count) {
        int tail = (head + size) % bytes.length;
        int first = Math.min(count, bytes.length - tail);
        System.arraycopy(source, offset, bytes, tail, first);
        System.arraycopy(source, offset + first, bytes, 0, count - first);
        size += count;
    }

    byte[] take(int count) {
        byte[] taken = new byte[count];
        int first = Math.min(count, bytes.length - head);
        System.arraycopy(bytes, head, taken, 0, first);
        System.arraycopy(bytes, 0, taken, first, count - first);
        head = (head + count) % bytes.length;
        size -= count;
        return taken;
    }

    void clear() {
        size = 0;
    }
}
