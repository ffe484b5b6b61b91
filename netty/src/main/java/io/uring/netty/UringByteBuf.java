package io.uring.netty;

import io.netty.buffer.AbstractReferenceCountedByteBuf;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import io.uring.reactor.BufferGroup;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Received bytes where the kernel put them, in the loop's shared memory: nothing is copied, and
 * nothing allocated, since the object goes back with the memory when it is released, on any thread.
 */
final class UringByteBuf extends AbstractReferenceCountedByteBuf {
    private static final ResourceLeakDetector<UringByteBuf> LEAKS =
            ResourceLeakDetectorFactory.instance().newResourceLeakDetector(UringByteBuf.class);

    private final ReceivedBuffer received;
    private ByteBufAllocator allocator;
    private ByteBuffer memory;
    private long address;
    private int offset;
    private int length;
    private @Nullable ByteBuffer view;
    private @Nullable ByteBuffer viewed;
    private @Nullable ResourceLeakTracker<UringByteBuf> leak;

    private UringByteBuf(ReceivedBuffer received, ByteBufAllocator allocator) {
        super(0);
        this.received = received;
        this.allocator = allocator;
        this.memory = received.bytes();
        setRefCnt(0);
    }

    /** The bytes of {@code data}, which goes back when the buffer is released. */
    static ByteBuf of(ReceivedBuffer data, ByteBufAllocator allocator, BufferGroup buffers) {
        if (buffers.isScarce()) { // whoever keeps a buffer now would make others wait
            ByteBuf copy = allocator.directBuffer(data.remaining());
            copy.writeBytes(data.bytes().slice((int) data.offset(), data.remaining()));
            data.release();
            return copy;
        }
        UringByteBuf buffer = (UringByteBuf) data.companion();
        if (buffer == null) {
            buffer = new UringByteBuf(data, allocator);
            data.companion(buffer);
        }
        return buffer.lend(allocator);
    }

    private UringByteBuf lend(ByteBufAllocator by) {
        allocator = by;
        memory = received.bytes();
        offset = (int) received.offset();
        address = received.memory().address() + offset;
        length = received.remaining();
        maxCapacity(length);
        resetRefCnt();
        setIndex(0, 0);
        markReaderIndex();
        markWriterIndex();
        writerIndex(length);
        leak = LEAKS.track(this);
        return this;
    }

    @Override
    protected void deallocate() {
        ResourceLeakTracker<UringByteBuf> tracker = leak;
        if (tracker != null) {
            leak = null;
            tracker.close(this);
        }
        received.release();
    }

    @Override
    public ByteBuf touch(Object hint) {
        ResourceLeakTracker<UringByteBuf> tracker = leak;
        if (tracker != null && recordsTouches()) {
            tracker.record(hint);
        }
        return this;
    }

    @Override
    public ByteBuf touch() {
        ResourceLeakTracker<UringByteBuf> tracker = leak;
        if (tracker != null && recordsTouches()) {
            tracker.record();
        }
        return this;
    }

    /** Each record is a stack trace, and every handler touches: too much for the default level. */
    private static boolean recordsTouches() {
        return ResourceLeakDetector.getLevel().ordinal()
                > ResourceLeakDetector.Level.SIMPLE.ordinal();
    }

    @Override
    public int capacity() {
        return length;
    }

    /** Only smaller: what is behind it belongs to others. */
    @Override
    public ByteBuf capacity(int newCapacity) {
        checkNewCapacity(newCapacity);
        if (newCapacity < length) {
            length = newCapacity;
            trimIndicesToCapacity(newCapacity);
        }
        return this;
    }

    @Override
    public ByteBufAllocator alloc() {
        return allocator;
    }

    @SuppressWarnings("deprecation")
    @Override
    public ByteOrder order() {
        return ByteOrder.BIG_ENDIAN;
    }

    @Override
    public @Nullable ByteBuf unwrap() {
        return null;
    }

    @Override
    public boolean isDirect() {
        return true;
    }

    @Override
    public boolean hasArray() {
        return false;
    }

    @Override
    public byte[] array() {
        throw new UnsupportedOperationException("direct buffer");
    }

    @Override
    public int arrayOffset() {
        throw new UnsupportedOperationException("direct buffer");
    }

    @Override
    public boolean hasMemoryAddress() {
        return true;
    }

    @Override
    public long memoryAddress() {
        ensureAccessible();
        return address;
    }

    @Override
    public boolean isContiguous() {
        return true;
    }

    private int at(int index) {
        return offset + index;
    }

    // Reading.

    @Override
    protected byte _getByte(int index) {
        return memory.get(at(index));
    }

    @Override
    protected short _getShort(int index) {
        return memory.getShort(at(index));
    }

    @Override
    protected short _getShortLE(int index) {
        return Short.reverseBytes(memory.getShort(at(index)));
    }

    @Override
    protected int _getUnsignedMedium(int index) {
        return ((memory.get(at(index)) & 0xff) << 16) | (memory.getShort(at(index + 1)) & 0xffff);
    }

    @Override
    protected int _getUnsignedMediumLE(int index) {
        return (_getShortLE(index) & 0xffff) | ((memory.get(at(index + 2)) & 0xff) << 16);
    }

    @Override
    protected int _getInt(int index) {
        return memory.getInt(at(index));
    }

    @Override
    protected int _getIntLE(int index) {
        return Integer.reverseBytes(memory.getInt(at(index)));
    }

    @Override
    protected long _getLong(int index) {
        return memory.getLong(at(index));
    }

    @Override
    protected long _getLongLE(int index) {
        return Long.reverseBytes(memory.getLong(at(index)));
    }

    @Override
    public ByteBuf getBytes(int index, ByteBuf target, int targetIndex, int count) {
        checkDstIndex(index, count, targetIndex, target.capacity());
        if (target.hasArray()) {
            memory.get(at(index), target.array(), target.arrayOffset() + targetIndex, count);
        } else {
            target.setBytes(targetIndex, nioBuffer(index, count)); // others may read too
        }
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, byte[] target, int targetIndex, int count) {
        checkDstIndex(index, count, targetIndex, target.length);
        memory.get(at(index), target, targetIndex, count);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, ByteBuffer target) {
        int count = target.remaining();
        checkIndex(index, count);
        int position = target.position();
        target.put(position, memory, at(index), count);
        target.position(position + count);
        return this;
    }

    @Override
    public ByteBuf getBytes(int index, OutputStream target, int count) throws IOException {
        checkIndex(index, count);
        byte[] bytes = new byte[count];
        memory.get(at(index), bytes);
        target.write(bytes);
        return this;
    }

    @Override
    public int getBytes(int index, GatheringByteChannel target, int count) throws IOException {
        return target.write(nioBuffer(index, count));
    }

    @Override
    public int getBytes(int index, FileChannel target, long position, int count)
            throws IOException {
        return target.write(nioBuffer(index, count), position);
    }

    @Override
    public ByteBuf copy(int index, int count) {
        checkIndex(index, count);
        return alloc().directBuffer(count).writeBytes(nioBuffer(index, count));
    }

    // Writing, within what was received.

    @Override
    protected void _setByte(int index, int value) {
        memory.put(at(index), (byte) value);
    }

    @Override
    protected void _setShort(int index, int value) {
        memory.putShort(at(index), (short) value);
    }

    @Override
    protected void _setShortLE(int index, int value) {
        memory.putShort(at(index), Short.reverseBytes((short) value));
    }

    @Override
    protected void _setMedium(int index, int value) {
        memory.put(at(index), (byte) (value >>> 16));
        memory.putShort(at(index + 1), (short) value);
    }

    @Override
    protected void _setMediumLE(int index, int value) {
        _setShortLE(index, value);
        memory.put(at(index + 2), (byte) (value >>> 16));
    }

    @Override
    protected void _setInt(int index, int value) {
        memory.putInt(at(index), value);
    }

    @Override
    protected void _setIntLE(int index, int value) {
        memory.putInt(at(index), Integer.reverseBytes(value));
    }

    @Override
    protected void _setLong(int index, long value) {
        memory.putLong(at(index), value);
    }

    @Override
    protected void _setLongLE(int index, long value) {
        memory.putLong(at(index), Long.reverseBytes(value));
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuf source, int sourceIndex, int count) {
        checkSrcIndex(index, count, sourceIndex, source.capacity());
        source.getBytes(sourceIndex, nioBuffer(index, count));
        return this;
    }

    @Override
    public ByteBuf setBytes(int index, byte[] source, int sourceIndex, int count) {
        checkSrcIndex(index, count, sourceIndex, source.length);
        memory.put(at(index), source, sourceIndex, count);
        return this;
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuffer source) {
        int count = source.remaining();
        checkIndex(index, count);
        memory.put(at(index), source, source.position(), count);
        source.position(source.limit());
        return this;
    }

    @Override
    public int setBytes(int index, InputStream source, int count) throws IOException {
        checkIndex(index, count);
        byte[] bytes = new byte[count];
        int read = source.read(bytes);
        if (read > 0) {
            memory.put(at(index), bytes, 0, read);
        }
        return read;
    }

    @Override
    public int setBytes(int index, ScatteringByteChannel source, int count) throws IOException {
        return source.read(nioBuffer(index, count));
    }

    @Override
    public int setBytes(int index, FileChannel source, long position, int count)
            throws IOException {
        return source.read(nioBuffer(index, count), position);
    }

    // As NIO buffers.

    @Override
    public int nioBufferCount() {
        return 1;
    }

    @Override
    public ByteBuffer nioBuffer(int index, int count) {
        checkIndex(index, count);
        return memory.slice(at(index), count);
    }

    @Override
    public ByteBuffer internalNioBuffer(int index, int count) {
        checkIndex(index, count);
        return window(index, count);
    }

    /** The one buffer that is used again and again, for those who are done with it soon. */
    private ByteBuffer window(int index, int count) {
        ByteBuffer shared = view;
        if (shared == null || viewed != memory) {
            shared = memory.duplicate();
            view = shared;
            viewed = memory;
        }
        return shared.clear().position(at(index)).limit(at(index) + count);
    }

    @Override
    public ByteBuffer[] nioBuffers(int index, int count) {
        return new ByteBuffer[] {nioBuffer(index, count)};
    }
}
